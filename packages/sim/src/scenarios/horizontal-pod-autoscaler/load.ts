import type { ExtensionServers, ReadKubelet } from '@navarch/apiserver';
import {
  apiService,
  type ConfigMap,
  configMap,
  endpointSlice,
  isActive,
  node,
  type Pod,
  pod,
  service,
} from '@navarch/api';
import type { Clock } from '@navarch/base';
import { named } from '../drafts.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

/** What people and machines ask of the workload: it is kept in a ConfigMap, as text, and read by who measures it. */
export interface Load {
  /** CPU that all pods use together, in cores. */
  readonly cores?: number;
  /** What the container `side` of each pod uses besides, in cores. */
  readonly side?: number;
  /** Requests that the pods share. */
  readonly requests?: number;
  /** Of the Ingress `main`. */
  readonly hits?: number;
  /** What waits in two queues, which an external system counts. */
  readonly queue?: number;
  /** The add-on answers nobody. */
  readonly isAway?: 1;
}

const KEY = 'default/load';
const asText = (load: Load): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(load).map(([name, value]) => [name, String(value)]));

export const setLoad = (world: World, load: Load): Promise<ConfigMap> =>
  world.change(configMap, KEY, (map) => ({ ...map, data: asText(load) }));
const loadOf = (view: View, name: keyof Load): number => Number(view.get(configMap, KEY)?.data?.[name] ?? 0);

const serving = (view: View): readonly Pod[] =>
  view.list(pod).filter((p) => isActive(p) && p.status.phase === 'Running');

/** The kubelet of the only node: counters of CPU grow by what is used, for as long as a pod runs. */
export function kubelet({ clock, view }: { readonly clock: Clock; readonly view: View }): ReadKubelet {
  const used = new Map<string, number>();
  let beforeMs = 0;
  return async () => {
    const pods = serving(view);
    const now = clock.now();
    const seconds = (now - beforeMs) / 1000;
    beforeMs = now;
    const line = (name: string, container: string, cores: number): string => {
      const labels = `{container="${container}",namespace="default",pod="${name}"}`;
      const total = (used.get(`${name} ${container}`) ?? 0) + seconds * cores;
      used.set(`${name} ${container}`, total);
      return `container_cpu_usage_seconds_total${labels} ${total} ${now}\ncontainer_memory_working_set_bytes${labels} 1048576 ${now}\n`;
    };
    return pods
      .flatMap(({ metadata, spec }) =>
        spec.containers.map(({ name }) =>
          line(metadata.name, name, name === 'side' ? loadOf(view, 'side') : loadOf(view, 'cores') / pods.length),
        ),
      )
      .join('');
  };
}

const CUSTOM = 'custom.metrics.k8s.io';
const EXTERNAL = 'external.metrics.k8s.io';
const TIMESTAMP = '2026-01-01T00:00:00Z';

function answerTo(path: string, view: View): object | undefined {
  const parts = path.split('/');
  const [, , group, version, , , resource, , metric] = parts;
  if (parts.length === 4) return { kind: 'APIResourceList', groupVersion: `${group}/${version}`, resources: [] };
  const metricOf = (name: string, value: number) => ({
    describedObject: { name },
    metric: { name: metric },
    timestamp: TIMESTAMP,
    value: String(value),
  });
  if (group === EXTERNAL && resource === 'queue')
    return {
      items: [0.25, 0.75].map((share) => ({
        metricName: 'queue',
        metricLabels: {},
        timestamp: TIMESTAMP,
        value: String(loadOf(view, 'queue') * share),
      })),
    };
  if (metric === 'requests') {
    const pods = serving(view);
    return { items: pods.map(({ metadata }) => metricOf(metadata.name, loadOf(view, 'requests') / pods.length)) };
  }
  return metric === 'hits' ? { items: [metricOf('main', loadOf(view, 'hits'))] } : undefined;
}

/** An add-on that serves custom and external metrics. */
export const addOn = (view: View): ExtensionServers => ({
  async get(_server, target) {
    if (loadOf(view, 'isAway') === 1) throw new Error('connect ECONNREFUSED');
    const value = answerTo(target.split('?')[0] ?? '', view);
    const body = value ?? { kind: 'Status', code: 404, reason: 'NotFound', message: 'no such metric' };
    return { status: value ? 200 : 404, headers: {}, body: JSON.stringify(body) };
  },
});

/** A node whose kubelet is asked, the add-on by its names, and no load. */
export async function furnishMetrics(world: World): Promise<void> {
  await world.create(configMap, { metadata: named('load') });
  await world.create(node, { metadata: { name: 'node-a' } });
  await world.setStatus(node, 'node-a', (n) => ({
    ...n,
    status: {
      ...n.status,
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    },
  }));
  await world.create(service, { metadata: named('adapter'), spec: { ports: [{ port: 443 }] } });
  await world.create(endpointSlice, {
    metadata: { ...named('adapter-1'), labels: { 'kubernetes.io/service-name': 'adapter' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.9'], conditions: { ready: true } }],
    ports: [{ name: '', port: 443 }],
  });
  for (const [group, version] of [
    [CUSTOM, 'v1beta2'],
    [EXTERNAL, 'v1beta1'],
  ] as const)
    await world.create(apiService, {
      metadata: { name: `${version}.${group}` },
      spec: {
        group,
        version,
        service: { namespace: 'default', name: 'adapter' },
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
      },
    });
}
