import { equalJson } from '../equality.ts';
import { badRequest, failure } from '../status.ts';
import { isRecord, type Json } from './json.ts';

/** More operations than this are refused: applying them is quadratic in the worst case. */
export const JSON_PATCH_OPERATIONS_MAX = 10_000;

type Tree = Record<string, Json> | Json[];

/** RFC 6902. The document is left as it is. Throws BadRequest for a patch that is none, Invalid where it cannot be applied. */
export function jsonPatch(document: Json, patch: Json): Json {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  if (patch.length > JSON_PATCH_OPERATIONS_MAX) {
    throw failure('RequestEntityTooLarge', `The allowed maximum operations in a JSON patch is ${JSON_PATCH_OPERATIONS_MAX}, got ${patch.length}`);
  }
  const root = { document: structuredClone(document) };
  for (const operation of patch as readonly Json[]) {
    if (!isRecord(operation)) throw badRequest('error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Operation');
    apply(root, operation);
  }
  return root.document;
}

function apply(root: { document: Json }, operation: Readonly<Record<string, Json>>): void {
  const { op, path, from, value } = operation;
  if (typeof path !== 'string') throw refusal('missing path');
  switch (op) {
    case 'add': return add(root, path, structuredClone(value), 'add');
    case 'remove': return void remove(root, path, 'remove');
    case 'replace': {
      read(root, path, 'replace');
      if (path === '') root.document = structuredClone(value);
      else set(root, path, structuredClone(value));
      return;
    }
    case 'move': return add(root, path, remove(root, source(from), 'move'), 'move');
    case 'copy': return add(root, path, structuredClone(read(root, source(from), 'copy')), 'copy');
    case 'test':
      if (!equalJson(readOrUndefined(root, path) ?? null, value ?? null)) throw refusal(`testing value ${path} failed`);
      return;
    default: throw refusal(`Unexpected kind: ${String(op)}`);
  }
}

function source(from: Json): string {
  if (typeof from !== 'string') throw refusal('missing from');
  return from;
}

const refusal = (detail: string): Error =>
  failure('Invalid', `the server rejected our request due to an error in our request: ${detail}`);

function parse(path: string): readonly string[] {
  if (path === '') return [];
  if (!path.startsWith('/')) throw refusal(`invalid path ${path}`);
  return path.slice(1).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The container that the last part of the path is in. */
function parentOf(root: { document: Json }, path: string, verb: string): readonly [Tree, string] {
  const parts = parse(path);
  let at: Json = root.document;
  for (const part of parts.slice(0, -1)) at = child(at, part);
  if (typeof at !== 'object' || at === null) throw refusal(`${verb} operation does not apply: doc is missing path: ${path}`);
  return [at as Tree, parts.at(-1) ?? ''];
}

function child(at: Json, part: string): Json {
  if (Array.isArray(at)) return at[/^\d+$/.test(part) ? Number(part) : -1] as Json;
  return isRecord(at) && Object.hasOwn(at, part) ? at[part] : undefined;
}

function readOrUndefined(root: { document: Json }, path: string): Json {
  let at: Json = root.document;
  for (const part of parse(path)) at = child(at, part);
  return at;
}

function read(root: { document: Json }, path: string, verb: string): Json {
  const value = readOrUndefined(root, path);
  if (value === undefined) throw refusal(`${verb} operation does not apply: doc is missing key: ${path}: missing value`);
  return value;
}

function add(root: { document: Json }, path: string, value: Json, verb: string): void {
  if (path === '') {
    root.document = value;
    return;
  }
  const [parent, last] = parentOf(root, path, verb);
  if (!Array.isArray(parent)) {
    parent[last] = value;
    return;
  }
  const index = last === '-' ? parent.length : /^\d+$/.test(last) ? Number(last) : -1;
  if (index < 0 || index > parent.length) throw refusal(`${verb} operation does not apply: doc is missing path: ${path}: invalid index referenced`);
  parent.splice(index, 0, value);
}

function set(root: { document: Json }, path: string, value: Json): void {
  const [parent, last] = parentOf(root, path, 'replace');
  if (Array.isArray(parent)) parent[Number(last)] = value;
  else parent[last] = value;
}

function remove(root: { document: Json }, path: string, verb: string): Json {
  const value = readOrUndefined(root, path);
  if (value === undefined) throw refusal(`${verb} operation does not apply: Unable to remove nonexistent key: ${path}: missing value`);
  const [parent, last] = parentOf(root, path, verb);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return value;
}
