import {
  type ApiObject,
  badRequest,
  Field,
  invalid,
  jsonPatch,
  jsonTypeOf,
  type Kind,
  mergePatch,
  strategicMergePatch,
  writeJson,
} from '@navarch/machinery';
import type { Call, Draft, PatchType } from './call.ts';
import { type Reading, readObject, unknownField } from './incoming.ts';

export interface SentPatch {
  readonly type: PatchType;
  readonly body: unknown;
}

type Json = Readonly<Record<string, unknown>>;

/** Patches an object and reads what came of it. Throws BadRequest for a patch that is none, Invalid where nothing comes of it. */
export function readPatched(kind: Kind<any>, current: ApiObject, patch: SentPatch, call: Call): Draft {
  checkPatch(patch);
  const patched = applied(kind, current, patch);
  return readObject(kind, patched, call, readingOf(patched, patch, call));
}

function applied(kind: Kind<any>, current: ApiObject, { type, body }: SentPatch): unknown {
  switch (type) {
    case 'json':
      return jsonPatch(current, body);
    case 'merge':
      return mergePatch(current, body);
    case 'strategic':
      return strategicMergePatch(current, body, kind.schema);
  }
}

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function checkPatch({ type, body }: SentPatch): void {
  if (type !== 'json') {
    const prefix = type === 'merge' ? 'error decoding patch: ' : '';
    if (body !== null && !isRecord(body))
      throw badRequest(
        `${prefix}json: cannot unmarshal ${jsonTypeOf(body)} into Go value of type map[string]interface {}`,
      );
    return;
  }
  if (!Array.isArray(body))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonTypeOf(body)} into Go value of type []handlers.jsonPatchOp`,
    );
  for (const operation of body as readonly unknown[]) {
    if (operation !== null && !isRecord(operation))
      throw badRequest(
        `error decoding patch: json: cannot unmarshal ${jsonTypeOf(operation)} into Go value of type handlers.jsonPatchOp`,
      );
  }
}

/** A patch is refused as a whole: with what would have come of it, or, of a strategic one, with what it says. */
function readingOf(patched: unknown, { type, body }: SentPatch, { source }: Call): Reading {
  const isStrategic = type === 'strategic';
  return {
    refuse(why) {
      const at = new Field('patch');
      const message = typeof why === 'string' ? why : isStrategic ? why.ofValue : why.message;
      at.invalid(
        isStrategic ? goText(body) : printed(patched, type === 'json' ? touchedBy(body as readonly Json[]) : body),
        message,
      );
      return invalid({ group: '', kind: '' }, '', at.errors);
    },
    complaints(unknown) {
      const ofPatch = type === 'json' ? unknownOfOperations(body as readonly Json[]) : [];
      const own =
        source && (ofPatch.length > 0 || source.hasDuplicates) ? source.complaints(ofPatch) : ofPatch.map(unknownField);
      return [...(type === 'json' ? own.map((text) => `json patch ${text}`) : own), ...unknown.map(unknownField)];
    },
  };
}

const OPERATION_FIELDS: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

const unknownOfOperations = (operations: readonly Json[]): readonly string[] =>
  operations.flatMap((operation, i) =>
    Object.keys(operation ?? {})
      .filter((name) => !OPERATION_FIELDS.has(name))
      .map((name) => `[${i}].${name}`),
  );

/** What operations went into, as a merge patch would name it. */
function touchedBy(operations: readonly Json[]): Json {
  // Nothing is inherited, so that a path cannot lead out of the record.
  const touched: Record<string, any> = Object.create(null);
  for (const { path } of operations) {
    let at = touched;
    for (const part of String(path).split('/').slice(1, -1))
      at = at[part.replaceAll('~1', '/').replaceAll('~0', '~')] ??= Object.create(null);
  }
  return touched;
}

/** As upstream's patch libraries print: what they had to go into is sorted, the rest is as it was. */
function printed(value: unknown, touched: unknown): string {
  return writeJson(sortedWhere(value, touched)).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

function sortedWhere(value: unknown, touched: unknown): unknown {
  if (typeof touched !== 'object' || touched === null) return value;
  const within = touched as Json;
  if (Array.isArray(value)) return value.map((item, i) => sortedWhere(item, within[i]));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((name) => [name, sortedWhere(value[name], within[name])]),
  );
}

/** As Go prints values. */
function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (isRecord(value))
    return `map[${Object.keys(value)
      .toSorted()
      .map((name) => `${name}:${goText(value[name])}`)
      .join(' ')}]`;
  return value === null ? '<nil>' : String(value);
}
