import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { podOf } from '../testing/builders.ts';
import type { DeviceClass } from './devices.ts';
import { classesByResource } from './extended-names.ts';
import { extendedRequestsOf } from './extended-requests.ts';
import { classOf } from './testing/builders.ts';

const GPU = 'example.com/gpu';
const NIC = 'example.com/nic';
const CLASSES = new Map([
  [NIC, 'nic'],
  [GPU, 'gpu'],
]);

interface Asks {
  readonly gpu?: number;
  readonly nic?: number;
  readonly stays?: boolean;
}

const containerOf = ({ gpu = 0, nic = 0, stays = false }: Asks, name: string): object => ({
  name,
  image: 'i',
  resources: { requests: { cpu: '1', [GPU]: `${gpu}`, [NIC]: `${nic}` } },
  ...(stays ? { restartPolicy: 'Always' } : {}),
});

const asked = (init: readonly Asks[], containers: readonly Asks[]) =>
  extendedRequestsOf(
    podOf('p', {
      spec: {
        initContainers: init.map((one, i) => containerOf(one, `i${i}`)),
        containers: containers.map((one, i) => containerOf(one, `c${i}`)),
      } as never,
    }),
    CLASSES,
  );

function shown(init: readonly Asks[], containers: readonly Asks[]): readonly string[] {
  const { requests, mappings } = asked(init, containers);
  return requests.map(({ name, exactly }) => {
    const users = mappings.filter(({ requestName }) => requestName === name).map((one) => one.containerName);
    return `${name}: ${String(exactly?.count)} ${exactly?.deviceClassName} for ${users.join(' ')}`;
  });
}

test('each container has a request for each resource', () => {
  assert.deepEqual(shown([], [{ gpu: 2, nic: 1 }, {}, { gpu: 1 }]), [
    'container-0-request-0: 2 gpu for c0',
    'container-2-request-0: 1 gpu for c2',
    'container-0-request-1: 1 nic for c0',
  ]);
});

test('what containers have that are over is had by those that follow', () => {
  assert.deepEqual(shown([{ gpu: 1 }, { gpu: 1, stays: true }, { gpu: 2 }], [{ gpu: 1 }]), [
    'container-0-request-0: 1 gpu for i0 i1',
    'container-2-request-0: 1 gpu for i2 c0',
    'container-2-request-1: 1 gpu for i2',
  ]);
});

const asks = fc.record({ gpu: fc.nat({ max: 4 }), stays: fc.boolean() });

/** What a pod has of a resource at most at one time, as its requests are summed up (KEP-753). */
function most(init: readonly Asks[], containers: readonly Asks[]): number {
  let [staying, highest] = [0, 0];
  for (const { gpu = 0, stays = false } of init) {
    highest = Math.max(highest, staying + gpu);
    if (stays) staying += gpu;
  }
  return Math.max(highest, staying + containers.reduce((sum, { gpu = 0 }) => sum + gpu, 0));
}

test('every container has as many devices as it asks for, those at one time have none in common, and there are no more', () => {
  fc.assert(
    fc.property(
      fc.array(asks, { maxLength: 4 }),
      fc.array(asks, { minLength: 1, maxLength: 3 }),
      (init, containers) => {
        const { requests, mappings } = asked(init, containers);
        const counts = new Map(requests.map(({ name, exactly }) => [name, Number(exactly?.count)]));
        const of = (container: string): readonly string[] =>
          mappings.filter(({ containerName }) => containerName === container).map(({ requestName }) => requestName);
        const all = [
          ...init.map((one, i) => ({ ...one, name: `i${i}`, staysOn: one.stays })),
          ...containers.map((one, i) => ({ ...one, name: `c${i}`, staysOn: true })),
        ];
        for (const { name, gpu } of all)
          assert.equal(
            of(name).reduce((sum, request) => sum + (counts.get(request) ?? 0), 0),
            gpu,
          );
        all.forEach(({ name, staysOn }, i) => {
          for (const later of staysOn ? all.slice(i + 1) : [])
            assert.deepEqual(
              of(later.name).filter((request) => of(name).includes(request)),
              [],
            );
        });
        const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
        assert.equal(total, most(init, containers));
        assert.equal(counts.size, requests.length);
      },
    ),
  );
});

test('of two classes with one name the newer counts, then the first by name; each has a name of its own besides', () => {
  const named = (name: string, made: string, extendedResourceName?: string): DeviceClass =>
    ({
      ...classOf(name, extendedResourceName ? { extendedResourceName } : {}),
      metadata: { name, creationTimestamp: made },
    }) as never;
  const classes = [
    named('old', '2026-01-01T00:00:00Z', GPU),
    named('z', '2026-01-02T00:00:00Z', GPU),
    named('a', '2026-01-02T00:00:00Z', GPU),
    named('plain', '2026-01-03T00:00:00Z'),
  ];
  for (const order of [classes, classes.toReversed()]) {
    const found = classesByResource(order);
    assert.equal(found.get(GPU), 'a');
    assert.equal(found.get('deviceclass.resource.kubernetes.io/plain'), 'plain');
    assert.equal(found.get('deviceclass.resource.kubernetes.io/old'), 'old');
    assert.equal(found.size, 5);
  }
});
