import { compareQuantities, type Field, type Kind, type Mutable, qualifiedNameErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import {
  containerResourceName,
  isGreater,
  isOvercommitable,
  isSame,
  quantityOf,
  type ResourceList,
  resourceName,
} from '../../checks/quantities.ts';
import { entriesOf, named } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { LimitRange, LimitRangeItem } from '../../generated/types/core-v1.ts';

const TYPES = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

export const limitRange: Kind<LimitRange> = builtIn<LimitRange>('/v1.LimitRange', {
  columns: columnsOf('/LimitRange', {}),
  behaviour: {
    createsOnUpdate: true,
    desired: false,
    complete: ({ spec }) => (spec.limits ?? []).forEach(complete),
    validate({ spec }, at) {
      const types = new Set<string>();
      spec.limits.forEach((item, i) => {
        const here = at.at('spec', 'limits').index(i);
        validateType(item.type, here.at('type'));
        if (types.has(item.type)) here.at('type').duplicate(item.type);
        types.add(item.type);
        validateItem(item, here);
      });
    },
  },
});

/** What a container gets by itself: its limit from the largest allowed, its request from the limit, else the smallest. */
function complete(item: Mutable<LimitRangeItem>): void {
  if (item.type !== 'Container') return;
  const limits = { ...item.max, ...item.default };
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(limits).length > 0) item.default = sorted(limits);
  if (Object.keys(requests).length > 0) item.defaultRequest = sorted(requests);
}

const sorted = (list: ResourceList): Record<string, string> => Object.fromEntries(entriesOf(list));

function validateType(type: string, at: Field): void {
  const errors = qualifiedNameErrors(type);
  named(type, qualifiedNameErrors, at);
  if (errors.length === 0 && !type.includes('/') && !TYPES.has(type))
    at.invalid(type, 'must be a standard limit type or fully qualified');
}

function validateItem(item: LimitRangeItem, at: Field): void {
  const validateName = item.type === 'Pod' || item.type === 'Container' ? containerResourceName : resourceName;
  const names = new Set<string>();
  for (const list of LISTS) {
    const here = at.at(list);
    if (item.type === 'Pod' && (list === 'default' || list === 'defaultRequest')) {
      if (Object.keys(item[list] ?? {}).length > 0) here.forbidden("may not be specified when `type` is 'Pod'");
      continue;
    }
    for (const [name] of entriesOf(item[list])) {
      validateName(name, here.key(name));
      names.add(name);
    }
  }
  if (
    item.type === 'PersistentVolumeClaim' &&
    item.min?.['storage'] === undefined &&
    item.max?.['storage'] === undefined
  ) {
    at.at('limits').required('either minimum or maximum storage value is required, but neither was provided');
  }
  for (const name of [...names].sort()) validateOrder(item, name, at);
}

function validateOrder(item: LimitRangeItem, name: string, at: Field): void {
  const [max, min, limit, request, ratio] = LISTS.map((list) => item[list]?.[name]);
  const isAbove = (a: string | undefined, b: string | undefined): boolean =>
    a !== undefined && b !== undefined && isGreater(a, b);
  if (isAbove(min, max)) at.at('min').key(name).invalid(min, `min value ${min} is greater than max value ${max}`);
  const requestAt = at.at('defaultRequest').key(name);
  if (isAbove(min, request))
    requestAt.invalid(request, `min value ${min} is greater than default request value ${request}`);
  if (isAbove(request, max))
    requestAt.invalid(request, `default request value ${request} is greater than max value ${max}`);
  if (isAbove(request, limit))
    requestAt.invalid(request, `default request value ${request} is greater than default limit value ${limit}`);
  const limitAt = at.at('default').key(name);
  if (isAbove(min, limit)) limitAt.invalid(min, `min value ${min} is greater than default value ${limit}`);
  if (isAbove(limit, max)) limitAt.invalid(max, `default value ${limit} is greater than max value ${max}`);
  validateRatio(ratio, min, max, at.at('maxLimitRequestRatio').key(name));
  if (!isOvercommitable(name) && limit !== undefined && request !== undefined && !isSame(limit, request)) {
    requestAt.invalid(request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`);
  }
}

function validateRatio(ratio: string | undefined, min: string | undefined, max: string | undefined, at: Field): void {
  if (ratio === undefined) return;
  if (compareQuantities(quantityOf(ratio), quantityOf('1')) < 0) at.invalid(ratio, `ratio ${ratio} is less than 1`);
  const [low, high] = [Number(quantityOf(min).nano), Number(quantityOf(max).nano)];
  if (min === undefined || max === undefined || low <= 0) return;
  const possible = high / low;
  if (Number(quantityOf(ratio).nano) / 1e9 > possible)
    at.invalid(ratio, `ratio ${ratio} is greater than max/min = ${possible.toFixed(6)}`);
}
