import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStatus, Pod } from '@navarch/api';
import type { ContainerRuntime } from '../cri/index.ts';
import { loggedContainer } from './logs.ts';
import { HttpRefusal } from './refusal.ts';

const ended = (id: string): ContainerStatus['state'] => ({
  terminated: { exitCode: 1, ...(id ? { containerID: `containerd://${id}` } : {}) },
});

/** Which instance is shown of a container with this status, of those that the runtime has, newest first; or the refusal. */
async function shown(
  status: Partial<ContainerStatus> | undefined,
  ids: readonly string[],
  isPrevious = false,
): Promise<string> {
  const pod = {
    metadata: { namespace: 'demo', name: 'web', uid: 'u1' },
    spec: { containers: [{ name: 'main' }] },
    status: status ? { containerStatuses: [{ name: 'main', ...status }] } : {},
  } as unknown as Pod;
  const containers = ids.map((id, index) => ({ id, createdAt: ids.length - index }));
  const runtime = { listContainers: async () => ({ containers }) } as unknown as ContainerRuntime;
  const path = { namespace: 'demo', pod: 'web', uid: undefined, container: 'main', isPrevious };
  try {
    return (await loggedContainer(runtime, path, pod, AbortSignal.timeout(1000))).id;
  } catch (error) {
    if (error instanceof HttpRefusal) return `${error.status} ${error.message}`;
    throw error;
  }
}

test('loggedContainer(): the previous one is what the status tells of, and no other', async () => {
  const runs = { state: { running: {} }, lastState: ended('one') };
  assert.equal(await shown(runs, ['two', 'one'], true), 'one');
  // It ended, and waits for its back-off: the newest instance is the previous one.
  const waits = { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: ended('two') };
  assert.equal(await shown(waits, ['two'], true), 'two');
  // It has just ended: the one before it is removed, and still told of.
  const justEnded = { state: ended('two'), lastState: ended('one') };
  assert.equal(await shown(justEnded, ['two'], true), '200 unable to retrieve container logs for containerd://one');
  for (const lastState of [{}, ended('')])
    assert.equal(
      await shown({ state: { running: {} }, lastState }, ['two', 'one'], true),
      '400 previous terminated container "main" in pod "web" not found',
    );
});

test('loggedContainer(): the newest that the runtime has, or why there is none', async () => {
  assert.equal(await shown({ state: { waiting: {} } }, ['two', 'one']), 'two');
  assert.equal(await shown({ state: ended('two'), lastState: ended('one') }, ['two']), 'two');
  const cases: readonly (readonly [string, Partial<ContainerStatus> | undefined])[] = [
    ['200 unable to retrieve container logs for containerd://two', { state: ended('two'), lastState: ended('one') }],
    ['200 unable to retrieve container logs for containerd://one', { state: ended(''), lastState: ended('one') }],
    [
      '200 unable to retrieve container logs for containerd://one',
      { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: ended('one') },
    ],
    ['400 container "main" in pod "web" is terminated', { state: ended('') }],
    ['400 container "main" in pod "web" is not available', undefined],
    ['400 container "main" in pod "web" is waiting to start - no logs yet', { state: {} }],
    [
      '400 container "main" in pod "web" is waiting to start: ContainerCreating',
      { state: { waiting: { reason: 'ContainerCreating' } } },
    ],
    [
      '400 container "main" in pod "web" is waiting to start: image can\'t be pulled',
      { state: { waiting: { reason: 'ErrImagePull' } } },
    ],
  ];
  for (const [said, status] of cases) assert.equal(await shown(status, []), said);
});
