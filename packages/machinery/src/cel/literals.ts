import type { Checked } from './check.ts';
import { formatComplaint } from './functions/format-text.ts';
import type { Issue } from './issues.ts';
import type { Call, Expression } from './syntax.ts';
import { type CelType, formatType, sameType, unwrapped } from './types.ts';
import { CelError } from './values.ts';

/** What is wrong with what is written out in an expression whose types are right: nothing of it depends on a value. */
export function literalIssues(whole: Expression, checked: Checked): readonly Issue[] {
  return issuesIn(whole, checked, false);
}

/** `isFormat`: among the arguments of `format()`, where a list may hold anything. */
function issuesIn(one: Expression, checked: Checked, isFormat: boolean): readonly Issue[] {
  const inside = partsOf(one).flatMap((part) =>
    issuesIn(part, checked, isFormat || (one.is === 'call' && one.name === 'format')),
  );
  if (one.is === 'call') return [...argumentIssues(one, checked), ...formatIssues(one, checked), ...inside];
  return isFormat ? inside : [...mixtures(one, checked), ...inside];
}

function mixtures(one: Expression, checked: Checked): readonly Issue[] {
  if (one.is === 'list')
    return mixed(
      one.items.map(({ value, isOptional }) => [value, isOptional]),
      checked,
    ).slice(0, 1);
  if (one.is !== 'map') return [];
  return [
    ...mixed(
      one.entries.map(({ key }) => [key, false]),
      checked,
    ),
    ...mixed(
      one.entries.map(({ value, isOptional }) => [value, isOptional]),
      checked,
    ),
  ];
}

function formatIssues({ name, target, args: [list], at }: Call, checked: Checked): readonly Issue[] {
  if (name !== 'format' || target?.is !== 'literal' || list?.is !== 'list') return [];
  const complaint = formatComplaint(
    String(target.value),
    list.items.map(({ value }) => checked.typeOf(value)),
  );
  if (!complaint) return [];
  const place = complaint.arg === undefined ? at : (list.items[complaint.arg]?.value.at ?? at);
  return [{ at: place, message: complaint.message }];
}

/** Functions whose first argument is looked at when it is written out. */
const LOOKED_AT = new Set(['duration', 'timestamp', 'matches']);

function argumentIssues(call: Call, checked: Checked): readonly Issue[] {
  const [arg] = call.args;
  if (!LOOKED_AT.has(call.name) || arg?.is !== 'literal') return [];
  const [overload] = checked.overloadsOf(call);
  if (!overload) return [];
  const complaint = [{ at: arg.at, message: `invalid ${call.name} argument` }];
  // The types of protobuf let null stand for any duration or time.
  if (arg.value === null) return complaint;
  try {
    const args = call.name === 'matches' ? ['', arg.value] : [arg.value];
    (overload.call as (...args: readonly unknown[]) => unknown)(...args);
    return [];
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return complaint;
  }
}

/** What is of another type than the first. */
function mixed(
  values: readonly (readonly [value: Expression, isOptional: boolean])[],
  checked: Checked,
): readonly Issue[] {
  const typeOf = ([value, isOptional]: readonly [Expression, boolean]): CelType =>
    isOptional ? unwrapped(checked.typeOf(value)) : checked.typeOf(value);
  const [first, ...rest] = values;
  if (!first) return [];
  const wanted = typeOf(first);
  return rest
    .filter((one) => !sameType(wanted, typeOf(one)))
    .map((one) => ({
      at: one[0].at,
      message: `expected type '${formatType(wanted)}' but found '${formatType(typeOf(one))}'`,
    }));
}

/** What an expression is made of. */
function partsOf(whole: Expression): readonly Expression[] {
  switch (whole.is) {
    case 'literal':
    case 'name':
      return [];
    case 'select':
      return [whole.of];
    case 'call':
      return whole.target ? [whole.target, ...whole.args] : whole.args;
    case 'list':
      return whole.items.map(({ value }) => value);
    case 'map':
      return whole.entries.flatMap(({ key, value }) => [key, value]);
    case 'object':
      return whole.fields.map(({ value }) => value);
    case 'fold':
      return [whole.range, whole.initial, whole.condition, whole.step, whole.result];
  }
}
