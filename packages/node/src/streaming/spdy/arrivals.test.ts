import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Arrivals } from './arrivals.ts';

const TIMEOUT = { timeout: 10_000 };

test(
  'next() gives out what came before a reset, also when the reset was seen before it was asked',
  TIMEOUT,
  async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [peer] = (await once(server, 'connection')) as [Socket];
    try {
      const arrivals = new Arrivals(socket, Buffer.alloc(0));
      peer.write('first');
      assert.equal(String(await arrivals.next()), 'first');
      const isBroken = once(socket, 'close');
      peer.write('the exit code', () => setImmediate(() => peer.resetAndDestroy()));
      await isBroken.catch(() => undefined);
      assert.equal(String(await arrivals.next()), 'the exit code');
      await assert.rejects(arrivals.next(), /ECONNRESET/);
    } finally {
      peer.destroy();
      socket.destroy();
      server.close();
      await sleep(0);
    }
  },
);
