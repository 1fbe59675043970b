import type { Service } from '@navarch/api';
import type { EventText } from '@navarch/client';
import { equalJson } from '@navarch/machinery';

/** One of a class is made by whoever made the class. */
export const wantsBalancer = ({ spec }: Service): boolean =>
  spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined;

type Aspect = readonly [of: (service: Service) => unknown, tell?: (before: Service, now: Service) => EventText];

/** As Go prints a list. */
const listed = (items: readonly string[] | undefined): string => `[${(items ?? []).join(' ')}]`;
const told = (reason: string, before: unknown, now: unknown): EventText => ({
  type: 'Normal',
  reason,
  message: `${String(before ?? '')} -> ${String(now ?? '')}`,
});

/** What a balancer depends on, in upstream's order: the first that differs is told, where it is told at all. */
const ASPECTS: readonly Aspect[] = [
  [
    ({ spec }) => spec.loadBalancerSourceRanges ?? [],
    ({ spec: before }, { spec: now }) =>
      told('LoadBalancerSourceRanges', listed(before.loadBalancerSourceRanges), listed(now.loadBalancerSourceRanges)),
  ],
  [({ spec }) => [spec.ports ?? [], spec.sessionAffinity, spec.sessionAffinityConfig ?? null]],
  [
    ({ spec }) => spec.loadBalancerIP ?? '',
    ({ spec: before }, { spec: now }) => told('LoadbalancerIP', before.loadBalancerIP, now.loadBalancerIP),
  ],
  [
    ({ spec }) => spec.externalIPs ?? [],
    ({ spec: { externalIPs: before = [] } }, { spec: { externalIPs: now = [] } }) => ({
      type: 'Normal',
      reason: 'ExternalIP',
      message:
        before.length === now.length
          ? `Added: ${now.find((address, i) => address !== before[i])}`
          : `Count: ${before.length} -> ${now.length}`,
    }),
  ],
  [({ metadata }) => metadata.annotations ?? {}],
  [({ metadata }) => metadata.uid, ({ metadata: before }, { metadata: now }) => told('UID', before.uid, now.uid)],
  [
    ({ spec }) => spec.externalTrafficPolicy ?? '',
    ({ spec: before }, { spec: now }) =>
      told('ExternalTrafficPolicy', before.externalTrafficPolicy, now.externalTrafficPolicy),
  ],
  [
    ({ spec }) => spec.healthCheckNodePort ?? 0,
    ({ spec: before }, { spec: now }) =>
      told('HealthCheckNodePort', before.healthCheckNodePort ?? 0, now.healthCheckNodePort ?? 0),
  ],
  [
    ({ spec }) => spec.ipFamilies?.length ?? 0,
    ({ spec: before }, { spec: now }) => ({
      type: 'Normal',
      reason: 'IPFamilies',
      message: `Count: ${before.ipFamilies?.length ?? 0} -> ${now.ipFamilies?.length ?? 0}`,
    }),
  ],
];

/** What there is to tell of a change that the balancer has to follow; undefined: it is as it was. */
export function changesOf(before: Service, now: Service): readonly EventText[] | undefined {
  if (wantsBalancer(before) !== wantsBalancer(now)) return [told('Type', before.spec.type, now.spec.type)];
  if (!wantsBalancer(now)) return undefined;
  const differing = ASPECTS.find(([of]) => !equalJson(of(before), of(now)));
  return differing && (differing[1] ? [differing[1](before, now)] : []);
}
