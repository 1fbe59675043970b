import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One type of the API facts (types.json): the source of every generated file. */
export interface TypeFact {
  readonly proto?: string;
  readonly gvk?: readonly [group: string, version: string, kind: string];
  readonly served?: false;
  readonly alias?: string;
  readonly json?: string;
  readonly structType?: string;
  /** One of its fields is set, by what another says or without. */
  readonly union?: true;
  readonly inline?: readonly { readonly name: string; readonly type: string; readonly num?: number }[];
  readonly protoOnly?: readonly Readonly<Record<string, unknown>>[];
  readonly fields: readonly FieldFact[];
}

export interface FieldFact {
  readonly name: string;
  readonly type: string;
  readonly num?: number;
  readonly protoName?: string;
  readonly wire?: unknown;
  readonly req?: true;
  readonly omit?: string;
  readonly ptr?: true;
  readonly enum?: readonly string[];
  readonly via?: string;
  readonly default?: unknown;
  readonly format?: string;
  readonly listType?: string;
  readonly listMapKeys?: readonly string[];
  readonly mapType?: string;
  readonly structType?: string;
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  readonly unionDiscriminator?: true;
  readonly deprecated?: true;
  /** Features it belongs to, apart by commas. */
  readonly gate?: string;
}

/** One row of kinds.tsv. */
export type KindRow = Readonly<
  Record<
    | 'group'
    | 'version'
    | 'kind'
    | 'plural'
    | 'singular'
    | 'shortNames'
    | 'categories'
    | 'namespaced'
    | 'verbs'
    | 'stage'
    | 'subresources'
    | 'listKind'
    | 'deprecated'
    | 'removed',
    string
  >
>;

export interface Facts {
  readonly types: ReadonlyMap<string, TypeFact>;
  readonly kinds: readonly KindRow[];
  tsv(file: string): readonly Readonly<Record<string, string>>[];
  json(file: string): Readonly<Record<string, unknown>>;
}

/** Reads the fact tables of one folder. Throws when a file is missing: nothing can be generated without them. */
export function readFacts(folder: string): Facts {
  const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const tsv = (file: string): readonly Readonly<Record<string, string>>[] => {
    const [header = '', ...rows] = text(file).trimEnd().split('\n');
    const names = header.split('\t');
    return rows.map((row) => {
      const cells = row.split('\t');
      return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']));
    });
  };
  const json = (file: string): Readonly<Record<string, unknown>> => JSON.parse(text(file)) as Record<string, unknown>;
  const types = new Map(
    Object.entries(json('types.json')).filter(([name]) => !name.startsWith('$')) as [string, TypeFact][],
  );
  return { types, kinds: tsv('kinds.tsv') as readonly KindRow[], tsv, json };
}

/** `core-v1` for io.k8s.api.core.v1.Pod: the name of the generated module that holds the type. */
export function moduleOf(typeName: string): string {
  const parts = typeName.split('.');
  const version = parts.at(-2) ?? '';
  const group = parts.at(-3) ?? '';
  return `${group}-${version}`;
}

export const shortName = (typeName: string): string => typeName.slice(typeName.lastIndexOf('.') + 1);
