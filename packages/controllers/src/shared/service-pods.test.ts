import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod, type Pod, service, type Service } from '@navarch/api';
import type { CacheIndex, CacheReader } from '@navarch/client';
import { type ApiObject, type Kind, selectorFromMap } from '@navarch/machinery';
import { podsOf, podsOfServices } from './service-pods.ts';

const web = { metadata: { name: 'web', namespace: 'a' }, spec: { selector: { app: 'web' } } } as unknown as Service;

const podOf = (name: string, status: object, labels: object = { app: 'web' }): Pod =>
  ({ metadata: { name, namespace: 'a', uid: name, labels }, spec: { containers: [] }, status }) as unknown as Pod;
const waiting = podOf('p', { phase: 'Pending' });
const running = podOf('p', { phase: 'Running', podIP: '10.0.0.1' });
const over = podOf('p', { phase: 'Succeeded', podIP: '10.0.0.1' });

function cacheOf(...pods: readonly Pod[]): CacheReader {
  const objects = new Map<Kind<any>, readonly ApiObject[]>([
    [service, [web]],
    [pod, pods],
  ]);
  return {
    find: (kind: Kind<any>, index: CacheIndex<any>, value: string) =>
      (objects.get(kind) ?? []).filter((object) => index.valuesOf(object).includes(value)),
  } as unknown as CacheReader;
}

const woken = (current: Pod | undefined, previous: Pod | undefined): readonly string[] => [
  ...podsOfServices.keys({ current, previous }, cacheOf()),
];

test('podsOfServices wakes the services of a pod that has, or had, somewhere to send to', () => {
  const bound = { ...waiting, spec: { ...waiting.spec, nodeName: 'n' } };
  assert.deepEqual(
    [
      woken(waiting, undefined),
      woken(bound, waiting),
      woken(undefined, waiting),
      woken(running, bound),
      woken(over, running),
      woken(undefined, running),
      woken(over, over),
    ],
    [[], [], [], ['a/web'], ['a/web'], ['a/web'], []],
  );
  assert.deepEqual(woken(podOf('p', running.status, { app: 'other' }), running), ['a/web'], 'it was its pod');
});

test('podsOf() finds the pods of a service that have somewhere to send to', () => {
  const found = podsOf(
    web,
    selectorFromMap({ app: 'web' }),
    cacheOf(waiting, running, over, podOf('q', running.status, {})),
  );
  assert.deepEqual(found, [running]);
});
