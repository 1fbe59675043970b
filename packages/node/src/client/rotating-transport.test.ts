import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { rotatingTransport } from './rotating-transport.ts';

test('rotatingTransport() asks as the new one from replace() on, and ends what was begun as the old one', async () => {
  await using server = createServer((request, response) => {
    response.writeHead(200);
    response.write(request.headers.authorization ?? 'nobody');
    if (request.url !== '/watch') response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  using transport = rotatingTransport({ server: address, token: 'old' });
  const { signal } = new AbortController();
  const ask = async (): Promise<string> => {
    const { body } = await transport.send({ method: 'GET', path: '/', headers: {} }, signal);
    let text = '';
    for await (const chunk of body) text += Buffer.from(chunk).toString();
    return text;
  };
  assert.equal(await ask(), 'Bearer old');
  const watch = await transport.send({ method: 'GET', path: '/watch', headers: {}, isStream: true }, signal);
  const ended = (async () => {
    for await (const chunk of watch.body) assert.equal(Buffer.from(chunk).toString(), 'Bearer old');
  })();
  transport.replace({ server: address, token: 'new' });
  await assert.rejects(ended);
  assert.equal(await ask(), 'Bearer new');
});
