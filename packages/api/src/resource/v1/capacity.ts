import { addQuantities, type Field, formatQuantity, quantityMilliValue, quantityValue } from '@navarch/machinery';
import { isGreater, quantityOf } from '../../checks/quantities.ts';
import { each, unique } from '../../checks/values.ts';
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  DeviceCapacity,
} from '../../generated/types/resource-v1.ts';

const OPTIONS_MAX = 10;

/** How much of a capacity requests may take, where several share a device. */
export function validateCapacity({ value, requestPolicy }: DeviceCapacity, isShared: boolean, at: Field): void {
  if (!requestPolicy) return;
  const here = at.at('requestPolicy');
  if (isShared) validatePolicy(requestPolicy, value, here);
  else here.forbidden('allowMultipleAllocations must be true');
}

function validatePolicy(
  { default: usual, validValues = [], validRange }: CapacityRequestPolicy,
  capacity: string,
  at: Field,
): void {
  const name = validValues.length > 0 ? 'validValues' : 'validRange';
  if (validValues.length > 0 && validRange)
    return at.forbidden(
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
    );
  if (validValues.length === 0 && !validRange) return;
  if (usual === null || usual === undefined) return at.at('default').required(`required when ${name} is defined`);
  if (validRange) validateRange(validRange, usual, capacity, at.at(name));
  else validateOptions(validValues, usual, capacity, at.at(name));
}

function validateOptions(options: readonly string[], usual: string, capacity: string, at: Field): void {
  each(options, at, (option, here, i) => {
    if (i > 0 && isGreater(options[i - 1], option)) here.invalid(option, 'values must be sorted in ascending order');
  });
  if (options.length > OPTIONS_MAX) at.tooMany(options.length, OPTIONS_MAX);
  else {
    each(options, at, (option, here) => {
      if (isGreater(option, capacity)) here.invalid(option, `option is larger than capacity value: ${capacity}`);
    });
    unique(options, (option) => String(quantityValue(option)), at);
  }
  // What is too long upstream does not look through.
  if (
    options.length > OPTIONS_MAX ||
    !options.some((option) => !isGreater(option, usual) && !isGreater(usual, option))
  ) {
    at.invalid(usual, 'default value is not valid according to the requestPolicy');
  }
}

function validateRange(
  { min, max, step }: CapacityRequestPolicyRange,
  usual: string,
  capacity: string,
  at: Field,
): void {
  const [minAt, maxAt, stepAt] = [at.at('min'), at.at('max'), at.at('step')];
  if (min === undefined) return minAt.required('required when validRange is defined');
  if (isGreater(min, capacity)) minAt.invalid(min, `min is larger than capacity value: ${capacity}`);
  if (isGreater(min, usual)) minAt.invalid(usual, `default is less than min: ${min}`);
  if (max !== undefined) {
    if (isGreater(min, max)) maxAt.invalid(min, `min is larger than max: ${max}`);
    if (isGreater(max, capacity)) maxAt.invalid(max, `max is larger than capacity value: ${capacity}`);
    if (isGreater(usual, max)) maxAt.invalid(usual, `default is more than max: ${max}`);
  }
  if (step === undefined) return;
  const one = formatQuantity(addQuantities(quantityOf(min), quantityOf(step)));
  if (isGreater(one, capacity)) stepAt.invalid(step, `one step ${one} is larger than capacity value: ${capacity}`);
  const countOf = [min, max, step].some(isFractional) ? quantityMilliValue : quantityValue;
  for (const value of [usual, ...(max === undefined ? [] : [max])]) {
    if ((countOf(value) - countOf(min)) % countOf(step) !== 0)
      stepAt.invalid(value, `value is not a multiple of a given step (${step}) from (${min})`);
  }
}

const isFractional = (text: string | undefined): boolean => quantityMilliValue(text) % 1000 !== 0;
