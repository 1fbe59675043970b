import {
  type ApiObject,
  apiVersionOf,
  badRequest,
  Field,
  invalid,
  jsonPatch,
  jsonTypeOf,
  type Kind,
  mergePatch,
  shownAsGo,
  strategicMergePatch,
  writeJson,
} from '@navarch/machinery';
import type { Call, Draft, PatchType } from './call.ts';
import { checkIdentity, noKind, strangeness } from './sent-body.ts';
import { type Reading, readObject, unknownField } from './incoming.ts';

export interface SentPatch {
  readonly type: PatchType;
  readonly body: unknown;
}

type Json = Readonly<Record<string, unknown>>;

/** Patches an object and reads what came of it. Throws BadRequest for a patch that is none, Invalid where nothing comes of it. */
export function readPatched(kind: Kind<any>, current: ApiObject, patch: SentPatch, call: Call): Draft {
  checkPatch(patch, call);
  const patched = applied(kind, current, patch);
  return readObject(kind, patched, call, readingOf(kind, patched, patch, call));
}

function applied(kind: Kind<any>, current: ApiObject, { type, body }: SentPatch): unknown {
  switch (type) {
    case 'json':
      return jsonPatch(current, body ?? []);
    case 'merge':
      return mergePatch(current, body);
    case 'strategic':
      return strategicMergePatch(current, body, kind.schema);
  }
}

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whoever asks for nothing strict has the patch read by one library only, which says other things of it. */
function checkPatch({ type, body }: SentPatch, { fieldValidation }: Call): void {
  const isLax = fieldValidation === 'Ignore';
  if (type === 'json') return checkOperations(body, isLax);
  if (type === 'merge' && (body === null || (isLax && typeof body !== 'object')))
    throw badRequest('Invalid JSON Patch');
  if (body === null || isRecord(body) || (type === 'merge' && isLax)) return;
  const prefix = type === 'merge' ? 'error decoding patch: ' : '';
  throw badRequest(`${prefix}${notRead(body, 'Go value of type map[string]interface {}')}`);
}

const OPERATION_TEXTS = ['op', 'path', 'from'] as const;

function checkOperations(body: unknown, isLax: boolean): void {
  const [prefix, list, one] = isLax
    ? ['', 'jsonpatch.Patch', 'jsonpatch.Operation']
    : ['error decoding patch: ', '[]handlers.jsonPatchOp', 'handlers.jsonPatchOp'];
  if (body === null) return;
  if (!Array.isArray(body)) throw badRequest(`${prefix}${notRead(body, `Go value of type ${list}`)}`);
  for (const operation of body as readonly unknown[]) {
    if (operation === null) continue;
    if (!isRecord(operation)) throw badRequest(`${prefix}${notRead(operation, `Go value of type ${one}`)}`);
    if (isLax) continue;
    for (const name of OPERATION_TEXTS) {
      const given = operation[name];
      if (given !== undefined && given !== null && typeof given !== 'string')
        throw badRequest(`${prefix}${notRead(given, `Go struct field jsonPatchOp.${name} of type string`)}`);
    }
  }
}

const notRead = (value: unknown, into: string): string => `json: cannot unmarshal ${jsonTypeOf(value)} into ${into}`;

/** A patch is refused as a whole: with what would have come of it, or, of a strategic one, with what it says. */
function readingOf(kind: Kind<any>, patched: unknown, { type, body }: SentPatch, { source }: Call): Reading {
  const isStrategic = type === 'strategic';
  const text = (): string => printed(patched, type === 'json' ? touchedBy(body as readonly Json[] | null) : body);
  const refuse: Reading['refuse'] = (why) => {
    const at = new Field('patch');
    const message = typeof why === 'string' ? why : isStrategic ? why.ofValue : why.message;
    at.invalid(isStrategic ? shownAsGo(body) : text(), message);
    return invalid({ group: '', kind: '' }, '', at.errors);
  };
  return {
    refuse,
    identified: (value) => (isStrategic ? asMerged(kind, value as object) : identified(kind, value, text, refuse)),
    complaints(found) {
      const unknown = [...lostOf(kind, patched, isStrategic), ...found];
      const ofPatch = type === 'json' ? unknownOfOperations(body as readonly Json[] | null) : [];
      const own =
        source && (ofPatch.length > 0 || source.hasDuplicates) ? source.complaints(ofPatch) : ofPatch.map(unknownField);
      return [...(type === 'json' ? own.map((text) => `json patch ${text}`) : own), ...unknown.map(unknownField)];
    },
  };
}

const ofKind = (kind: Kind<any>, value: object): object => ({
  ...value,
  kind: kind.kind,
  apiVersion: apiVersionOf(kind),
});

/** What is merged as the type that it is stays of that type, whatever texts the patch has for it. */
function asMerged(kind: Kind<any>, value: object): object {
  const { kind: ofSort, apiVersion } = value as { readonly kind?: unknown; readonly apiVersion?: unknown };
  const isText = (text: unknown): boolean => text === undefined || text === null || typeof text === 'string';
  return isText(ofSort) && isText(apiVersion) ? ofKind(kind, value) : value;
}

/** What is custom may have become something else: that is asked when all else is known of it. */
function identified(kind: Kind<any>, value: unknown, text: () => string, refuse: Reading['refuse']): object {
  checkIdentity(value, refuse);
  const sent = value as { readonly kind?: string; readonly apiVersion?: string };
  if (kind.behaviour.namesItself) {
    if (!sent.kind) throw refuse(noKind(text()));
    return sent;
  }
  const [sentVersion, sentKind] = [sent.apiVersion || apiVersionOf(kind), sent.kind || kind.kind];
  if (sentKind !== kind.kind || sentVersion !== apiVersionOf(kind))
    throw refuse(strangeness(kind, sentVersion, sentKind));
  // Without a version it is read as the server's own type, which knows none of these fields.
  return ofKind(kind, sent.apiVersion ? sent : {});
}

/** The fields of an object that says of no version, where it must not be of a type yet. */
function lostOf({ behaviour }: Kind<any>, patched: unknown, isStrategic: boolean): readonly string[] {
  const sent = patched as Json;
  if (isStrategic || behaviour.namesItself || sent['apiVersion']) return [];
  return Object.keys(sent)
    .filter((name) => name !== 'kind' && name !== 'apiVersion')
    .toSorted();
}

const OPERATION_FIELDS: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

const unknownOfOperations = (operations: readonly Json[] | null): readonly string[] =>
  (operations ?? []).flatMap((operation, i) =>
    Object.keys(operation ?? {})
      .filter((name) => !OPERATION_FIELDS.has(name))
      .map((name) => `[${i}].${name}`),
  );

/** What operations went into, as a merge patch would name it. */
function touchedBy(operations: readonly Json[] | null): Json {
  // Nothing is inherited, so that a path cannot lead out of the record.
  const touched: Record<string, any> = Object.create(null);
  for (const { path } of operations ?? []) {
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
