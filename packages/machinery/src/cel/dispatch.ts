import { exactly, type Measured } from './cost.ts';
import { callCost, type Overload } from './declare.ts';
import type { Step } from './step.ts';
import { type CelType, dyn, string } from './types.ts';
import { CelError, inside, isOfType, sizeOf, typeOf } from './values.ts';

/** A call: its arguments, then the first of the overloads that takes them, and what it costs. */
export function dispatch(overloads: readonly Overload[], family: readonly Overload[], steps: readonly Step[]): Step {
  return (frame) => {
    const args = steps.map((step) => step(frame));
    const overload = overloads.find(
      ({ params, isLoose }) => isLoose || params.every((type, i) => isOfType(args[i], type)),
    );
    if (!overload) throw new CelError(noSuchOverload(family, args));
    const cost = overload.cost ? callCost(overload, args.map(measured)).cost.max : 1;
    const value = (overload.call as (...args: readonly unknown[]) => unknown)(...args);
    frame.budget.spend(cost);
    return value;
  };
}

/** Functions that look at their arguments themselves upstream. */
const UNGUARDED = new Set(['contains', 'startsWith', 'endsWith']);
/** Functions that upstream's values have themselves. */
const OF_VALUES = /^(?:_.+_|-_|!_|@in|size|matches|sort|@sortByAssociatedKeys)$/;

function noSuchOverload(family: readonly Overload[], args: readonly unknown[]): string {
  const name = family[0]?.name ?? '';
  if (UNGUARDED.has(name)) return 'no such overload';
  if (!OF_VALUES.test(name)) return `no such overload: ${name}(${args.map(typeOf).join(', ')})`;
  return family.some(({ params }) => params.length > 1 && isOfType(args[0], params[0] as CelType))
    ? 'no such overload'
    : `no such overload: ${name}`;
}

/** What is known of a value that is there. */
const measured = (value: unknown): Measured => ({
  type: typeof value === 'string' ? string : dyn,
  size: exactly(sizeOf(value)),
  get itemSize() {
    return Array.isArray(value) ? exactly(meanSize(value)) : undefined;
  },
  literal: value,
});

const meanSize = (list: readonly unknown[]): number =>
  list.length === 0 ? 0 : list.reduce<number>((sum, item) => sum + sizeOf(inside(list, item)), 0) / list.length;
