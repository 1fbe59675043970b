import { keyOf } from '@navarch/machinery';
import { type Rule, ruleOf } from './constraints.ts';
import type { Claim, DeviceClass, ExactRequest, Request, SubRequest, Toleration } from './devices.ts';
import type { Selector } from './selectors.ts';

/** One way in which a request can be met. */
export interface Way {
  /** `request`, or `request/alternative`: as results and configurations name it. */
  readonly name: string;
  readonly request: string;
  readonly deviceClass: DeviceClass;
  readonly selectors: readonly Selector[];
  /** undefined: all devices that it means. */
  readonly count: number | undefined;
  readonly isAdmin: boolean;
  readonly tolerations: readonly Toleration[];
  readonly capacity: Readonly<Record<string, string>>;
}

export interface ClaimPlan {
  /** `namespace/name` */
  readonly key: string;
  readonly claim: Claim;
  /** Of each request its ways, the best first. */
  readonly requests: readonly (readonly Way[])[];
  /** Made anew for every search: they remember who joined. */
  readonly rules: () => readonly Rule[];
}

/** What it takes to allocate a claim, or why that cannot be done on any node. */
export function planOf(claim: Claim, classOf: (name: string) => DeviceClass | undefined): ClaimPlan | string {
  const { requests, constraints = [] } = claim.spec.devices;
  const ways: (readonly Way[])[] = [];
  for (const request of requests ?? []) {
    const found = waysOf(request, classOf);
    if (typeof found === 'string') return found;
    ways.push(found);
  }
  const key = keyOf(claim);
  for (const [i, constraint] of constraints.entries())
    if (!ruleOf(constraint)) return `claim ${key}, constraint #${i}: empty constraint (unsupported constraint type?)`;
  return {
    key,
    claim,
    requests: ways,
    rules: () => constraints.map(ruleOf).filter((rule) => rule !== undefined),
  };
}

function waysOf(
  { name, exactly, firstAvailable }: Request,
  classOf: (name: string) => DeviceClass | undefined,
): readonly Way[] | string {
  const asked: readonly (readonly [name: string, asked: ExactRequest | SubRequest])[] = exactly
    ? [[name, exactly]]
    : (firstAvailable ?? []).map((one) => [`${name}/${one.name}`, one]);
  if (asked.length === 0) return `request ${name}: unsupported request type`;
  const ways: Way[] = [];
  for (const [wayName, one] of asked) {
    const deviceClass = classOf(one.deviceClassName);
    if (!deviceClass) return `request ${wayName}: device class ${one.deviceClassName} does not exist`;
    ways.push({
      name: wayName,
      request: name,
      deviceClass,
      selectors: one.selectors ?? [],
      count: one.allocationMode === 'All' ? undefined : Number(one.count ?? 1),
      isAdmin: 'adminAccess' in one && one.adminAccess === true,
      tolerations: one.tolerations ?? [],
      capacity: one.capacity?.requests ?? {},
    });
  }
  return ways;
}
