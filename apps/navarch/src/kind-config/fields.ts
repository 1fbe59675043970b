import { writeJson } from '@navarch/machinery';

/** A value somewhere in a document, and the list into which goes what is wrong with it. */
export interface Place {
  readonly path: string;
  readonly value: unknown;
  readonly refusals: string[];
}

/** Gives what was meant, or notes why it cannot be and gives undefined. What is not there is undefined without a word. */
export type Reader<T> = (at: Place) => T | undefined;

type Read<R> = R extends Reader<infer T> ? T : never;

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

function refuse({ path, value, refusals }: Place, wanted: string): undefined {
  refusals.push(`${path || 'the document'} takes ${wanted}, not ${writeJson(value)}`);
}

const below = ({ path, refusals }: Place, name: string | number, value: unknown): Place => ({
  path: typeof name === 'number' ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`,
  value,
  refusals,
});

/** One value, by what it must be. */
const scalar =
  <T>(wanted: string, is: (value: unknown) => value is T): Reader<T> =>
  (at) =>
    isAbsent(at.value) ? undefined : is(at.value) ? at.value : refuse(at, wanted);

export const text = scalar('a text', (value) => typeof value === 'string');
export const flag = scalar('true or false', (value) => typeof value === 'boolean');
export const whole = (least: number, most: number): Reader<number> =>
  scalar(
    `a number from ${least} to ${most}`,
    (value): value is number => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  );
export const choice = <const C extends string>(...choices: readonly C[]): Reader<C> =>
  scalar(choices.join(', ').replace(/, ([^,]*)$/, ' or $1'), (value): value is C => choices.some((c) => c === value));

export const list =
  <T>(item: Reader<T>): Reader<readonly T[]> =>
  (at) => {
    if (isAbsent(at.value)) return undefined;
    if (!Array.isArray(at.value)) return refuse(at, 'a list');
    return at.value.flatMap((value: unknown, i) => item(below(at, i, value)) ?? []);
  };

/** Any names, values of one sort. */
export const mapOf =
  <T>(item: Reader<T>): Reader<Readonly<Record<string, T>>> =>
  (at) => {
    if (isAbsent(at.value)) return undefined;
    if (!isRecord(at.value)) return refuse(at, 'a mapping');
    const entries = Object.entries(at.value).map(([name, value]) => [name, item(below(at, name, value))] as const);
    return Object.fromEntries(entries.filter((entry): entry is [string, T & {}] => entry[1] !== undefined));
  };

/** Exactly these names: another one is a mistake, which may leave out what was most meant. */
export const record =
  <F extends Readonly<Record<string, Reader<unknown>>>>(fields: F): Reader<{ readonly [K in keyof F]?: Read<F[K]> }> =>
  (at) => {
    if (isAbsent(at.value)) return {};
    if (!isRecord(at.value)) return refuse(at, 'a mapping');
    for (const name of Object.keys(at.value))
      if (!Object.hasOwn(fields, name))
        at.refusals.push(`${below(at, name, undefined).path} is no field${nearest(name, Object.keys(fields))}`);
    const { value } = at;
    return Object.fromEntries(
      Object.entries(fields).flatMap(([name, read]) => {
        const found = read(below(at, name, value[name]));
        return found === undefined ? [] : [[name, found]];
      }),
    ) as { readonly [K in keyof F]?: Read<F[K]> };
  };

/** What was probably meant: the same letters in another case, or all that there is. */
function nearest(name: string, known: readonly string[]): string {
  const same = known.find((one) => one.toLowerCase() === name.toLowerCase());
  return same === undefined ? `; those that are: ${known.join(', ')}` : `; ${same} is`;
}
