import { encode } from '../../request.ts';
import type { Doc } from './definitions.ts';

export interface Shared {
  readonly paths: Doc;
  readonly parameters: Doc;
}

/** Parameters that thousands of operations have are written once and referred to: a third of the document. */
export function sharedParameters(paths: Readonly<Record<string, Doc>>): Shared {
  const names = new Map<string, string>();
  const shared: Record<string, Doc> = {};
  const refer = (parameter: Doc): Doc => {
    if (!isShared(parameter)) return parameter;
    const text = JSON.stringify(parameter);
    let name = names.get(text);
    if (name === undefined) {
      name = `${String(parameter['name'])}-${shortHash(text)}`;
      names.set(text, name);
      shared[name] = parameter;
    }
    return { $ref: `#/parameters/${name}` };
  };
  const referred = (doc: Doc): Doc =>
    'parameters' in doc ? { ...doc, parameters: (doc['parameters'] as readonly Doc[]).map(refer) } : doc;
  const all = Object.entries(paths).map(
    ([path, item]) =>
      [
        path,
        Object.fromEntries(
          Object.entries(referred(item)).map(([method, doc]) => [
            method,
            method === 'parameters' ? doc : referred(doc as Doc),
          ]),
        ),
      ] as const,
  );
  return {
    paths: Object.fromEntries(all),
    parameters: Object.fromEntries(Object.entries(shared).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Not those that are said of one kind, nor the two that old clients look for where they are used. */
function isShared({ name, in: where, schema }: Doc): boolean {
  if (where === 'body')
    return String((schema as Doc | undefined)?.['$ref'] ?? '').startsWith('#/definitions/io.k8s.apimachinery');
  return name !== 'name' && !(where === 'query' && (name === 'dryRun' || name === 'fieldValidation'));
}

const MASK_64 = 0xffff_ffff_ffff_ffffn;

/** FNV-1, its first six bytes in letters that a reference may have. */
function shortHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of encode(text)) hash = ((hash * 0x100000001b3n) & MASK_64) ^ BigInt(byte);
  const bytes = Array.from({ length: 6 }, (_, index) => Number((hash >> BigInt(8 * (7 - index))) & 0xffn));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}
