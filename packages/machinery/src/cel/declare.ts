import type { CallCost, CostOf, Measured } from './cost.ts';
import { type CelType, parseType, splitTypes } from './types.ts';

/** What runs when the arguments are of the overload's types. */
export type Implementation = (...args: never[]) => unknown;

/** One of the forms of a function: its types, what it does and what that costs. */
export interface Overload {
  readonly name: string;
  /** Called on its first parameter: `target.name(...)`. */
  readonly isMember: boolean;
  readonly params: readonly CelType[];
  readonly result: CelType;
  readonly call: Implementation;
  /** Absent: one unit. */
  readonly cost: CostOf | undefined;
  /** It looks at its arguments itself: what they hold may be of other types than it says. */
  readonly isLoose: boolean;
}

export type FunctionTable = ReadonlyMap<string, readonly Overload[]>;

/**
 * Declares one overload: `contains(this string, string) -> bool`, `sets.contains(list(T), list(T)) -> bool`. The types
 * are those of `parseType`; values come as values.ts has them.
 */
export function declare(signature: string, call: Implementation, cost?: CostOf): Overload {
  const [, name, inner = '', result] = /^([^()\s]+)\((.*)\) -> (.+)$/.exec(signature) ?? [];
  if (name === undefined || result === undefined)
    throw new Error(`Cannot read the signature ${JSON.stringify(signature)}`);
  const params = splitTypes(inner).map((one) => one.trim());
  const isMember = params[0]?.startsWith('this ') === true;
  return Object.freeze({
    name,
    isMember,
    params: params.map((one) => parseType(one.replace(/^this /, ''))),
    result: parseType(result),
    call,
    cost,
    isLoose: false,
  });
}

/** The same for an implementation that looks at its arguments itself. */
export const declareLoose = (
  signature: string,
  call: (...args: readonly unknown[]) => unknown,
  cost?: CostOf,
): Overload => ({
  ...declare(signature, call, cost),
  isLoose: true,
});

/** The same for each of several types: `<>` in the signature stands for it. */
export const declareFor = (
  types: readonly string[],
  signature: string,
  call: Implementation,
  cost?: CostOf,
): readonly Overload[] => types.map((type) => declare(signature.replaceAll('<>', type), call, cost));

/** Overloads by the name of their function; all of one name stand together, in the order they are given in. */
export function functionTable(...libraries: readonly (readonly Overload[])[]): FunctionTable {
  const table = new Map<string, Overload[]>();
  for (const overload of libraries.flat()) {
    const known = table.get(overload.name);
    if (known) known.push(overload);
    else table.set(overload.name, [overload]);
  }
  return table;
}

export const callCost = ({ cost }: Overload, args: readonly Measured[]): CallCost =>
  cost?.(...args) ?? { cost: { min: 1, max: 1 } };
