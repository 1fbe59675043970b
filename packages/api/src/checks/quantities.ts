import { compareQuantities, type Field, parseQuantity, qualifiedNameErrors, type Quantity } from '@navarch/machinery';
import { entriesOf, NOT_NEGATIVE } from './values.ts';

export type ResourceList = Readonly<Record<string, string>>;

const ZERO: Quantity = { nano: 0n, format: 'DecimalSI' };
export const quantityOf = (text: string | undefined): Quantity =>
  text === undefined ? ZERO : (parseQuantity(text) ?? ZERO);
export const isGreater = (a: string | undefined, b: string | undefined): boolean =>
  a !== b && compareQuantities(quantityOf(a), quantityOf(b)) > 0;
export const isSame = (a: string | undefined, b: string | undefined): boolean =>
  compareQuantities(quantityOf(a), quantityOf(b)) === 0;
export const isPositive = (text: string | undefined): boolean => quantityOf(text).nano > 0n;
const NANO = 1_000_000_000n;
const isWhole = (text: string): boolean => quantityOf(text).nano % NANO === 0n;

export function quantityNotNegative(text: string, at: Field): void {
  // Canonical text says its sign first.
  if (text.startsWith('-')) at.invalid(text, NOT_NEGATIVE);
}

/** An amount of something; upstream shows a negative one as the whole number it is. */
export function basicQuantity(text: string, at: Field): void {
  const { nano } = quantityOf(text);
  if (nano < 0n) at.invalid(Number(nano / NANO), 'must be a valid resource quantity');
}

export function quantityPositive(text: string, at: Field): void {
  if (quantityOf(text).nano <= 0n) at.invalid(text, 'must be greater than zero');
}

const CONTAINER = new Set(['cpu', 'memory', 'ephemeral-storage']);
const QUOTA = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
]);
const STANDARD = new Set([...QUOTA, 'storage']);
const INTEGER = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isQuotaHugePages = (name: string): boolean => isHugePages(name.replace(/^requests\./, ''));
/** Kubernetes's own resources: without a prefix, or under kubernetes.io. */
export const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
/** Whole devices of others, never shared or overcommitted. */
export const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith('requests.') && qualifiedNameErrors(`requests.${name}`).length === 0;
export const isOvercommitable = (name: string): boolean => isNative(name) && !isHugePages(name);
const isIntegral = (name: string): boolean => INTEGER.has(name) || isExtended(name);

/** The name of a resource anywhere in the API. */
export function resourceName(name: string, at: Field): void {
  const errors = qualifiedNameErrors(name);
  for (const error of errors) at.invalid(name, error);
  const isStandard = STANDARD.has(name) || isQuotaHugePages(name);
  if (errors.length === 0 && !name.includes('/') && !isStandard)
    at.invalid(name, 'must be a standard resource type or fully qualified');
}

/** A resource that containers may ask for. */
export function containerResourceName(name: string, at: Field): void {
  resourceName(name, at);
  if (!name.includes('/')) {
    if (!CONTAINER.has(name) && !isHugePages(name)) at.invalid(name, 'must be a standard resource for containers');
  } else if (!isNative(name) && !isExtended(name)) at.invalid(name, "doesn't follow extended resource name standard");
}

export const isStandardQuota = (name: string): boolean => QUOTA.has(name) || isQuotaHugePages(name);

/** A resource that a quota may bound: also counts of objects (`count/pods`). */
export function quotaResourceName(name: string, at: Field): void {
  resourceName(name, at);
  if (!name.includes('/') && !isStandardQuota(name)) at.invalid(name, 'must be a standard resource for quota');
}

export function resourceQuantity(name: string, text: string, at: Field): void {
  quantityNotNegative(text, at);
  if (isIntegral(name) && !isWhole(text)) at.invalid(text, 'must be an integer');
}

/** Bytes come whole. */
export function fractionWarnings(
  list: ResourceList | undefined,
  path: string,
  names: readonly string[],
): readonly string[] {
  const told: string[] = [];
  for (const name of names) {
    const text = list?.[name];
    if (text !== undefined && !isWhole(text))
      told.push(`${path}[${name}]: fractional byte value ${JSON.stringify(text)} is invalid, must be an integer`);
  }
  return told;
}

export interface Requirements {
  readonly limits?: ResourceList;
  readonly requests?: ResourceList;
}

/** limits and requests of a container or a pod: upstream's order is limits, then requests, then what they mean together. */
export function resourceRequirements(
  { limits = {}, requests = {} }: Requirements,
  at: Field,
  validateName = containerResourceName,
): void {
  const [limitsAt, requestsAt] = [at.at('limits'), at.at('requests')];
  let [hasCpuOrMemory, hasHugePages] = [false, false];
  for (const [name, text] of entriesOf(limits)) {
    const here = limitsAt.key(name);
    validateName(name, here);
    resourceQuantity(name, text, here);
    if (name === 'cpu' || name === 'memory') hasCpuOrMemory = true;
    if (!isHugePages(name)) continue;
    hasHugePages = true;
    wholePages(name, text, here);
  }
  for (const [name, text] of entriesOf(requests)) {
    const here = requestsAt.key(name);
    validateName(name, here);
    resourceQuantity(name, text, here);
    const limit = limits[name];
    if (limit !== undefined) {
      if (!isOvercommitable(name) && !isSame(text, limit))
        requestsAt.invalid(text, `must be equal to ${name} limit of ${limit}`);
      else if (isGreater(text, limit))
        requestsAt.invalid(text, `must be less than or equal to ${name} limit of ${limit}`);
    } else if (!isOvercommitable(name)) limitsAt.required('Limit must be set for non overcommitable resources');
    if (isHugePages(name)) {
      hasHugePages = true;
      wholePages(name, text, here);
    }
    if (name === 'cpu' || name === 'memory') hasCpuOrMemory = true;
  }
  if (hasHugePages && !hasCpuOrMemory) at.forbidden('HugePages require cpu or memory');
}

function wholePages(name: string, text: string, at: Field): void {
  const page = parseQuantity(name.slice('hugepages-'.length));
  if (page && page.nano > 0n && quantityOf(text).nano % page.nano !== 0n) {
    at.invalid(text, `${text} is not positive integer multiple of ${name}`);
  }
}
