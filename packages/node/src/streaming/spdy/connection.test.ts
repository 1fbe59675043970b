import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer, connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { finished } from 'node:stream/promises';
import { test } from 'node:test';
import { eventually } from '../../testing/eventually.ts';
import { SpdyConnection } from './connection.ts';
import type { SpdyStream } from './stream.ts';

const none = Buffer.alloc(0);

interface Pair extends AsyncDisposable {
  readonly client: SpdyConnection;
  readonly server: SpdyConnection;
  readonly clientSocket: Socket;
  readonly serverSocket: Socket;
}

/** Two ends over a real socket, so that back-pressure is what it is in life. */
async function pair(onStream: (stream: SpdyStream) => void): Promise<Pair> {
  const listener = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<Socket>((resolve) => listener.once('connection', resolve));
  const clientSocket = connect({
    port: (listener.address() as AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  });
  const serverSocket = await accepted;
  const client = new SpdyConnection(clientSocket, none, { role: 'client' });
  const server = new SpdyConnection(serverSocket, none, { role: 'server', onStream });
  return {
    client,
    server,
    clientSocket,
    serverSocket,
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.destroy();
      await client.closed;
      await server.closed;
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** Not by `for await`: that would end the other direction too. */
const textOf = (stream: SpdyStream): Promise<string> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => parts.push(chunk));
    stream.on('end', () => resolve(Buffer.concat(parts).toString()));
    stream.on('error', reject);
  });

test('SpdyConnection: streams carry headers, and each direction ends by itself', async () => {
  const seen: string[] = [];
  await using ends = await pair((stream) => {
    seen.push(JSON.stringify(stream.headers));
    void textOf(stream).then((text) => stream.end(`got ${text}`));
  });
  const stream = ends.client.open({ streamType: 'stdin', port: '80' });
  stream.write('a');
  stream.end('b');
  assert.equal(await textOf(stream), 'got ab');
  assert.deepEqual(seen, ['{"streamtype":"stdin","port":"80"}']);
});

test('SpdyConnection: a slow reader stops the writer, and all comes back unchanged through an echo', async () => {
  await using ends = await pair((stream) => void stream.pipe(stream));
  const stream = ends.client.open({});
  const [sent, got] = [createHash('sha256'), createHash('sha256')];
  const chunk = randomBytes(1024 * 1024);
  let [written, read] = [0, 0];
  const write = async (): Promise<boolean> => {
    sent.update(chunk);
    written += chunk.length;
    const hasRoom = stream.write(chunk);
    for (let turns = 0; stream.writableNeedDrain && turns < 1000; turns++)
      await new Promise((resolve) => setImmediate(resolve));
    return hasRoom || !stream.writableNeedDrain;
  };
  // Nobody reads the echo: long before 64 MB there is no more room on the way.
  while (await write()) assert.ok(written < 64 * chunk.length, 'the writer was never stopped');
  stream.on('data', (piece: Buffer) => {
    got.update(piece);
    read += piece.length;
  });
  const ended = new Promise((resolve) => stream.on('end', resolve));
  for (let i = 0; i < 8; i++) await write();
  stream.end();
  await ended;
  assert.deepEqual([read, got.digest('hex')], [written, sent.digest('hex')]);
});

test('SpdyConnection: a write larger than a frame can be is cut', async () => {
  await using ends = await pair((stream) => void textOf(stream).then((text) => stream.end(String(text.length))));
  const stream = ends.client.open({});
  stream.end(Buffer.alloc(17_000_000, 'x'));
  assert.equal(await textOf(stream), '17000000');
});

test('SpdyConnection: a stream that is destroyed is reset, and the others live on', async () => {
  const streams: SpdyStream[] = [];
  await using ends = await pair((stream) => void streams.push(stream));
  const [first, second] = [ends.client.open({}), ends.client.open({})];
  first.write('x');
  first.destroy();
  second.end('y');
  await eventually('both streams', () => streams.length === 2, { timeoutMs: 10_000, everyMs: 1 });
  assert.equal(await textOf(streams[1] as SpdyStream), 'y');
  assert.equal(await textOf(streams[0] as SpdyStream), 'x');
  streams[0]?.end('nobody listens');
  streams[1]?.end('z');
  assert.equal(await textOf(second), 'z');
});

test('SpdyConnection: what was sent before close() arrives, then streams and connection end', async () => {
  await using ends = await pair((stream) => {
    stream.end('last words');
    void finished(stream, { readable: false }).then(() => ends.server.close());
  });
  const stream = ends.client.open({});
  assert.equal(await textOf(stream), 'last words');
  await ends.client.closed;
  assert.equal(ends.client.failure, undefined);
  assert.throws(() => ends.client.open({}), /closing/);
});

test('SpdyConnection: the last words of a peer are heard though we are still writing to it', async () => {
  for (let i = 0; i < 20; i++) {
    await using ends = await pair((stream) => {
      stream.once('data', () => {
        stream.end('last words');
        void finished(stream, { readable: false }).then(() => ends.serverSocket.destroySoon());
      });
    });
    const stream = ends.client.open({});
    const text = textOf(stream);
    const feed = setInterval(() => stream.write(Buffer.alloc(200_000)), 0);
    stream.write(Buffer.alloc(1_000_000));
    const heard = await text.catch(String);
    clearInterval(feed);
    assert.equal(heard, 'last words');
  }
});

test('SpdyConnection: when a peer vanishes, streams end behind what came on them, and the connection says why', async () => {
  await using ends = await pair((stream) => {
    stream.write('half', () => ends.serverSocket.resetAndDestroy());
  });
  const stream = ends.client.open({});
  const parts: string[] = [];
  await ends.client.closed;
  for await (const part of stream) parts.push(String(part));
  assert.deepEqual(parts, ['half']);
  assert.match(ends.client.failure?.message ?? '', /ECONNRESET/);
});

test('SpdyConnection: a peer that breaks the protocol ends the connection with the reason', async () => {
  await using ends = await pair(() => undefined);
  ends.serverSocket.write(Buffer.from('8002000600000004', 'hex'));
  await ends.client.closed;
  assert.match(ends.client.failure?.message ?? '', /version 2 of SPDY/);
});

test('SpdyConnection: a side that takes no streams refuses them', async () => {
  await using ends = await pair(() => undefined);
  const stream = ends.server.open({});
  await assert.rejects(textOf(stream), /refused/);
});

test('SpdyConnection: pings of the peer are answered, answers are not', async () => {
  await using ends = await pair(() => undefined);
  const ping = Buffer.from('800300060000000400000005', 'hex');
  const before = ends.clientSocket.bytesRead;
  ends.clientSocket.write(ping);
  await eventually('an answer', () => ends.clientSocket.bytesRead >= before + ping.length, {
    timeoutMs: 10_000,
    everyMs: 1,
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ends.clientSocket.bytesRead, before + ping.length);
});
