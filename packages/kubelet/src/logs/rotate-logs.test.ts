import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import type { ContainerRuntime } from '../cri/index.ts';
import { memoryFiles, type MemoryFiles } from '../volumes/testing/memory-files.ts';
import { removeLogs, rotateLogs } from './rotate-logs.ts';

const FOLDER = '/logs/ns_web_u/c';
const labels = {
  'io.kubernetes.pod.namespace': 'ns',
  'io.kubernetes.pod.name': 'web',
  'io.kubernetes.pod.uid': 'u',
  'io.kubernetes.container.name': 'c',
};
const clock = new SimClock();
const signal = new AbortController().signal;
const big = (mark: string): string => mark.repeat(10 * 1024 * 1024);

/** One look at the log of one container, whose runtime makes a new file when asked. */
async function look(files: MemoryFiles, refuses = false): Promise<readonly string[]> {
  const runtime = {
    listContainers: async () => ({ containers: [{ id: 'id', labels, metadata: { name: 'c', attempt: 0 } }] }),
    reopenContainerLog: async () => {
      if (refuses) throw new Error('no');
      await files.write(`${FOLDER}/0.log`, '');
      return {};
    },
  } as unknown as ContainerRuntime;
  await rotateLogs(
    { runtime, files, clock, log: silent, dirs: { root: '/r', podLogs: '/logs', cgroupRoot: '' } },
    signal,
  );
  return (await files.list(FOLDER)).toSorted();
}

test('rotateLogs() leaves small files and turns over large ones, five in all', async () => {
  const files = memoryFiles();
  files.put(`${FOLDER}/0.log`, 'file', 'small');
  assert.deepEqual(await look(files), ['0.log']);
  const rounds: (readonly string[])[] = [];
  for (const mark of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await files.write(`${FOLDER}/0.log`, big(mark));
    rounds.push(await look(files));
    await clock.advance(1000);
  }
  assert.deepEqual(rounds[0], ['0.log', '0.log.20260101-000000']);
  assert.deepEqual(rounds[1], ['0.log', '0.log.20260101-000000.gz', '0.log.20260101-000001']);
  assert.deepEqual(rounds[5], [
    '0.log',
    '0.log.20260101-000002.gz',
    '0.log.20260101-000003.gz',
    '0.log.20260101-000004.gz',
    '0.log.20260101-000005',
  ]);
  assert.deepEqual(
    [await files.sizeOf(`${FOLDER}/0.log`), (await files.readText(`${FOLDER}/0.log.20260101-000005`))?.slice(0, 1)],
    [0, 'f'],
  );
});

test('rotateLogs() keeps the file when the runtime refuses, and mends what a crash left', async () => {
  const files = memoryFiles();
  files.put(`${FOLDER}/0.log`, 'file', big('a'));
  assert.deepEqual(await look(files, true), ['0.log']);
  assert.equal(await files.sizeOf(`${FOLDER}/0.log`), 10 * 1024 * 1024);
  for (const name of ['0.log.20250101-000000', '0.log.20250101-000000.gz', '0.log.20250102-000000.tmp'])
    files.put(`${FOLDER}/${name}`, 'file');
  const names = await look(files);
  assert.deepEqual(
    names.filter((name) => name.includes('2025')),
    ['0.log.20250101-000000.gz'],
  );
  await files.removeTree(`${FOLDER}/0.log`);
  assert.equal((await look(files)).includes('0.log'), true);
});

test('removeLogs() removes a log with all that it was turned over to, and no other', async () => {
  const files = memoryFiles();
  for (const name of ['1.log', '1.log.20260101-000000', '1.log.20260101-000000.gz', '11.log', '2.log'])
    files.put(`${FOLDER}/${name}`, 'file');
  await removeLogs(`${FOLDER}/1.log`, files);
  assert.deepEqual((await files.list(FOLDER)).toSorted(), ['11.log', '2.log']);
});
