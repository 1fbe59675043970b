import { writeJson } from '../json-text.ts';
import { cloneJson } from '../clone.ts';
import { equalJson } from '../equality.ts';
import { badRequest, failure } from '../status.ts';
import { isRecord, type Json, put } from './json.ts';

/** More operations than this are refused: applying them is quadratic in the worst case. */
const JSON_PATCH_OPERATIONS_MAX = 10_000;
/** Characters that `copy` may add in one patch: copies of copies grow without end. */
const COPIED_MAX = 3 * 1024 * 1024;

type Container = Record<string, Json> | Json[];

interface Work {
  document: Json;
  copied: number;
}

/**
 * RFC 6902, with what upstream adds: negative indices count from the end. The document is left as it is. Throws
 * BadRequest for a patch that is none, RequestEntityTooLarge for one that is too long, Invalid where it does not apply.
 */
export function jsonPatch(document: Json, patch: Json): Json {
  if (!Array.isArray(patch))
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  if (patch.length > JSON_PATCH_OPERATIONS_MAX) {
    throw failure(
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${JSON_PATCH_OPERATIONS_MAX}, got ${patch.length}`,
    );
  }
  const work: Work = { document: cloneJson(document), copied: 0 };
  for (const operation of patch as readonly Json[]) {
    if (!isRecord(operation))
      throw badRequest('error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Operation');
    perform(work, operation);
  }
  return work.document;
}

function perform(work: Work, operation: Readonly<Record<string, Json>>): void {
  const path = pointer(operation, 'path');
  const value = operation['value'] ?? null;
  switch (operation['op']) {
    case 'add':
      return insert(work, path, cloneJson(value), 'add');
    case 'remove':
      return void take(work, path, 'remove');
    case 'replace':
      return replace(work, path, cloneJson(value));
    case 'move':
      return insert(work, path, take(work, pointer(operation, 'from'), 'move'), 'move');
    case 'copy':
      return copy(work, pointer(operation, 'from'), path);
    case 'test': {
      if (!equalJson(path === '' ? work.document : tested(work, path), value))
        throw refusal(`testing value ${path} failed`);
      return;
    }
    default:
      throw refusal(`Unexpected kind: ${String(operation['op'])}`);
  }
}

function pointer(operation: Readonly<Record<string, Json>>, name: 'path' | 'from'): string {
  const path = operation[name];
  if (typeof path !== 'string') throw refusal(`operation missing ${name} field`);
  return path;
}

/** Upstream's answer says no more than this; what was wrong is the error's cause. */
const refusal = (detail: string): Error =>
  failure('Invalid', 'the server rejected our request due to an error in our request', {}, { cause: detail });

const partsOf = (path: string): readonly string[] =>
  path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
const lastOf = (path: string): string => partsOf(path).at(-1) ?? '';

/** What the last part of the path is in. */
function containerOf(work: Work, path: string, verb: string): Container {
  const parts = partsOf(path);
  let at: Json = parts.length === 0 ? undefined : work.document;
  for (const part of parts.slice(0, -1))
    at = typeof at === 'object' && at !== null ? lookUp(at as Container, part) : undefined;
  if (typeof at !== 'object' || at === null)
    throw refusal(`${verb} operation does not apply: doc is missing path: ${path}`);
  return at as Container;
}

/** undefined where there is nothing. */
function lookUp(container: Container, part: string): Json {
  if (!Array.isArray(container)) return Object.hasOwn(container, part) ? container[part] : undefined;
  const index = indexIn(part, container.length);
  return index === undefined ? undefined : container[index];
}

/** Counts from the end when negative; undefined where a list of this length has no such place. */
function indexIn(part: string, length: number): number | undefined {
  if (!/^[+-]?\d+$/.test(part)) return undefined;
  const index = Number(part) < 0 ? Number(part) + length : Number(part);
  return index >= 0 && index < length ? index : undefined;
}

function existing(container: Container, path: string, verb: string): Json {
  const value = lookUp(container, lastOf(path));
  if (value === undefined) throw refusal(`${verb} operation does not apply: doc is missing key: ${path}`);
  return value;
}

/** The absent field of an object counts as null; the absent item of a list is an error. */
function tested(work: Work, path: string): Json {
  const container = containerOf(work, path, 'test');
  return Array.isArray(container) ? existing(container, path, 'test') : (lookUp(container, lastOf(path)) ?? null);
}

function insert(work: Work, path: string, value: Json, verb: string): void {
  const container = containerOf(work, path, verb);
  const last = lastOf(path);
  if (!Array.isArray(container)) return put(container, last, value);
  const index = last === '-' ? container.length : indexIn(last, container.length + 1);
  if (index === undefined)
    throw refusal(`${verb} operation does not apply: doc is missing path: ${path}: invalid index referenced`);
  container.splice(index, 0, value);
}

function replace(work: Work, path: string, value: Json): void {
  if (path === '') {
    if (typeof value !== 'object' || value === null) throw refusal('replace operation value must be object or array');
    work.document = value;
    return;
  }
  const container = containerOf(work, path, 'replace');
  // Against the RFC, upstream lets the absent field of an object be replaced; clients count on it.
  if (!Array.isArray(container)) return put(container, lastOf(path), value);
  existing(container, path, 'replace');
  container[indexIn(lastOf(path), container.length) ?? 0] = value;
}

function take(work: Work, path: string, verb: string): Json {
  const container = containerOf(work, path, verb);
  const value = existing(container, path, verb);
  if (Array.isArray(container)) container.splice(indexIn(lastOf(path), container.length) ?? 0, 1);
  else delete container[lastOf(path)];
  return value;
}

function copy(work: Work, from: string, path: string): void {
  const container = containerOf(work, from, 'copy');
  // Likewise the absent field of an object is copied as null.
  const value = Array.isArray(container)
    ? existing(container, from, 'copy')
    : (lookUp(container, lastOf(from)) ?? null);
  work.copied += writeJson(value).length;
  if (work.copied > COPIED_MAX)
    throw refusal(
      `Unable to copy, the accumulated size increase of copy is ${work.copied}, exceeding the limit ${COPIED_MAX}`,
    );
  insert(work, path, cloneJson(value), 'copy');
}
