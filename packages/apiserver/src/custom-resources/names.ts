import { type CustomResourceDefinition as Definition, namesInOrder } from '@navarch/api';

type Names = Definition['spec']['names'];

export interface Verdict {
  readonly accepted: Names;
  readonly reason: string;
  /** Empty: every name is the definition's. */
  readonly message: string;
}

/** Which of the names that a definition wants it may have: those in its group that nobody had before it. */
export function judgeNames({ metadata, spec, status }: Definition, all: readonly Definition[]): Verdict {
  const taken = takenBy(
    all.filter((other) => other.spec.group === spec.group && other.metadata.name !== metadata.name),
  );
  const { names } = spec;
  const complaints: (readonly [reason: string, message: string])[] = [];
  const accepted = { ...status.acceptedNames } as { -readonly [K in keyof Names]: Names[K] };
  const judge = (field: 'plural' | 'singular' | 'kind' | 'listKind', used: ReadonlySet<string>): void => {
    const name = names[field] ?? '';
    if (name !== accepted[field] && used.has(name))
      complaints.push([
        `${field[0]?.toUpperCase()}${field.slice(1)}Conflict`,
        `${JSON.stringify(name)} is already in use`,
      ]);
    else accepted[field] = name;
  };
  judge('plural', taken.resources);
  judge('singular', taken.resources);
  const clashing = (names.shortNames ?? []).filter(
    (name) => !(accepted.shortNames ?? []).includes(name) && taken.resources.has(name),
  );
  if (clashing.length > 0)
    complaints.push([
      'ShortNamesConflict',
      together(clashing.map((name) => `${JSON.stringify(name)} is already in use`)),
    ]);
  else if (names.shortNames) accepted.shortNames = names.shortNames;
  else delete accepted.shortNames;
  judge('kind', taken.kinds);
  judge('listKind', taken.kinds);
  if (names.categories) accepted.categories = names.categories;
  else delete accepted.categories;
  // A condition has room for one: upstream's keeps the last.
  const last = complaints.at(-1);
  return { accepted: namesInOrder(accepted), reason: last?.[0] ?? 'NoConflicts', message: last?.[1] ?? '' };
}

/** Several complaints as one. */
function together(texts: readonly string[]): string {
  const [first = '', ...rest] = new Set(texts);
  return rest.length === 0 ? first : `[${[first, ...rest].join(', ')}]`;
}

function takenBy(others: readonly Definition[]): {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
} {
  const [resources, kinds] = [new Set<string>(), new Set<string>()];
  for (const {
    status: { acceptedNames: names },
  } of others) {
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if (name) resources.add(name);
    for (const name of [names.kind, names.listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}
