import { pod, type PodSpec } from '@navarch/api';
import { settleAll } from '@navarch/base';
import type { Api } from '@navarch/client';
import type { GrpcRuntime } from '@navarch/node/cri';
import { setTimeout as sleep } from 'node:timers/promises';

export const PAUSE = 'docker.io/library/pause:latest';
const NAMESPACE = 'default';
const LOOK_MS = 100;

/** The pods of a benchmark on the only node of a cluster: as many as are asked for, each with this container. */
export class NodePods {
  readonly #api: Api;
  readonly #runtime: GrpcRuntime;
  readonly #spec: Partial<PodSpec>;

  constructor(api: Api, runtime: GrpcRuntime, spec: Partial<PodSpec> = {}) {
    this.#api = api;
    this.#runtime = runtime;
    this.#spec = spec;
  }

  /** Resolves to their uids when there are so many, all of them ready, and nothing of others is left on the node. */
  async have(count: number, signal: AbortSignal): Promise<readonly string[]> {
    const pods = this.#api.of(pod);
    const wanted = Array.from({ length: count }, (_, i) => `bench-${i}`);
    const before = (await pods.list({ namespace: NAMESPACE })).items.map(({ metadata }) => metadata.name);
    await settleAll<unknown>([
      ...before
        .filter((name) => !wanted.includes(name))
        .map((name) => pods.delete(`${NAMESPACE}/${name}`, { gracePeriodSeconds: 0 })),
      ...wanted
        .filter((name) => !before.includes(name))
        .map((name) => pods.create({ metadata: { name, namespace: NAMESPACE }, spec: this.#specOf() })),
    ]);
    for (;;) {
      const { items } = await pods.list({ namespace: NAMESPACE });
      const isReady = ({ status }: (typeof items)[number]): boolean =>
        status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
      const { items: sandboxes } = await this.#runtime.listPodSandbox({}, signal);
      const isLeft = sandboxes.some(
        ({ metadata }) => metadata?.namespace === NAMESPACE && !wanted.includes(metadata.name),
      );
      if (items.length === count && items.every(isReady) && !isLeft) return items.map(({ metadata }) => metadata.uid);
      await sleep(LOOK_MS, undefined, { signal });
    }
  }

  #specOf(): PodSpec {
    const container = { name: 'main', image: PAUSE, imagePullPolicy: 'IfNotPresent' };
    return { terminationGracePeriodSeconds: 0, containers: [container], ...this.#spec } as PodSpec;
  }
}
