import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../testing/eventually.ts';
import { join } from './upgrade.ts';

/** A relay before a server that does as told with each connection. */
async function relay(serve: (socket: Socket) => void) {
  const listen = (server: Server): Promise<number> =>
    new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  const accepted: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket);
    serve(socket);
  });
  const target = await listen(server);
  const sockets: Socket[] = [];
  const middle = createServer({ allowHalfOpen: true }, (client) => {
    const other = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(client, other);
    join(client, other);
  });
  const port = await listen(middle);
  return {
    sockets,
    open: () => connect({ port, host: '127.0.0.1', allowHalfOpen: true }),
    async [Symbol.asyncDispose]() {
      for (const socket of [...sockets, ...accepted]) socket.destroy();
      for (const one of [server, middle]) await new Promise((resolve) => one.close(resolve));
    },
  };
}

const textOf = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket
      .on('data', (part: Buffer) => {
        text += part.toString();
      })
      .on('error', () => undefined)
      .on('end', () => resolve(text))
      .on('close', () => resolve(text));
  });

test('join() passes on the end of each direction by itself', async () => {
  await using between = await relay((socket) => void textOf(socket).then((text) => socket.end(`got ${text}`)));
  const client = between.open();
  client.end('all');
  assert.equal(await textOf(client), 'got all');
});

test('join() lets the client hear what the server said before it closed, though the client is still sending', async () => {
  await using between = await relay((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('last words', () => socket.destroy()));
  });
  for (let i = 0; i < 20; i++) {
    const client = between.open();
    const text = textOf(client);
    client.write(Buffer.alloc(3_000_000));
    const feed = setInterval(() => client.writable && client.write(Buffer.alloc(100_000)), 0);
    const heard = await text;
    clearInterval(feed);
    client.destroy();
    assert.equal(heard, 'last words');
  }
});

test('join(): when one side is gone, the other goes too, though it never reads nor ends', async () => {
  await using between = await relay((socket) => void socket.pause().on('error', () => undefined));
  const client = between.open();
  client.write('hello');
  await eventually('both sockets', () => between.sockets.length === 2, { timeoutMs: 10_000, everyMs: 1 });
  client.resetAndDestroy();
  for (const socket of between.sockets)
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
});
