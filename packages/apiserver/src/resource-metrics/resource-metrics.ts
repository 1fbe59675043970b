import { node, type Node, nodeMetrics, pod, type Pod, podMetrics } from '@navarch/api';
import { type Clock, type Logger, TaskGroup } from '@navarch/base';
import { formatDuration, formatTime, type Kind, type ObjectOf } from '@navarch/machinery';
import type { Registry } from '../registry/registry.ts';
import { nodeAddress } from '../subresources/pods.ts';
import { type NodeUsage, type Point, readNodeUsage } from './node-usage.ts';

type NodeMetrics = ObjectOf<typeof nodeMetrics>;
type PodMetrics = ObjectOf<typeof podMetrics>;

/** Asks a kubelet, as the API server that it trusts. Rejects unless it answers 200. */
export type ReadKubelet = (
  target: { readonly host: string; readonly port: number; readonly path: string },
  signal: AbortSignal,
) => Promise<string>;

export interface ResourceMetricsDeps {
  readonly registry: Registry;
  readonly readKubelet: ReadKubelet;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between two looks at all nodes; metrics-server's --metric-resolution. */
const INTERVAL_MS = 15_000;
/** A kubelet that says nothing for that long is passed over until the next look. */
const ANSWER_MS = 10_000;
/** A container is measured from its start once it has run for so long, though it was looked at only once. */
const FRESH_MS = 10_000;
/** Nodes asked at a time. */
const AT_A_TIME = 50;

interface Looks {
  readonly latest: NodeUsage;
  readonly before: NodeUsage | undefined;
}

interface Silence {
  readonly node: string;
  readonly error: unknown;
}

/** What nodes and pods use, as metrics-server tells it: the rate of CPU between the last two looks, the memory at the last one. */
export class ResourceMetrics {
  readonly #deps: ResourceMetricsDeps;
  /** Of every node that answered the last time it was asked. */
  readonly #looks = new Map<string, Looks>();
  /** Nodes that did not answer the last time. */
  readonly #silent = new Set<string>();

  constructor(deps: ResourceMetricsDeps) {
    this.#deps = deps;
  }

  /** Looks at all nodes from time to time until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#look(signal);
      await this.#deps.clock.sleep(INTERVAL_MS, signal);
    }
  }

  nodes(): readonly NodeMetrics[] {
    return this.#all(node).flatMap((held) => {
      const looks = this.#looks.get(held.metadata.name);
      const used = usageOf(looks?.latest.node, looks?.before?.node);
      return used
        ? [
            {
              apiVersion: 'metrics.k8s.io/v1beta1',
              kind: 'NodeMetrics',
              ...headOf(held, used),
              usage: quantities(used),
            },
          ]
        : [];
    });
  }

  /** Only pods all of whose running containers have been measured: a part of one would be taken for all of it. */
  pods(namespace: string): readonly PodMetrics[] {
    return this.#all(pod, namespace).flatMap((held) => {
      const looks = this.#looks.get(held.spec.nodeName ?? '');
      const used = looks && containersOf(held, looks);
      const [first] = used ?? [];
      if (!used || !first) return [];
      const containers = used.map(({ name, ...usage }) => ({ name, usage: quantities(usage) }));
      return [{ apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', ...headOf(held, first), containers }];
    });
  }

  async #look(signal: AbortSignal): Promise<void> {
    const names = this.#all(node).map(({ metadata }) => metadata.name);
    const known = new Set(names);
    for (const name of this.#looks.keys()) if (!known.has(name)) this.#looks.delete(name);
    for (const name of this.#silent) if (!known.has(name)) this.#silent.delete(name);
    const fellSilent: Silence[] = [];
    for (let at = 0; at < names.length; at += AT_A_TIME) {
      await using group = new TaskGroup(signal);
      for (const name of names.slice(at, at + AT_A_TIME)) group.spawn((s) => this.#lookAt(name, fellSilent, s));
      await group.join();
    }
    // One line, and not of those who were silent before: thousands of nodes without a kubelet would fill the log.
    const [first] = fellSilent;
    if (first) this.#deps.log.info('a node does not say what it uses', { ...first, others: fellSilent.length - 1 });
  }

  async #lookAt(name: string, fellSilent: Silence[], signal: AbortSignal): Promise<void> {
    try {
      const address = nodeAddress(this.#deps.registry, name);
      const latest = await this.#usageAt(address, signal);
      this.#looks.set(name, { latest, before: this.#looks.get(name)?.latest });
      this.#silent.delete(name);
    } catch (error) {
      signal.throwIfAborted();
      this.#looks.delete(name);
      if (!this.#silent.has(name)) fellSilent.push({ node: name, error });
      this.#silent.add(name);
    }
  }

  async #usageAt(address: ReturnType<typeof nodeAddress>, signal: AbortSignal): Promise<NodeUsage> {
    const { readKubelet, clock } = this.#deps;
    const patience = new AbortController();
    const life = AbortSignal.any([signal, patience.signal]);
    await using group = new TaskGroup(life);
    group.spawn(async (s) => {
      await clock.sleep(ANSWER_MS, s);
      patience.abort(new Error('no answer in time'));
    });
    const text = await readKubelet({ ...address, path: '/metrics/resource' }, life).finally(() =>
      patience.abort(new Error('done')),
    );
    return readNodeUsage(text, clock.now());
  }

  #all<O extends Node | Pod>(kind: Kind<O>, namespace = ''): readonly O[] {
    const { shelf } = this.#deps.registry.of(kind);
    return [...shelf.cache.range(shelf.prefixOf(namespace))].map(({ object }) => object as O);
  }
}

interface Usage {
  readonly atMs: number;
  readonly windowMs: number;
  readonly cores: number;
  readonly memoryBytes: number;
}

/** What was used between two points; undefined where they are no two points of one life. */
function usageOf(latest: Point | undefined, before: Point | undefined): Usage | undefined {
  if (!latest) return undefined;
  const isSameLife =
    before &&
    before.atMs < latest.atMs &&
    before.cpuSeconds <= latest.cpuSeconds &&
    (latest.startMs ?? 0) <= before.atMs;
  const isFresh =
    latest.startMs !== undefined &&
    latest.atMs - latest.startMs >= FRESH_MS &&
    latest.atMs - latest.startMs < 2 * INTERVAL_MS;
  const from = isSameLife ? before : isFresh ? { atMs: latest.startMs ?? 0, cpuSeconds: 0 } : undefined;
  if (!from) return undefined;
  const windowMs = latest.atMs - from.atMs;
  return {
    atMs: latest.atMs,
    windowMs,
    cores: ((latest.cpuSeconds - from.cpuSeconds) * 1000) / windowMs,
    memoryBytes: latest.memoryBytes,
  };
}

function containersOf(
  { metadata, status }: Pod,
  { latest, before }: Looks,
): readonly (Usage & { readonly name: string })[] | undefined {
  const key = `${metadata.namespace}/${metadata.name}`;
  const running = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
    .filter((c) => c.state?.running)
    .map((c) => c.name);
  const measured = [...new Set([...running, ...(latest.pods.get(key)?.keys() ?? [])])].map((name) => {
    const used = usageOf(latest.pods.get(key)?.get(name), before?.pods.get(key)?.get(name));
    return used && { ...used, name };
  });
  const known = measured.filter((used) => used !== undefined);
  return known.length > 0 && known.length === measured.length ? known : undefined;
}

const headOf = ({ metadata }: Node | Pod, { atMs, windowMs }: Usage) => ({
  metadata: {
    name: metadata.name,
    ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
    ...(metadata.labels ? { labels: metadata.labels } : {}),
    creationTimestamp: formatTime(atMs),
  } as NodeMetrics['metadata'],
  timestamp: formatTime(atMs),
  window: formatDuration(windowMs),
});

/** In billionths of a core and in kibibytes, as metrics-server writes them. */
const quantities = ({ cores, memoryBytes }: Usage): Readonly<Record<string, string>> => ({
  cpu: cores === 0 ? '0' : `${Math.round(cores * 1e9)}n`,
  memory: `${Math.floor(memoryBytes / 1024)}Ki`,
});
