import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { serveGrpc } from '../grpc/index.ts';
import { protocol } from './generated/description.ts';
import { nodePluginSockets } from './plugin-sockets.ts';

const { signal } = new AbortController();
const found = async (dir: string): Promise<readonly string[]> =>
  (await nodePluginSockets.list(dir)).map(({ path }) => path.slice(dir.length + 1)).toSorted();

test('nodePluginSockets finds sockets, also in folders, and hears what plugins say', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'navarch-plugins-'));
  try {
    await mkdir(join(dir, 'below'));
    await writeFile(join(dir, 'file'), '');
    const told: unknown[] = [];
    const answers = {
      getInfo: async () => ({ type: 'CSIPlugin', name: 'a', endpoint: '/csi.sock', supportedVersions: ['1.0.0'] }),
      notifyRegistrationStatus: async (status: object) => (told.push(status), {}),
    };
    const paths = ['a.sock', 'below/b.sock', '.hidden.sock'].map((name) => join(dir, name));
    const serve = (path: string): Promise<AsyncDisposable> => serveGrpc(path, [{ protocol, answers }]);
    const servers = await Promise.all(paths.map(serve));
    assert.deepEqual(await found(dir), ['a.sock', 'below/b.sock']);
    const [first = ''] = paths;
    assert.deepEqual(await nodePluginSockets.info(first, signal), await answers.getInfo());
    await nodePluginSockets.notify(first, { pluginRegistered: true, error: '' }, signal);
    assert.deepEqual(told, [{ pluginRegistered: true, error: '' }]);
    const [before] = await nodePluginSockets.list(dir);
    for (const server of servers) await server[Symbol.asyncDispose]();
    assert.deepEqual(await found(dir), []);
    await using _again = await serve(first);
    assert.notEqual((await nodePluginSockets.list(dir))[0]?.identity, before?.identity);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('nodePluginSockets finds none where there is no folder', async () => {
  assert.deepEqual(await nodePluginSockets.list('/nowhere/at/all'), []);
});
