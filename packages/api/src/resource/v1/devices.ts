import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  type Field,
  formatTime,
  labelValueErrors,
  type Mutable,
  qualifiedNameErrors,
  writeJson,
} from '@navarch/machinery';
import { bytesOf, each, named, requiredName, supportedValue, unique } from '../../checks/values.ts';
import { driverName } from '../../core/v1/volume-sources.ts';
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  DeviceTaint,
  DeviceToleration,
  ExactDeviceRequest,
  OpaqueDeviceConfiguration,
} from '../../generated/types/resource-v1.ts';
import { validateDeviceExpression } from './device-expressions.ts';
import { fullAttributeName } from './names.ts';

const REQUESTS_MAX = 32;
const CONSTRAINTS_MAX = 32;
const CONFIGURATIONS_MAX = 32;
const SELECTORS_MAX = 32;
const ALTERNATIVES_MAX = 8;
const CONDITIONS_MAX = 4;
const DOCUMENT_BYTES_MAX = 10 * 1024;
const EFFECTS = ['NoExecute', 'NoSchedule', 'None'];

/** Defaults of a claim's requests: one device each, unless all are asked for. */
export function completeClaim({ requests }: Mutable<DeviceClaim>): void {
  for (const request of requests ?? []) {
    if (request.exactly) completeRequest(request.exactly);
    request.firstAvailable?.forEach(completeRequest);
  }
}

function completeRequest(request: Mutable<ExactDeviceRequest | DeviceSubRequest>): void {
  request.allocationMode ??= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ??= 1;
}

/** Remembers since when a device has a taint; a changed effect is a new taint. `now` in milliseconds. */
export function completeTaint(taint: Mutable<DeviceTaint>, previous: DeviceTaint | undefined, now: number): void {
  const isNew =
    previous === undefined ||
    previous.effect !== taint.effect ||
    previous.key !== taint.key ||
    previous.value !== taint.value;
  taint.timeAdded ??= isNew ? formatTime(now) : (previous?.timeAdded ?? formatTime(now));
}

/** An effect that was there already may stay. */
export function validateTaint({ key, value, effect }: DeviceTaint, at: Field, previous?: DeviceTaint): void {
  named(key, qualifiedNameErrors, at.at('key'));
  if (value) named(value, labelValueErrors, at.at('value'));
  if (previous?.effect === effect) return;
  if (!effect) at.at('effect').required();
  else supportedValue(effect, EFFECTS, at.at('effect'));
}

/** Of a list that is too long nothing else is said. */
export function eachOf<T>(
  list: readonly T[] | null | undefined,
  max: number,
  at: Field,
  check: (item: T, at: Field, i: number) => void,
): void {
  const length = list?.length ?? 0;
  if (length > max) at.tooMany(length, max);
  else each(list, at, check);
}

/** The same, of items that differ by their keys. */
export function eachOfSet<T>(
  list: readonly T[] | null | undefined,
  max: number,
  keyOf: (item: T) => string,
  at: Field,
  check: (item: T, at: Field, i: number) => void,
): void {
  eachOf(list, max, at, check);
  if (list && list.length <= max) unique(list, keyOf, at);
}
const itself = (text: string): string => text;

/** The names by which a claim's requests can be referred to: `request` and `request/alternative`. */
export function requestNames({ requests }: DeviceClaim): ReadonlySet<string> {
  return new Set(
    (requests ?? []).flatMap(({ name, firstAvailable = [] }) => [
      name,
      ...firstAvailable.map((sub) => `${name}/${sub.name}`),
    ]),
  );
}

export function validateClaim(claim: DeviceClaim, at: Field): void {
  const known = requestNames(claim);
  eachOfSet(claim.requests, REQUESTS_MAX, ({ name }) => name, at.at('requests'), validateRequest);
  eachOf(claim.constraints, CONSTRAINTS_MAX, at.at('constraints'), (constraint, here) =>
    validateConstraint(constraint, known, here),
  );
  eachOf(claim.config, CONFIGURATIONS_MAX, at.at('config'), (config, here) => {
    validateReferences(config.requests, known, here.at('requests'));
    validateConfiguration(config, here);
  });
}

function validateRequest(request: DeviceRequest, at: Field): void {
  named(request.name, dnsLabelErrors, at.at('name'));
  const { exactly, firstAvailable = [] } = request;
  if (!exactly && firstAvailable.length === 0)
    return at.required('exactly one of `exactly` or `firstAvailable` is required');
  if (exactly && firstAvailable.length > 0)
    return at.invalid(null, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set');
  if (exactly) return validateExact(exactly, at.at('exactly'));
  eachOfSet(
    firstAvailable,
    ALTERNATIVES_MAX,
    ({ name }) => name,
    at.at('firstAvailable'),
    (sub, here) => {
      named(sub.name, dnsLabelErrors, here.at('name'));
      validateExact(sub, here);
    },
  );
}

function validateExact(request: ExactDeviceRequest | DeviceSubRequest, at: Field): void {
  const { deviceClassName, allocationMode, count = 0 } = request;
  requiredName(deviceClassName, dnsSubdomainErrors, at.at('deviceClassName'));
  validateSelectors(request.selectors, at.at('selectors'));
  if (allocationMode === 'All') {
    if (count !== 0) at.at('count').invalid(count, "must not be specified when allocationMode is 'All'");
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) at.at('count').invalid(count, 'must be greater than zero');
  } else at.at('allocationMode').notSupported(allocationMode ?? '', ['All', 'ExactCount']);
  each(request.tolerations, at.at('tolerations'), validateToleration);
}

function validateToleration({ key = '', operator, value = '', effect }: DeviceToleration, at: Field): void {
  if (key) named(key, qualifiedNameErrors, at.at('key'));
  if (operator === 'Exists') {
    if (value) at.at('value').invalid(value, 'must be empty for operator `Exists`');
  } else if (operator === 'Equal') named(value, labelValueErrors, at.at('value'));
  else if (!operator) at.at('operator').required();
  else at.at('operator').notSupported(operator, ['Equal', 'Exists']);
  if (effect) supportedValue(effect, EFFECTS, at.at('effect'));
}

export function validateSelectors(selectors: readonly DeviceSelector[] | undefined, at: Field): void {
  eachOf(selectors, SELECTORS_MAX, at, ({ cel }, here) => {
    if (cel) validateDeviceExpression(cel.expression, here.at('cel', 'expression'));
    else here.at('cel').required();
  });
}

/** Of one request, or of an alternative in it. */
export function validateReference(request: string, known: ReadonlySet<string>, at: Field): void {
  const parts = request.split('/');
  if (parts.length <= 2) for (const part of parts) named(part, dnsLabelErrors, at);
  if (!known.has(request))
    at.invalid(
      request,
      "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
    );
}

export function validateReferences(
  requests: readonly string[] | undefined,
  known: ReadonlySet<string>,
  at: Field,
): void {
  eachOfSet(requests, REQUESTS_MAX, itself, at, (request, here) => validateReference(request, known, here));
}

function validateConstraint(constraint: DeviceConstraint, known: ReadonlySet<string>, at: Field): void {
  validateReferences(constraint.requests, known, at.at('requests'));
  const { matchAttribute, distinctAttribute } = constraint;
  if (matchAttribute !== undefined) fullAttributeName(matchAttribute, at.at('matchAttribute'));
  else if (distinctAttribute !== undefined) fullAttributeName(distinctAttribute, at.at('distinctAttribute'));
  else at.required('exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set');
}

export function validateConfiguration({ opaque }: { readonly opaque?: OpaqueDeviceConfiguration }, at: Field): void {
  const here = at.at('opaque');
  if (!opaque) return here.required();
  driverName(opaque.driver, here.at('driver'));
  validateDocument(opaque.parameters, here.at('parameters'));
}

/** An object of a driver's own, of which nothing else is known. */
export function validateDocument(document: unknown, at: Field): void {
  if (document === null || document === undefined) at.required();
  else if (bytesOf(writeJson(document)) > DOCUMENT_BYTES_MAX) at.tooLong(DOCUMENT_BYTES_MAX);
  else if (typeof document !== 'object' || Array.isArray(document))
    at.invalid('<value omitted>', 'must be a valid JSON object');
}

export interface Binding {
  readonly bindingConditions?: readonly string[];
  readonly bindingFailureConditions?: readonly string[];
}

/** What has to hold, and what may not, before a pod goes where its device is. */
export function validateBinding({ bindingConditions = [], bindingFailureConditions = [] }: Binding, at: Field): void {
  const [wantedAt, failedAt] = [at.at('bindingConditions'), at.at('bindingFailureConditions')];
  const checkName = (name: string, here: Field): void => named(name, qualifiedNameErrors, here);
  eachOf(bindingConditions, CONDITIONS_MAX, wantedAt, checkName);
  eachOf(bindingFailureConditions, CONDITIONS_MAX, failedAt, checkName);
  unique(bindingConditions, itself, wantedAt);
  each(bindingFailureConditions, failedAt, (name, here, i) => {
    if (bindingFailureConditions.indexOf(name) !== i) here.duplicate(name);
    if (bindingConditions.includes(name))
      here.invalid(name, 'bindingFailureConditions must not overlap with bindingConditions');
  });
  if (bindingConditions.length === 0 && bindingFailureConditions.length > 0)
    wantedAt.invalid(null, 'bindingConditions are required to use bindingFailureConditions');
  if (bindingFailureConditions.length === 0 && bindingConditions.length > 0)
    failedAt.invalid(null, 'bindingFailureConditions are required to use bindingConditions');
}
