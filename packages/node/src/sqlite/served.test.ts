import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configMap } from '@navarch/api';
import { serve } from '@navarch/apiserver';
import { silent } from '@navarch/base';
import { systemClock, systemRandom } from '../system/index.ts';
import { SqliteStore } from './index.ts';

// What shows only where a commit takes its time: the state that preconditions are held to is ahead of what readers see.

const folder = mkdtempSync(join(tmpdir(), 'navarch-served-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('delete() of an object that the server itself is writing waits for that write', async (t) => {
  const stop = new AbortController();
  const store = await SqliteStore.open(folder);
  t.after(async () => {
    stop.abort();
    await store.close();
  });
  const { registry } = await serve(
    {
      store,
      clock: systemClock,
      random: systemRandom(),
      log: silent,
      tokens: { sign: async () => 'token', verify: async () => undefined, jwks: () => ({ keys: [] }) },
      issuer: 'https://issuer',
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.95.0.1',
      advertisePort: 6443,
    },
    stop.signal,
  );
  const configMaps = registry.of(configMap);
  const call = { user: { name: 'admin', groups: ['system:masters'] }, isDryRun: false };
  await configMaps.create('default', { metadata: { name: 'a' } }, call);
  const cached = configMaps.cached('default', 'a');
  const written = configMaps.overwrite(cached, { ...cached.object, data: { a: '1' } } as typeof cached.object);
  const { isGone } = await configMaps.delete('default', 'a', {}, call);
  assert.deepEqual([isGone, (await written)?.object.metadata.name], [true, 'a']);
});
