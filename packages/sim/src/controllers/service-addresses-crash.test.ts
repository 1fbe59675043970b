import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipAddress, service, serviceAddresses } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { StatusError } from '@navarch/machinery';
import { SimCluster } from '../sim-cluster.ts';

/** Whatever it was that the server was asked for, it may be down now. */
async function tried(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}

async function isTogether(cluster: SimCluster): Promise<void> {
  const held = (await cluster.api.of(ipAddress).list()).items.map(
    ({ metadata, spec }) => `${metadata.name} ${spec.parentRef?.name}`,
  );
  const wanted = (await cluster.api.of(service).list()).items.flatMap((one) =>
    serviceAddresses(one).map((address) => `${address} ${one.metadata.name}`),
  );
  assert.deepEqual(held.sort(), wanted.sort());
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`services and their addresses are never apart, wherever the server crashes, seed ${seed}`, async () => {
    await using cluster = await SimCluster.start({ nodes: 0, seed, diskMs: 40 });
    const random = seededRandom(seed);
    const api = cluster.api.of(service);
    for (let i = 0; i < 60; i++) {
      const name = `s${random.uint32() % 5}`;
      const asked =
        random.uint32() % 3 > 0
          ? api.create({
              metadata: { name, namespace: 'default' },
              spec: {
                ports: [{ port: 80 }],
                clusterIP: random.uint32() % 2 ? `10.96.9.${(random.uint32() % 4) + 1}` : '',
              },
            })
          : api.delete(`default/${name}`);
      const answered = tried(asked);
      if (random.uint32() % 8 === 0) {
        await cluster.advance(`${random.uint32() % 60}ms`);
        await cluster.crashServer('500ms');
      } else await cluster.advance('200ms');
      await answered;
      await isTogether(cluster);
    }
    await cluster.advance('3m');
    await isTogether(cluster);
  });
}
