import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoints, endpointSlice, isReady, node, type Pod, pod, service, type Service } from '@navarch/api';
import { type Random, seededRandom } from '@navarch/base';
import { endpointsController, endpointSliceController } from '@navarch/controllers';
import { ControlPlane, quickPods } from '../testing/control-plane.ts';

const FAULTS = { latencyMs: 200, watchLagMs: 3000, loseAnswer: 0.15, refuse: 0.1, breakWatch: 0.05 };
const SERVICES: readonly Partial<Service['spec']>[] = [
  {},
  { publishNotReadyAddresses: true },
  { trafficDistribution: 'PreferSameZone' },
  { trafficDistribution: 'PreferSameNode' },
];
const TIERS = ['web', 'db'];

async function furnished(seed: number): Promise<ControlPlane> {
  const plane = await ControlPlane.start({
    controllers: [endpointSliceController, endpointsController],
    pods: { ...quickPods, stopMs: 4000 },
    seed,
    faults: FAULTS,
  });
  await plane.withServiceAccount();
  for (const [i, name] of quickPods.nodes.entries())
    await plane.api.of(node).create({ metadata: { name, labels: { 'topology.kubernetes.io/zone': `z${i % 2}` } } });
  for (const [i, spec] of SERVICES.entries()) {
    await plane.api.of(service).create({
      metadata: { name: `s${i}`, namespace: 'default' },
      spec: {
        selector: { tier: TIERS[i % 2] ?? '' },
        ports: [{ name: 'http', port: 80, targetPort: 'http' }],
        ...spec,
      },
    });
  }
  return plane;
}

const pick = <T>(list: readonly T[], random: Random): T | undefined => list[random.uint32() % Math.max(1, list.length)];

/** Something happens to a pod or a node, as it does in clusters. */
async function disturb(plane: ControlPlane, random: Random, step: number): Promise<void> {
  const pods = (await plane.list(pod)).filter((p) => !p.metadata.deletionTimestamp);
  const target = pick(pods, random);
  const key = `default/${target?.metadata.name}`;
  const what = random.uint32() % 6;
  if (!target || what < 2) {
    await plane.api.of(pod).create({
      metadata: { name: `p${step}`, namespace: 'default', labels: { tier: pick(TIERS, random) ?? '' } },
      spec: {
        containers: [
          { name: 'c', image: 'nginx', ports: [{ name: 'http', containerPort: 8080 + (random.uint32() % 2) }] },
        ],
      },
    });
  } else if (what === 2) await plane.api.of(pod).delete(key, { gracePeriodSeconds: random.uint32() % 2 });
  else if (what === 3)
    await plane.api
      .of(pod)
      .update(key, (p) => ({ ...p, metadata: { ...p.metadata, labels: { tier: pick(TIERS, random) ?? '' } } }));
  else if (what === 4 && target.status.phase === 'Running') {
    const status = isReady(target) ? 'False' : 'True';
    await plane.api
      .of(pod)
      .update(key, (p) => ({ ...p, status: { ...p.status, conditions: [{ type: 'Ready', status }] } }), {
        subresource: 'status',
      });
  } else {
    const zone = `z${random.uint32() % 2}`;
    await plane.api.of(node).update(pick(quickPods.nodes, random) ?? '', (n) => ({
      ...n,
      metadata: { ...n.metadata, labels: { 'topology.kubernetes.io/zone': zone } },
    }));
  }
}

/** `ADDRESS:PORT ready hints` of every endpoint, as pods and nodes would have it. */
function wanted({ spec }: Service, pods: readonly Pod[], zones: ReadonlyMap<string, string>): readonly string[] {
  return pods
    .filter((p) => p.metadata.labels?.['tier'] === spec.selector?.['tier'] && p.status.podIP)
    .map((p) => {
      const ready = spec.publishNotReadyAddresses === true || (isReady(p) && !p.metadata.deletionTimestamp);
      const [name, zone] = [p.spec.nodeName ?? '', zones.get(p.spec.nodeName ?? '') ?? ''];
      const hints =
        !ready || !spec.trafficDistribution
          ? undefined
          : {
              forZones: [{ name: zone }],
              ...(spec.trafficDistribution === 'PreferSameNode' ? { forNodes: [{ name }] } : {}),
            };
      return `${p.status.podIP}:${p.spec.containers[0]?.ports?.[0]?.containerPort} ${ready} ${zone} ${JSON.stringify(hints)}`;
    })
    .sort();
}

async function published(plane: ControlPlane, name: string): Promise<readonly string[]> {
  const mine = (await plane.list(endpointSlice)).filter(
    (slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === name,
  );
  return mine
    .flatMap(({ ports, endpoints: all }) =>
      (all ?? []).map(
        ({ addresses, conditions, zone, hints }) =>
          `${addresses[0]}:${ports?.[0]?.port} ${conditions.ready} ${zone} ${JSON.stringify(hints)}`,
      ),
    )
    .sort();
}

for (const seed of Array.from({ length: 12 }, (_, i) => i + 1)) {
  test(`endpoints and slices come to say what pods and nodes are, each pod once, whatever the network does, seed ${seed}`, async () => {
    await using plane = await furnished(seed);
    const random = seededRandom(seed);
    for (let step = 0; step < 50; step++) {
      await disturb(plane, random, step);
      await plane.clock.advance(random.uint32() % 3000);
    }
    await plane.clock.advance(120_000);
    const pods = await plane.list(pod);
    const zones = new Map(
      (await plane.list(node)).map(({ metadata }) => [
        metadata.name,
        metadata.labels?.['topology.kubernetes.io/zone'] ?? '',
      ]),
    );
    for (const one of (await plane.list(service)).filter(({ spec }) => spec.selector)) {
      const { name } = one.metadata;
      const expected = wanted(one, pods, zones);
      assert.deepEqual(await published(plane, name), expected, name);
      const { subsets = [] } = await plane.api.of(endpoints).get(`default/${name}`);
      const old = (subsets ?? [])
        .flatMap(({ addresses, ports }) => (addresses ?? []).map(({ ip }) => `${ip}:${ports?.[0]?.port}`))
        .sort();
      assert.deepEqual(
        old,
        expected.filter((text) => text.includes(' true ')).map((text) => text.split(' ')[0]),
        name,
      );
    }
    const { resourceVersion } = await plane.api.of(endpointSlice).list();
    await plane.clock.advance(600_000);
    assert.equal((await plane.api.of(endpointSlice).list()).resourceVersion, resourceVersion, 'at rest');
  });
}
