import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOCAL_PROVISIONER, type PersistentVolume } from '@navarch/api';
import { type Logger, silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { removeReleasedFolders } from './local-folders.ts';
import { memoryFiles } from './testing/memory-files.ts';

const FINALIZERS = ['navarch.dev/local-folder'];

interface Setting {
  readonly metadata?: object;
  readonly policy?: string;
  readonly phase?: string;
}

const volumeOf = ({ metadata = {}, policy = 'Delete', phase = 'Released' }: Setting): PersistentVolume =>
  ({
    metadata: {
      name: 'pvc-1',
      deletionTimestamp: '2026-01-01T00:00:00Z',
      finalizers: FINALIZERS,
      labels: { 'navarch.dev/node': 'n1' },
      annotations: { 'pv.kubernetes.io/provisioned-by': LOCAL_PROVISIONER },
      ...metadata,
    },
    spec: { persistentVolumeReclaimPolicy: policy, local: { path: '/kubelet/local-volumes/pvc-1' } },
    status: { phase },
  }) as unknown as PersistentVolume;

interface Run {
  /** Whether the folder is there still. */
  readonly isThere: boolean;
  readonly finalizers: readonly string[] | undefined;
}

/** Runs for a minute with one volume; removing fails as often as is said. */
async function run(volume: PersistentVolume, failures = 0, log: Logger = silent): Promise<Run> {
  const clock = new SimClock();
  const files = memoryFiles();
  files.put('/kubelet/local-volumes', 'directory');
  files.put('/kubelet/local-volumes/pvc-1', 'directory');
  files.put('/kubelet/local-volumes/pvc-1/data', 'file', 'kept');
  let current = volume;
  let left = failures;
  const stop = new AbortController();
  const api = {
    of: () => ({
      update: async (_: string, change: (from: PersistentVolume) => PersistentVolume) => {
        current = change(current);
        return current;
      },
    }),
  };
  const cache = { list: () => [current], onChange: () => undefined };
  const removing = {
    removeTree: async (path: string) => {
      if (left-- > 0) throw new Error('busy');
      return files.removeTree(path);
    },
  };
  const done = removeReleasedFolders(
    { api, cache, files: removing, dirs: { root: '/kubelet' }, nodeName: 'n1', clock, log } as never,
    stop.signal,
  );
  await clock.advance(60_000);
  stop.abort(new Error('over'));
  await done;
  return {
    isThere: (await files.kindOf('/kubelet/local-volumes/pvc-1')) !== undefined,
    finalizers: current.metadata.finalizers,
  };
}

test('removeReleasedFolders() removes the folder of a volume that is deleted, and says so', async () => {
  assert.deepEqual(await run(volumeOf({})), { isThere: false, finalizers: [] });
});

test('removeReleasedFolders() tries again after a failure', async () => {
  assert.deepEqual(await run(volumeOf({}), 3), { isThere: false, finalizers: [] });
});

test('removeReleasedFolders() lets go of what is to be retained, and keeps its folder', async () => {
  assert.deepEqual(await run(volumeOf({ policy: 'Retain' })), { isThere: true, finalizers: [] });
});

const left: Readonly<Record<string, Setting>> = {
  'is not deleted': { metadata: { deletionTimestamp: undefined } },
  'is bound': { phase: 'Bound' },
  "is another node's": { metadata: { labels: { 'navarch.dev/node': 'n2' } } },
  'somebody else made': { metadata: { annotations: {} } },
};
for (const [name, setting] of Object.entries(left)) {
  test(`removeReleasedFolders() leaves a volume that ${name}`, async () => {
    assert.deepEqual(await run(volumeOf(setting)), { isThere: true, finalizers: FINALIZERS });
  });
}
