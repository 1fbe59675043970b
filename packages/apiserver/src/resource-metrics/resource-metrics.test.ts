import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fields, type Logger, silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { startedServer } from '../testing/started-server.ts';

const LOOK_MS = 15_000;

test('of nodes that do not say what they use one is told, and each once', async () => {
  const said: Fields[] = [];
  const log: Logger = {
    ...silent,
    with: () => log,
    info: (event, fields) => void (event.startsWith('a node') && fields && said.push(fields)),
  };
  const clock = new SimClock();
  const { make, housekeep } = await startedServer([], { clock, log, readKubelet: async () => '' });
  const stop = new AbortController();
  const housekept = housekeep(stop.signal).catch(() => undefined);
  const look = async (): Promise<unknown> => {
    await clock.advance(LOOK_MS);
    return said.splice(0).map(({ node, others }) => [node, others]);
  };
  for (const name of ['a', 'b', 'c']) await make('/api/v1/nodes', { metadata: { name } });
  assert.deepEqual(await look(), [['a', 2]]);
  assert.deepEqual(await look(), []);
  await make('/api/v1/nodes', { metadata: { name: 'd' } });
  assert.deepEqual(await look(), [['d', 0]]);
  stop.abort();
  await housekept;
});
