import { endpointSlice, ingress, ingressClass, secret, service } from '@navarch/api';
import { Marks, TaskGroup } from '@navarch/base';
import { type IngressDeps, IngressServer } from './server.ts';

/** Changes that arrive within this time are taken up together. */
const COALESCE_MS = 20;
const RETRY_MS = 5_000;
const WHAT_IS_SERVED = [service, endpointSlice, secret] as const;

/**
 * Serves Ingresses and Gateways of our classes until the signal aborts; the engine goes on. Where there are none nothing is
 * listened on, and neither services nor secrets are read.
 */
export async function runIngress(deps: IngressDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const { cache, clock, log, gateways } = deps;
  const marks = new Marks();
  const server = new IngressServer(deps);
  cache.onChange(ingress, marks.set);
  cache.onChange(ingressClass, marks.set);
  await cache.whenSynced([ingress, ingressClass], group.signal);
  group.spawn((s) => gateways.run(marks.set, s));
  let isServing = false;
  let isRetrying = false;
  while (await marks.take(clock, COALESCE_MS, group.signal)) {
    try {
      const wanted = server.wanted();
      if (!wanted.isEmpty && !isServing) {
        isServing = true;
        cache.onChange(service, marks.set);
        cache.onChange(endpointSlice, marks.set);
        cache.onChange(secret, marks.set);
        await cache.whenSynced(WHAT_IS_SERVED, group.signal);
        group.spawn((s) => server.watchEngine(marks.set, s));
      }
      await server.serve(wanted, group.signal);
    } catch (error) {
      if (group.signal.aborted) return;
      log.warn('ingress not served as it should be', { error });
      if (isRetrying) continue;
      isRetrying = true;
      group.spawn(async (s) => {
        await clock.sleep(RETRY_MS, s).catch(() => undefined);
        isRetrying = false;
        marks.set();
      });
    }
  }
}
