import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node as nodeKind, type Pod } from '@navarch/api';
import { seededRandom, silent } from '@navarch/base';
import type { Api, Cache, Recorder } from '@navarch/client';
import { SimClock } from '@navarch/sim';
import { defaultProfile, runScheduler } from './index.ts';

type Listener = (current: unknown, previous: unknown) => void;

/** A cluster of one node with one CPU: the cache shows a binding or a status as soon as it is written. */
function world() {
  const listeners = new Map<unknown, Listener>();
  const pods = new Map<string, Pod>();
  const log: string[] = [];
  const node = { metadata: { name: 'a', labels: {} }, spec: {}, status: { allocatable: { cpu: '1', memory: '1Gi', pods: '10' } } };
  const show = (pod: Pod): void => {
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    const previous = pods.get(key);
    // As from a watch: every version is a new value through and through.
    const current = structuredClone(pod);
    pods.set(key, current);
    listeners.get('pod')?.(current, previous);
  };
  const cache = {
    onChange: (kind: unknown, listener: Listener) => listeners.set(kind === nodeKind ? 'node' : 'pod', listener),
    list: (kind: unknown) => (kind === nodeKind ? [node] : [...pods.values()]),
    get: (_kind: unknown, key: string) => pods.get(key),
    whenSynced: async () => undefined,
  } as unknown as Cache;
  const api = {
    of: () => ({
      async post(key: string, _part: string, { target }: { target: { name: string } }) {
        log.push(`bind ${key} ${target.name}`);
        const pod = pods.get(key) as Pod;
        show({ ...pod, spec: { ...pod.spec, nodeName: target.name } });
      },
      async patch(key: string, { body }: { body: { status: Pod['status'] } }) {
        log.push(`status ${key} ${body.status.conditions?.[0]?.message}`);
        show({ ...(pods.get(key) as Pod), status: body.status });
      },
    }),
  } as unknown as Api;
  const recorder = { record: (_pod: unknown, event: { reason: string; message: string }) => log.push(`${event.reason} ${event.message}`) } as unknown as Recorder;
  const clock = new SimClock();
  const deps = { api, cache, clock, random: seededRandom(1), log: silent, recorder, profile: defaultProfile, schedulerName: 'default-scheduler' };
  const remove = (key: string): void => {
    const pod = pods.get(key);
    pods.delete(key);
    listeners.get('pod')?.(undefined, pod);
  };
  return { deps: deps as never, log, show, remove, clock };
}

const podOf = (name: string, spec: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name, namespace: 'd', uid: name }, status: { phase: 'Pending' },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }], ...spec },
} as unknown as Pod);

const settled = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
};

test('runScheduler() binds what fits, says once of the rest why not, and tries again after back-off when a pod goes', async () => {
  const { deps, log, show, remove, clock } = world();
  const stop = new AbortController();
  const running = runScheduler(deps, stop.signal).catch(() => undefined);
  await settled();
  show(podOf('first'));
  await settled();
  show(podOf('second'));
  await settled();
  assert.deepEqual(log.splice(0), [
    'bind d/first a', 'Scheduled Successfully assigned d/first to a',
    'FailedScheduling 0/1 nodes are available: 1 Insufficient cpu.', 'status d/second 0/1 nodes are available: 1 Insufficient cpu.',
  ]);
  remove('d/first');
  await settled();
  assert.deepEqual(log, []);
  await clock.advance(900);
  assert.deepEqual(log, []);
  await clock.advance(400);
  assert.deepEqual(log, ['bind d/second a', 'Scheduled Successfully assigned d/second to a']);
  stop.abort();
  await running;
});

test('runScheduler() leaves gated pods and pods of other schedulers alone, and takes a pod whose gates are gone', async () => {
  const { deps, log, show } = world();
  const stop = new AbortController();
  const running = runScheduler(deps, stop.signal).catch(() => undefined);
  await settled();
  show(podOf('theirs', { schedulerName: 'other' }));
  show(podOf('gated', { schedulingGates: [{ name: 'example.com/wait' }] }));
  await settled();
  assert.deepEqual(log, []);
  show(podOf('gated'));
  await settled();
  assert.equal(log[0], 'bind d/gated a');
  stop.abort();
  await running;
});
