import {
  cronJob,
  daemonSet,
  deployment,
  horizontalPodAutoscaler,
  isActive,
  isReady,
  job,
  lease,
  namespace,
  node,
  pod,
  podDisruptionBudget,
  resourceQuota,
  service,
  serviceAccount,
  statefulSet,
} from '@navarch/api';
import type { Api } from '@navarch/client';
import { type ApiObject, type Draft, hasReason, type Kind, type ObjectOf } from '@navarch/machinery';
import { conditionOf, named, podTemplate, withImage } from '../drafts.ts';
import type { World } from '../world.ts';

/** By zone. */
export const NODES: Readonly<Record<string, string>> = { n1: 'east', n2: 'east', n3: 'west', n4: 'west' };
const LEASE_MS = 10_000;

/** Kubelets of the nodes that are up: they renew their leases, and say that they are ready. */
export class Nodes {
  readonly #world: World;
  readonly #down = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  async join(): Promise<void> {
    for (const [name, zone] of Object.entries(NODES)) {
      const labels = { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone };
      await this.#world.create(node, { metadata: { name, labels } });
    }
    this.#world.meanwhile((api, signal) => this.#beatForEver(api, signal));
  }

  lose(name: string): void {
    this.#down.add(name);
    this.#world.loseNode(name);
  }

  recover(name: string): void {
    this.#down.delete(name);
    this.#world.recoverNode(name);
  }

  get down(): readonly string[] {
    return [...this.#down];
  }

  async #beatForEver(api: Api, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const name of Object.keys(NODES)) {
        // A server that is away is spoken to again the next time.
        if (!this.#down.has(name)) await this.#beat(name, api).catch(() => undefined);
      }
      await this.#world.clock.sleep(LEASE_MS, signal);
    }
  }

  async #beat(name: string, api: Api): Promise<void> {
    const { view, clock } = this.#world;
    const now = new Date(clock.now()).toISOString();
    const spec = { renewTime: now.replace('Z', '000Z'), holderIdentity: name, leaseDurationSeconds: 40 };
    const key = `kube-node-lease/${name}`;
    if (view.get(lease, key)) await api.of(lease).update(key, (l) => ({ ...l, spec: { ...l.spec, ...spec } }));
    else await api.of(lease).create({ metadata: { name, namespace: 'kube-node-lease' }, spec });
    if (conditionOf(view.get(node, name), 'Ready')?.status === 'True') return;
    const at = `${now.slice(0, 19)}Z`;
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      lastHeartbeatTime: at,
      lastTransitionTime: at,
    };
    await api
      .of(node)
      .patch(name, { type: 'strategic', body: { status: { conditions: [ready] } } }, { subresource: 'status' });
  }
}

/** What a team has: some of everything. */
export async function furnish(world: World, inNamespace: string): Promise<void> {
  const make = <O extends ApiObject>(kind: Kind<O>, name: string, spec: object): Promise<O> =>
    world.create(kind, { metadata: { name, namespace: inNamespace }, spec } as unknown as Draft<O>);
  const app = (name: string, more: object = {}) => ({
    selector: { matchLabels: { app: name } },
    template: podTemplate(name, 'v1', more),
  });
  const once = { template: podTemplate('once', 'v1', { restartPolicy: 'Never' }) };
  await make(resourceQuota, 'q', { hard: { pods: '20' } });
  await make(deployment, 'web', {
    replicas: 4,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    ...app('web'),
  });
  await make(service, 'web', { selector: { app: 'web' }, ports: [{ port: 80 }] });
  await make(podDisruptionBudget, 'web', { minAvailable: 2, selector: { matchLabels: { app: 'web' } } });
  await make(horizontalPodAutoscaler, 'web', {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    minReplicas: 2,
    maxReplicas: 6,
  });
  await make(statefulSet, 'db', { serviceName: 'db', replicas: 2, ...app('db') });
  await make(daemonSet, 'agent', app('agent'));
  await make(job, 'work', { completions: 3, parallelism: 2, completionMode: 'Indexed', ...once });
  await make(cronJob, 'tick', { schedule: '* * * * *', successfulJobsHistoryLimit: 1, jobTemplate: { spec: once } });
}

const WEB = 'default/web';

/** One of the things that people do, and the weather. */
export async function actOnce(world: World, nodes: Nodes): Promise<void> {
  const roll = (sides: number): number => world.random.uint32() % sides;
  const some = <T>(all: readonly T[]): T => all[roll(all.length)] as T;
  const acts: readonly (() => Promise<unknown> | unknown)[] = [
    () => world.change(deployment, WEB, (d) => ({ ...d, spec: { ...d.spec, replicas: 2 + roll(4) } })),
    () => world.change(deployment, WEB, (d) => ({ ...d, spec: withImage(d.spec, `v${1 + roll(3)}`) })),
    () => world.change(statefulSet, 'default/db', (s) => ({ ...s, spec: withImage(s.spec, `v${1 + roll(3)}`) })),
    () => world.change(statefulSet, 'default/db', (s) => ({ ...s, spec: { ...s.spec, replicas: 1 + roll(3) } })),
    () => world.change(daemonSet, 'default/agent', (d) => ({ ...d, spec: withImage(d.spec, `v${1 + roll(3)}`) })),
    () => world.change(cronJob, 'default/tick', (c) => ({ ...c, spec: { ...c.spec, suspend: roll(2) === 0 } })),
    () => evictOne(world, roll),
    () => nodes.lose(some(Object.keys(NODES))),
    () => Object.entries(NODES).forEach(([name, zone]) => zone === 'east' && nodes.lose(name)),
    () => nodes.down.forEach((name) => nodes.recover(name)),
    () => passingTeam(world),
    () => remakeJob(world),
  ];
  await some(acts)();
}

async function evictOne(world: World, roll: (sides: number) => number): Promise<void> {
  const ready = world.view.list(pod, 'default').filter((p) => isActive(p) && isReady(p));
  const name = ready[roll(Math.max(1, ready.length))]?.metadata.name;
  if (name === undefined) return;
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: named(name) };
  await world.refusal((api) => api.of(pod).post(`default/${name}`, 'eviction', body));
}

/** A namespace that is there for a moment, with something in it. */
async function passingTeam(world: World): Promise<void> {
  if (world.view.get(namespace, 'team')) return world.remove(namespace, 'team');
  await world.create(namespace, { metadata: { name: 'team' } });
  await world.refusal((api) => api.of(serviceAccount).create({ metadata: { name: 'default', namespace: 'team' } }));
  await world.create(deployment, {
    metadata: { name: 'brief', namespace: 'team' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'brief' } }, template: podTemplate('brief') },
  });
}

async function remakeJob(world: World): Promise<void> {
  const found = world.view.get(job, 'default/work');
  await world.remove(job, 'default/work', { propagationPolicy: 'Background' });
  await world.until('the job is gone', (view) => view.get(job, 'default/work')?.metadata.uid !== found?.metadata.uid);
  const template = podTemplate('once', 'v1', { restartPolicy: 'Never' });
  try {
    await world.create(job, {
      metadata: named('work'),
      spec: { completions: 3, parallelism: 2, completionMode: 'Indexed', template },
    } as unknown as Draft<ObjectOf<typeof job>>);
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
}
