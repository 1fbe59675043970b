import type { Container, Pod, ResourceFieldSelector } from '@navarch/api';
import { parseQuantity } from '@navarch/machinery';
import { configError } from '../start-error.ts';

/** Quantities by resource name. */
export type Amounts = Readonly<Record<string, string>>;

/** Limits that the node stands in for where the container has none. */
const DEFAULTED: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

/**
 * An amount of a container's resources in units of the divisor, rounded up: cores or bytes unless it says otherwise.
 * A limit that is absent, or nothing, is the pod's own limit or what the node has to give; an absent request is 0.
 * `own` is the container that asks; the selector may name another. Throws StartError for one that does not exist.
 */
export function resourceValue(
  pod: Pod,
  own: Container | undefined,
  { containerName, resource, divisor }: ResourceFieldSelector,
  allocatable: Amounts,
): string {
  const target = containerName
    ? [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((c) => c.name === containerName)
    : own;
  if (!target) throw configError(`container ${containerName ?? ''} not found`);
  const dot = resource.indexOf('.');
  const [list, name] = [resource.slice(0, dot), resource.slice(dot + 1)];
  if ((list !== 'limits' && list !== 'requests') || !(DEFAULTED.has(name) || name.startsWith('hugepages-')))
    throw configError(`unsupported container resource : ${resource}`);
  // Processor time is counted in thousandths, everything else in whole units, as upstream rounds them.
  const unit = name === 'cpu' ? 1_000_000n : 1_000_000_000n;
  const whole = (text: string | undefined): bigint => ceilDivide(parseQuantity(text ?? '0')?.nano ?? 0n, unit);
  let amount = whole(target.resources?.[list]?.[name]);
  if (amount === 0n && list === 'limits' && DEFAULTED.has(name)) {
    const podLimit = whole(pod.spec.resources?.limits?.[name]);
    amount = podLimit > 0n ? podLimit : whole(allocatable[name]);
  }
  const by = whole(divisor && divisor !== '0' ? divisor : '1');
  return String(ceilDivide(amount, by === 0n ? 1n : by));
}

const ceilDivide = (value: bigint, by: bigint): bigint => (value + by - 1n) / by;
