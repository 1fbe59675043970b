import { type Clock, type Logger, TaskGroup } from '@navarch/base';
import {
  type BootstrapOptions,
  ensureKubernetesService,
  ensureNamespaces,
  ensureServerEndpoints,
  ensureServiceRange,
} from '../bootstrap/bootstrap.ts';
import { ensureFlow } from '../flow/default-flow.ts';
import type { Registry } from '../registry/registry.ts';

/** As often as upstream looks for each of them. */
const SERVICE_MS = 10_000;
const NAMESPACES_MS = 60_000;

export interface OwnObjectsDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Makes again what the server itself needs and somebody took away, for as long as the signal lasts: `kubectl delete
 * service --all` cuts no pod off from the server, and nodes find the namespace of their leases.
 */
export async function keepOwnObjects(
  registry: Registry,
  options: BootstrapOptions,
  { clock, log }: OwnObjectsDeps,
  signal: AbortSignal,
): Promise<void> {
  const keep = async (what: string, everyMs: number, make: () => Promise<void>, until: AbortSignal): Promise<void> => {
    for (;;) {
      await clock.sleep(everyMs, until);
      try {
        await make();
      } catch (error) {
        // Another server of the cluster may have been first; what is still missing is made in the next round.
        if (!until.aborted) log.info('own objects not made again', { what, error });
      }
    }
  };
  await using group = new TaskGroup(signal);
  group.spawn((until) => keep('namespaces', NAMESPACES_MS, () => ensureNamespaces(registry), until));
  group.spawn((until) => keep('priority and fairness', NAMESPACES_MS, () => ensureFlow(registry), until));
  group.spawn((until) =>
    keep('service range', SERVICE_MS, () => ensureServiceRange(registry, options.serviceCidr.split(',')), until),
  );
  const ensureService = async (): Promise<void> => {
    await ensureKubernetesService(registry, options);
    await ensureServerEndpoints(registry, options);
  };
  group.spawn((until) => keep('service', SERVICE_MS, ensureService, until));
  await group.join();
}
