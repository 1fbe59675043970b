import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { DnsServer } from '@navarch/dns';
import { listenDns } from './listen-dns.ts';

const PORT = 20_000 + (process.pid % 20_000);
const echo = {
  respond: (bytes, { isTcp }) => {
    const reply = Uint8Array.from([isTcp ? 1 : 0, ...bytes]);
    // Some answers take time.
    return bytes.length > 1 ? reply : Promise.resolve(reply);
  },
} satisfies Pick<DnsServer, 'respond'>;

test('listenDns() answers on UDP, and on TCP each message as soon as its answer is known, until it is stopped', async () => {
  const stop = new AbortController();
  const serving = listenDns(echo, '127.0.0.1', PORT, stop.signal);
  await new Promise((resolve) => setImmediate(resolve));

  const udp = createSocket('udp4');
  udp.send(Uint8Array.from([7, 8]), PORT, '127.0.0.1');
  const [datagram] = (await once(udp, 'message')) as [Buffer];
  udp.close();
  assert.deepEqual([...datagram], [0, 7, 8]);

  const tcp = connect(PORT, '127.0.0.1');
  await once(tcp, 'connect');
  tcp.write(Uint8Array.from([0, 1, 5, 0, 2, 6]));
  tcp.write(Uint8Array.from([7]));
  let read = Buffer.alloc(0);
  while (read.length < 9) read = Buffer.concat([read, ...((await once(tcp, 'data')) as [Buffer])]);
  tcp.destroy();
  assert.deepEqual([...read], [0, 3, 1, 6, 7, 0, 2, 1, 5]);

  stop.abort();
  await serving;
});
