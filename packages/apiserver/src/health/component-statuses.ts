import { componentStatus } from '@navarch/api';
import type { ComputedResource } from '../resource-metrics/computed.ts';
import type { StoreCheck } from './store-check.ts';

/** Where upstream's server looks for those that it does not start itself. */
const PORTS: Readonly<Record<Component, number>> = { 'controller-manager': 10_257, scheduler: 10_259 };

/** What may run beside a server. */
export type Component = 'controller-manager' | 'scheduler';

/**
 * The parts that upstream looks at. Of the store the server knows, which could not answer without; those that run in its
 * process live as long as it does; nobody listens for others.
 */
export function componentStatuses(store: StoreCheck, beside: readonly Component[]): ComputedResource {
  let problem: string | undefined;
  const parts = Object.entries(PORTS) as readonly (readonly [Component, number])[];
  return {
    kind: componentStatus,
    refresh: async () => {
      problem = await store.problem();
    },
    list: () =>
      [
        ...parts.map(([name, port]) => statusOf(name, beside.includes(name) ? undefined : unheard(port))),
        statusOf('etcd-0', problem),
      ] as never,
  };
}

const unheard = (port: number): string =>
  `Get "https://127.0.0.1:${port}/healthz": dial tcp 127.0.0.1:${port}: connect: connection refused`;

const statusOf = (name: string, problem: string | undefined): unknown => ({
  apiVersion: 'v1',
  kind: 'ComponentStatus',
  metadata: { name },
  conditions: [{ type: 'Healthy', status: problem === undefined ? 'True' : 'False', message: problem ?? 'ok' }],
});
