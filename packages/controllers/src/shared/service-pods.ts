import { isReady, isTerminal, type Pod, pod, service, type Service, type ServicePort } from '@navarch/api';
import { byNamespace, type CacheReader, defineIndex } from '@navarch/client';
import { equalJson, type Key, keyOf, type Selector, selectorFromMap } from '@navarch/machinery';
import { NOBODY, type Watch } from '../controller.ts';

const compiled = new WeakMap<object, Selector>();

/** undefined: whoever made the service says itself where it leads. */
export function selectorOf({ spec }: Service): Selector | undefined {
  if (!spec.selector || spec.type === 'ExternalName') return undefined;
  let selector = compiled.get(spec.selector);
  if (!selector) compiled.set(spec.selector, (selector = selectorFromMap(spec.selector)));
  return selector;
}

export const addressesOf = (p: Pod): readonly string[] =>
  p.status.podIPs?.map(({ ip }) => ip) ?? (p.status.podIP ? [p.status.podIP] : []);

const isReachable = (p: Pod): boolean => !isTerminal(p) && addressesOf(p).length > 0;

/** By namespace, those that have somewhere to send to. */
const reachable = defineIndex<Pod>((p) => (isReachable(p) ? [p.metadata.namespace ?? ''] : []));

/** The pods of a service that have somewhere to send to. */
export const podsOf = (found: Service, selector: Selector, cache: CacheReader): readonly Pod[] =>
  cache.find(pod, reachable, found.metadata.namespace ?? '').filter((p) => selector.matches(p.metadata.labels));

/** The number a service port leads to in this pod; undefined where the pod has no port of that name. */
export function targetPortOf({ targetPort, port, protocol }: ServicePort, p: Pod): number | undefined {
  if (typeof targetPort === 'number') return targetPort === 0 ? port : targetPort;
  if (targetPort === undefined || targetPort === '') return port;
  const sidecars = (p.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  const ports = [...p.spec.containers, ...sidecars].flatMap((container) => container.ports ?? []);
  return ports.find(
    (candidate) => candidate.name === targetPort && (candidate.protocol ?? 'TCP') === (protocol ?? 'TCP'),
  )?.containerPort;
}

/** Whatever of a pod an endpoint shows. */
const shownOf = (p: Pod): unknown => [
  p.metadata.labels,
  p.metadata.deletionTimestamp,
  p.metadata.uid,
  isReady(p),
  isTerminal(p),
  addressesOf(p),
  p.spec.nodeName,
  p.spec.hostname,
  p.spec.subdomain,
];

/**
 * A pod wakes the services that select it, and those that did before its labels changed; not while it has nowhere to send
 * to: thousands that are waiting for their nodes change nothing of what a service leads to.
 */
export const podsOfServices: Watch<Pod> = {
  kind: pod,
  keys({ current, previous }, cache) {
    if (![current, previous].some((p) => p && isReachable(p))) return [];
    // Most namespaces with many pods have few services: what is cheap is asked first.
    if (cache.find(service, byNamespace, (current ?? previous)?.metadata.namespace ?? '').length === 0) return NOBODY;
    const now = current ? servicesOf(current, cache) : NOBODY;
    const before = previous ? servicesOf(previous, cache) : NOBODY;
    if (now.length === 0 && before.length === 0) return NOBODY;
    if (current && previous && equalJson(shownOf(current), shownOf(previous))) return NOBODY;
    return new Set([...now, ...before]);
  },
};

/** Keys of the services that select a pod. */
export function servicesOf(p: Pod, cache: CacheReader): readonly Key[] {
  const keys: Key[] = [];
  for (const candidate of cache.find(service, byNamespace, p.metadata.namespace ?? ''))
    if (selectorOf(candidate)?.matches(p.metadata.labels)) keys.push(keyOf(candidate));
  return keys;
}

/** When what a service leads to last changed, as the trigger annotations tell (SIG Scalability's programming latency). */
export function triggerTime(found: Service, pods: readonly Pod[]): string {
  const changes = pods.map(
    (p) => p.status.conditions?.find((c) => c.type === 'Ready')?.lastTransitionTime ?? p.metadata.creationTimestamp,
  );
  return [found.metadata.creationTimestamp, ...changes].reduce((a, b) => (a > b ? a : b));
}
