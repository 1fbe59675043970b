import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { dnsExchange } from './exchange.ts';

const never = new AbortController().signal;
const how = { isTcp: false, timeoutMs: 5000 };

test('dnsExchange() takes the answer that has the id of its question, which is another each time', async () => {
  const server = createSocket('udp4');
  const ids: number[] = [];
  server.on('message', (message, peer) => {
    ids.push(message.readUInt16BE(0));
    const forged = Buffer.from(message);
    forged.writeUInt16BE((message.readUInt16BE(0) + 1) & 0xffff);
    server.send(forged, peer.port, peer.address);
    server.send(Buffer.concat([message, Buffer.from('told')]), peer.port, peer.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  using exchange = dnsExchange(() => []);
  const to = { address: '127.0.0.1', port: server.address().port };
  for (let i = 0; i < 8; i++) {
    const answer = await exchange.ask(to, new Uint8Array(12), how, never);
    assert.equal(answer && Buffer.from(answer).toString('latin1').slice(12), 'told');
  }
  assert.ok(new Set(ids).size > 1);
  server.close();
});

test('dnsExchange() gives nothing, and at once, where nobody is there or no way leads there', async () => {
  using exchange = dnsExchange(() => []);
  const began = performance.now();
  for (const address of ['127.0.0.1', '255.255.255.255'])
    for (const isTcp of [false, true])
      assert.equal(await exchange.ask({ address, port: 1 }, new Uint8Array(12), { ...how, isTcp }, never), undefined);
  assert.ok(performance.now() - began < how.timeoutMs);
});
