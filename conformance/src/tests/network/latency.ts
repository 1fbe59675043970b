import assert from 'node:assert/strict';
import { endpointSlice } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { watching } from '../../watches.ts';
import { createService, serveHostnames, serviceApi } from './reach.ts';

const [SERVICES, AT_A_TIME, SAMPLES_MIN] = [200, 15, 100];
const [MEDIAN_MAX_MS, TAIL_MAX_MS] = [20_000, 50_000];

/** Time from the making of a service to its having an endpoint, of each of many services. */
async function latencies(context: TestContext): Promise<readonly number[]> {
  const { resourceVersion } = await context.api.of(endpointSlice).list({ namespace: context.namespace });
  const watch = watching(context, endpointSlice, { namespace: context.namespace, after: resourceVersion });
  const seen = new Map<string, number>();
  const { clock } = context;
  const samples: number[] = [];
  let next = 0;
  let read = 0;
  const look = (): void => {
    for (; read < watch.changes.length; read += 1) {
      const { object } = watch.changes[read] as (typeof watch.changes)[number];
      const name = object.metadata.labels?.['kubernetes.io/service-name'] ?? '';
      if ((object.endpoints ?? []).length > 0 && !seen.has(name)) seen.set(name, clock.monotonic());
    }
  };
  const worker = async (): Promise<void> => {
    while (next < SERVICES) {
      const name = `latency-svc-${next++}`;
      const start = clock.monotonic();
      await createService(context, name, {
        selector: { name: 'svc-latency-rc' },
        ports: [{ protocol: 'TCP', port: 80 }],
      });
      for (look(); !seen.has(name); look()) {
        if (clock.monotonic() - start > 180_000) return;
        await clock.sleep(10, context.signal);
      }
      samples.push((seen.get(name) ?? 0) - start);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return samples.toSorted((a, b) => a - b);
}

export const latencyTests = [
  conformanceTest(
    '[sig-network] Service endpoints latency should not be very high',
    async (context) => {
      await serveHostnames(context, 'svc-latency-rc', 1);
      const samples = await latencies(context);
      assert.ok(samples.length >= SAMPLES_MIN, `only ${samples.length} services had an endpoint in time`);
      const at = (share: number): number =>
        samples[Math.min(samples.length - 1, Math.floor(samples.length * share))] ?? Infinity;
      context.log(`50%: ${at(0.5)} ms, 90%: ${at(0.9)} ms, 99%: ${at(0.99)} ms of ${samples.length}`);
      assert.ok(at(0.5) <= MEDIAN_MAX_MS && at(0.9) <= TAIL_MAX_MS && at(0.99) <= TAIL_MAX_MS);
      assert.equal((await serviceApi(context).list({ namespace: context.namespace })).items.length, SERVICES);
    },
    600_000,
  ),
];
