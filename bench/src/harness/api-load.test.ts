import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ApiLoad } from './api-load.ts';

const line = (type: string, version: number): string =>
  `${JSON.stringify({ type, object: { metadata: { name: `p${version}`, resourceVersion: String(version) } } })}\n`;
const forgotten = `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', metadata: {}, code: 410 } })}\n`;

test('ApiLoad.watch() goes on where the server ended the stream, and from the first where that is forgotten', async () => {
  const asked: string[] = [];
  const answers = [
    line('BOOKMARK', 5) + line('ADDED', 6),
    line('ADDED', 7),
    forgotten,
    line('ADDED', 6) + line('ADDED', 7) + line('BOOKMARK', 9) + line('ADDED', 10),
  ];
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    asked.push(new URLSearchParams(String(headers[':path'])).get('resourceVersion') ?? 'all');
    stream.respond({ ':status': 200 });
    const answer = answers.shift();
    if (answer !== undefined) stream.end(answer);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const load = await ApiLoad.connect({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  try {
    using watched = load.watch('/api/v1/pods?watch=1');
    await watched.reach(3, 30_000, new AbortController().signal);
    assert.deepEqual([asked.slice(0, 4), watched.seen], [['all', '6', '7', 'all'], 3]);
  } finally {
    load[Symbol.dispose]();
    server.close();
  }
});
