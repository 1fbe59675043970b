import assert from 'node:assert/strict';
import { connect, type ClientHttp2Session, constants } from 'node:http2';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { Flag, frameOf, FrameType, numbersFrame, PREFACE } from './frames.ts';
import { Code, Http2Connection, type ServerStream } from './index.ts';

const LIMITS = { streams: 100, heldBytes: 64 * 1024 * 1024 };

interface Opened extends AsyncDisposable {
  readonly port: number;
  readonly connections: Http2Connection[];
}

/** A server whose connections are without TLS: Node's own client, nghttp2, is on the other side. */
async function open(onStream: (stream: ServerStream) => void, limits = LIMITS): Promise<Opened> {
  const connections: Http2Connection[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    connections.push(new Http2Connection(socket, limits, onStream));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function dial({ port }: Opened, options = {}): Promise<ClientHttp2Session & Disposable> {
  const session = connect(`http://127.0.0.1:${port}`, options);
  await new Promise((resolve) => session.on('connect', resolve));
  session.on('error', () => undefined);
  return Object.assign(session, { [Symbol.dispose]: () => session.destroy() });
}

const bodyOf = (stream: ServerStream): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.body.read({
      take: (chunk) => chunks.push(chunk) > 0,
      end: () => resolve(Buffer.concat(chunks)),
      fail: reject,
    });
  });

/** Gives the body back. */
const echo = (stream: ServerStream): void =>
  void bodyOf(stream).then(
    (body) => {
      stream.respond(200, { 'content-type': 'text/plain' });
      stream.end([body]);
    },
    () => undefined,
  );

/** Says the bytes after the preface and empty settings, and hears the code that the connection ends with. */
async function endOf(opened: Opened, ...frames: readonly Uint8Array[]): Promise<number | undefined> {
  const socket = connectSocket(opened.port, '127.0.0.1');
  socket.on('error', () => undefined);
  for (const frame of [PREFACE, frameOf(FrameType.settings, 0, 0), ...frames]) socket.write(frame);
  const heard = await buffer(socket);
  for (let at = 0; at + 9 <= heard.length; at += 9 + heard.readUIntBE(at, 3))
    if (heard[at + 3] === FrameType.goAway) return heard.readUInt32BE(at + 13);
  return undefined;
}

/** A request with these fields besides the ones that every request has. */
const headersFrame = (id: number, flags: number, fields = ''): Buffer =>
  frameOf(FrameType.headers, flags, id, Buffer.from(`\x82\x84\x86${fields}`, 'latin1'));

test('headers arrive as Node’s client says them, whatever they are', async () => {
  let heard: ServerStream['head'] | undefined;
  await using opened = await open((stream) => {
    heard = stream.head;
    echo(stream);
  });
  using session = await dial(opened);
  const name = fc.stringMatching(/^x-[a-z0-9]{1,20}$/);
  const value = fc.stringMatching(/^[!-~\u00a1-\u00ff]([ -~\u00a1-\u00ff]{0,60}[!-~\u00a1-\u00ff])?$/);
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 20 }), async (headers) => {
      const stream = session.request({ ':path': '/a?b=c', ...headers });
      await buffer(stream);
      const { host, ...others } = heard?.headers ?? {};
      assert.equal(heard?.path, '/a?b=c');
      assert.equal(host, `127.0.0.1:${opened.port}`);
      assert.deepEqual({ ...others }, { ...headers });
    }),
  );
});

test('bodies go through whole in both directions, whatever the windows are', async () => {
  await using opened = await open(echo);
  for (const initialWindowSize of [1, 1000, 65_535, 1024 * 1024]) {
    using session = await dial(opened, { settings: { initialWindowSize } });
    const size = initialWindowSize === 1 ? 300 : 3 * 1024 * 1024;
    const sent = Buffer.alloc(size, 'abcdefg');
    const bodies = Array.from({ length: 3 }, () => {
      const stream = session.request({ ':method': 'POST' });
      stream.end(sent);
      return buffer(stream);
    });
    for (const body of await Promise.all(bodies)) assert.ok(body.equals(sent));
  }
});

test('a client whose body nobody reads may send one window of it, and others go on', async () => {
  let unread: ServerStream | undefined;
  await using opened = await open((stream) => {
    if (stream.head.path === '/unread') unread = stream;
    else echo(stream);
  });
  using session = await dial(opened);
  const stream = session.request({ ':method': 'POST', ':path': '/unread' });
  stream.on('error', () => undefined);
  stream.end(Buffer.alloc(8 * 1024 * 1024));
  const other = session.request({ ':method': 'POST', ':path': '/other' });
  other.end('hello');
  assert.equal((await buffer(other)).toString(), 'hello');
  assert.ok(stream.writableLength > 6 * 1024 * 1024, 'the rest waits at the client');
  assert.equal((await bodyOf(unread as ServerStream)).length, 8 * 1024 * 1024);
});

test('what a slow reader does not take waits, is counted, and goes when it reads on', async () => {
  const streams: ServerStream[] = [];
  await using opened = await open((stream) => void streams.push(stream));
  using session = await dial(opened);
  const slow = session.request({ ':path': '/' });
  slow.pause();
  while (streams.length < 1) await turn();
  const [stream] = streams as [ServerStream];
  stream.respond(200, {});
  const piece = Buffer.alloc(256 * 1024, 'x');
  for (let i = 0; i < 32; i++) stream.write(piece);
  assert.ok(stream.backlogBytes > 4 * 1024 * 1024);
  let isDrained = false;
  const drained = stream.drained().then(() => (isDrained = true));
  await turn();
  assert.equal(isDrained, false);
  stream.end();
  assert.equal((await buffer(slow)).length, 32 * piece.length);
  await drained;
  assert.equal(stream.backlogBytes, 0);
});

test('one long answer does not keep short ones waiting', async () => {
  await using opened = await open((stream) => {
    stream.respond(200, {});
    stream.end([Buffer.alloc(stream.head.path === '/long' ? 64 * 1024 * 1024 : 10)]);
  });
  using session = await dial(opened, { settings: { initialWindowSize: 0x7fff_ffff } });
  session.setLocalWindowSize(0x7fff_ffff);
  let long = 0;
  const stream = session.request({ ':path': '/long' });
  stream.on('data', (chunk: Buffer) => {
    long += chunk.length;
  });
  await new Promise((resolve) => stream.once('data', resolve));
  await buffer(session.request({ ':path': '/short' }));
  assert.ok(long < 32 * 1024 * 1024, `${long} bytes of the long answer came first`);
  stream.close(constants.NGHTTP2_CANCEL);
});

test('whoever works for a client hears that it has gone: by a reset, and by the end of its connection', async () => {
  const gone: string[] = [];
  await using opened = await open((stream) => stream.onClose(() => gone.push(stream.head.path)));
  using session = await dial(opened);
  const reset = session.request({ ':path': '/reset' });
  reset.on('error', () => undefined);
  const kept = session.request({ ':path': '/kept' });
  kept.on('error', () => undefined);
  await new Promise((resolve) => session.ping(resolve));
  reset.close(constants.NGHTTP2_CANCEL);
  while (gone.length < 1) await turn();
  assert.deepEqual(gone, ['/reset']);
  session.destroy();
  while (gone.length < 2) await turn();
  assert.deepEqual(gone, ['/reset', '/kept']);
});

test('an answer that comes before the body has ended tells the client to stop', async () => {
  await using opened = await open((stream) => {
    stream.respond(413, {});
    stream.end([Buffer.from('too much')]);
  });
  using session = await dial(opened);
  const stream = session.request({ ':method': 'POST' });
  stream.write('some');
  assert.equal((await buffer(stream)).toString(), 'too much');
  assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
});

test('more streams than are taken are refused, and may be tried again', async () => {
  const streams: ServerStream[] = [];
  await using opened = await open((stream) => void streams.push(stream), { ...LIMITS, streams: 2 });
  using session = await dial(opened);
  // Node's client keeps to the limit once it knows it: all three are on their way before.
  const requests = [1, 2, 3].map(() => session.request({ ':path': '/' }));
  const code = await new Promise((resolve) => {
    for (const request of requests) request.on('error', () => undefined).on('close', () => resolve(request.rstCode));
  });
  assert.equal(code, constants.NGHTTP2_REFUSED_STREAM);
  assert.equal(streams.length, 2);
});

test('new streams are refused while answers that nobody takes fill the memory of a connection', async () => {
  await using opened = await open(
    (stream) => {
      stream.respond(200, {});
      stream.end([Buffer.alloc(1000)]);
    },
    { ...LIMITS, heldBytes: 1500 },
  );
  using session = await dial(opened, { settings: { initialWindowSize: 0 } });
  const answers = [1, 2].map(() => session.request({ ':path': '/' }));
  await Promise.all(answers.map((answer) => new Promise((resolve) => answer.on('response', resolve))));
  const refused = session.request({ ':path': '/' });
  await new Promise((resolve) => refused.on('error', resolve));
  assert.equal(refused.rstCode, constants.NGHTTP2_REFUSED_STREAM);
  session.settings({ initialWindowSize: 65_535 });
  for (const answer of answers) assert.equal((await buffer(answer)).length, 1000);
  assert.equal((await buffer(session.request({ ':path': '/' }))).length, 1000);
});

test('trailers end a body', async () => {
  await using opened = await open(echo);
  using session = await dial(opened);
  const stream = session.request({ ':method': 'POST' }, { waitForTrailers: true } as object);
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }));
  stream.end('hello');
  assert.equal((await buffer(stream)).toString(), 'hello');
});

test('a header list beyond the limit is answered with 431, and the connection goes on', async () => {
  await using opened = await open(echo);
  using session = await dial(opened);
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x-${i}`, 'y']));
  const stream = session.request(many);
  const status = await new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])));
  assert.equal(status, 431);
  assert.equal((await buffer(session.request({ ':method': 'POST' }).end('on'))).toString(), 'on');
});

for (const [what, code, frames] of [
  ['that opens streams and takes them back at once', Code.enhanceYourCalm, rapidResets()],
  ['whose header block has no end', Code.enhanceYourCalm, [headersFrame(1, 0), ...continuations(65, '')]],
  [
    'whose header block is too long',
    Code.enhanceYourCalm,
    [headersFrame(1, 0), ...continuations(12, 'x'.repeat(16_000))],
  ],
  ['that sends more than its window', Code.flowControlError, [headersFrame(1, Flag.endHeaders), ...flood()]],
  ['that pushes', Code.protocolError, [frameOf(FrameType.pushPromise, 0, 1, Buffer.alloc(4))]],
  ['whose frame is too long', Code.frameSizeError, [frameOf(FrameType.data, 0, 1, Buffer.alloc(16_385))]],
] as const)
  test(`a connection ${what} is ended with ${code}, and others go on`, async () => {
    await using opened = await open(() => undefined);
    assert.equal(await endOf(opened, ...frames), code);
    using session = await dial(opened);
    await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
  });

function rapidResets(): readonly Buffer[] {
  return Array.from({ length: 1200 }, (_, i) =>
    Buffer.concat([
      headersFrame(2 * i + 1, Flag.endHeaders | Flag.endStream),
      numbersFrame(FrameType.reset, 2 * i + 1, Code.cancel),
    ]),
  );
}

function continuations(count: number, text: string): readonly Buffer[] {
  return Array.from({ length: count }, () => frameOf(FrameType.continuation, 0, 1, Buffer.from(text)));
}

/** Of 1,001 requests that nobody reads: each within its own window, all together beyond that of the connection. */
function flood(): readonly Buffer[] {
  const piece = frameOf(FrameType.data, 0, 1, Buffer.alloc(16_384));
  const streams = Array.from({ length: 17 }, (_, i) => 2 * i + 3);
  return [
    ...streams.map((id) => headersFrame(id, Flag.endHeaders)),
    ...streams.flatMap((id) => {
      const one = Buffer.from(piece);
      one.writeUInt32BE(id, 5);
      return Array.from({ length: 63 }, () => one);
    }),
  ];
}

test('bytes in pieces of any size are the same frames', async () => {
  await using opened = await open(echo);
  const text = Buffer.concat([
    PREFACE,
    frameOf(FrameType.settings, 0, 0),
    headersFrame(1, Flag.endHeaders | Flag.endStream),
    numbersFrame(FrameType.goAway, 0, 0, 0),
  ]);
  const socket = connectSocket(opened.port, '127.0.0.1');
  socket.setNoDelay(true);
  for (const byte of text) {
    socket.write(Buffer.of(byte));
    await turn();
  }
  let heard = Buffer.of();
  for await (const chunk of socket) {
    heard = Buffer.concat([heard, chunk as Buffer]);
    if (heard.includes('text/plain')) break;
  }
  assert.ok(heard.includes('text/plain'));
});

test('close() tells which requests were seen, and ends the connection', async () => {
  await using opened = await open(() => undefined);
  using session = await dial(opened);
  session.request({ ':path': '/' }).on('error', () => undefined);
  await new Promise((resolve) => session.ping(resolve));
  const told = new Promise<readonly unknown[]>((resolve) => {
    session.on('goaway', (...words: unknown[]) => resolve(words));
  });
  opened.connections[0]?.close();
  assert.deepEqual((await told).slice(0, 2), [constants.NGHTTP2_NO_ERROR, 1]);
});
