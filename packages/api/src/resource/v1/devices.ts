import { cIdentifierErrors, dnsLabelErrors, dnsSubdomainErrors, type Field, formatTime, labelValueErrors, type Mutable, qualifiedNameErrors } from '@navarch/machinery';
import { bytesOf, each, named, requiredName, supportedValue } from '../../checks/values.ts';
import { driverName } from '../../core/v1/volume-sources.ts';
import type {
  DeviceClaim, DeviceConstraint, DeviceRequest, DeviceSelector, DeviceSubRequest, DeviceTaint, DeviceToleration, ExactDeviceRequest,
  OpaqueDeviceConfiguration,
} from '../../generated/types/resource-v1.ts';

const REQUESTS_MAX = 32;
const CONSTRAINTS_MAX = 32;
const CONFIGURATIONS_MAX = 32;
const SELECTORS_MAX = 32;
const ALTERNATIVES_MAX = 8;
const EXPRESSION_BYTES_MAX = 10 * 1024;
const PARAMETERS_BYTES_MAX = 10 * 1024;
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
  const isNew = previous === undefined || previous.effect !== taint.effect || previous.key !== taint.key || previous.value !== taint.value;
  taint.timeAdded ??= isNew ? formatTime(now) : (previous?.timeAdded ?? formatTime(now));
}

export function validateTaint({ key, value, effect }: DeviceTaint, at: Field): void {
  named(key, qualifiedNameErrors, at.at('key'));
  if (value) named(value, labelValueErrors, at.at('value'));
  if (!effect) at.at('effect').required();
  else supportedValue(effect, EFFECTS, at.at('effect'));
}

export function validateClaim(claim: DeviceClaim, at: Field): void {
  const requests = claim.requests ?? [];
  if (requests.length > REQUESTS_MAX) at.at('requests').tooMany(requests.length, REQUESTS_MAX);
  const names = new Set<string>();
  each(requests, at.at('requests'), (request, here) => {
    validateRequest(request, here);
    if (names.has(request.name)) here.at('name').duplicate(request.name);
    names.add(request.name);
  });
  const known = new Set([...names, ...requests.flatMap((request) => (request.firstAvailable ?? []).map((sub) => `${request.name}/${sub.name}`))]);
  if ((claim.constraints?.length ?? 0) > CONSTRAINTS_MAX) at.at('constraints').tooMany(claim.constraints?.length ?? 0, CONSTRAINTS_MAX);
  each(claim.constraints, at.at('constraints'), (constraint, here) => validateConstraint(constraint, known, here));
  if ((claim.config?.length ?? 0) > CONFIGURATIONS_MAX) at.at('config').tooMany(claim.config?.length ?? 0, CONFIGURATIONS_MAX);
  each(claim.config, at.at('config'), (config, here) => {
    validateReferences(config.requests, known, here.at('requests'));
    validateConfiguration(config, here);
  });
}

function validateRequest(request: DeviceRequest, at: Field): void {
  requiredName(request.name, dnsLabelErrors, at.at('name'));
  const { exactly, firstAvailable = [] } = request;
  if (!exactly && firstAvailable.length === 0) return at.required('exactly one of `exactly` or `firstAvailable` is required');
  if (exactly && firstAvailable.length > 0) return at.invalid(request, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set');
  if (exactly) return validateExact(exactly, at.at('exactly'));
  if (firstAvailable.length > ALTERNATIVES_MAX) at.at('firstAvailable').tooMany(firstAvailable.length, ALTERNATIVES_MAX);
  const names = new Set<string>();
  each(firstAvailable, at.at('firstAvailable'), (sub, here) => {
    requiredName(sub.name, dnsLabelErrors, here.at('name'));
    if (names.has(sub.name)) here.at('name').duplicate(sub.name);
    names.add(sub.name);
    validateExact(sub, here);
  });
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
  if (!key && operator !== 'Exists') at.at('key').required('must not be empty unless operator is `Exists`');
  if (effect) supportedValue(effect, EFFECTS, at.at('effect'));
}

export function validateSelectors(selectors: readonly DeviceSelector[] | undefined, at: Field): void {
  if ((selectors?.length ?? 0) > SELECTORS_MAX) at.tooMany(selectors?.length ?? 0, SELECTORS_MAX);
  each(selectors, at, ({ cel }, here) => {
    if (!cel) return here.at('cel').required();
    if (bytesOf(cel.expression) > EXPRESSION_BYTES_MAX) here.at('cel', 'expression').tooLong(EXPRESSION_BYTES_MAX);
    else if (!cel.expression.trim()) here.at('cel', 'expression').required();
  });
}

function validateReferences(requests: readonly string[] | undefined, known: ReadonlySet<string>, at: Field): void {
  const seen = new Set<string>();
  each(requests, at, (request, here) => {
    if (!known.has(request)) here.invalid(request, 'must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'');
    if (seen.has(request)) here.duplicate(request);
    seen.add(request);
  });
}

function validateConstraint(constraint: DeviceConstraint, known: ReadonlySet<string>, at: Field): void {
  validateReferences(constraint.requests, known, at.at('requests'));
  const { matchAttribute, distinctAttribute } = constraint;
  if (matchAttribute !== undefined) validateAttribute(matchAttribute, at.at('matchAttribute'));
  else if (distinctAttribute !== undefined) validateAttribute(distinctAttribute, at.at('distinctAttribute'));
  else at.required('exactly one of `matchAttribute` or `distinctAttribute` is required');
}

/** `domain/name`, fully qualified. */
function validateAttribute(name: string, at: Field): void {
  const slash = name.indexOf('/');
  if (slash < 0) return at.invalid(name, 'must include a domain');
  driverName(name.slice(0, slash), at);
  named(name.slice(slash + 1), cIdentifierErrors, at);
}

export function validateConfiguration({ opaque }: { readonly opaque?: OpaqueDeviceConfiguration }, at: Field): void {
  if (!opaque) return at.required('exactly one of `opaque` is required');
  driverName(opaque.driver, at.at('opaque', 'driver'));
  const { parameters } = opaque;
  const here = at.at('opaque', 'parameters');
  if (parameters === null || parameters === undefined) here.required();
  else if (typeof parameters !== 'object' || Array.isArray(parameters)) here.invalid('<value omitted>', 'parsing as JSON object: must be an object');
  else if (bytesOf(JSON.stringify(parameters)) > PARAMETERS_BYTES_MAX) here.tooLong(PARAMETERS_BYTES_MAX);
}
