import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { nodeProber } from './prober.ts';

const never = new AbortController().signal;

/** Asks a server on the loopback for a path. */
async function ask(
  path: string,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  headers: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => {
      server.once('listening', resolve);
    });
    const { port } = server.address() as AddressInfo;
    return await nodeProber
      .http({ host: '127.0.0.1', port, path, isTls: false, headers }, 500, never)
      .then((problem) => problem?.replaceAll(String(port), 'PORT'));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Answers `/200` with 200; a location after the code is where to go. */
const byPath = ({ url = '' }: IncomingMessage, response: ServerResponse): void => {
  const [, code, location] = /^\/(\d+)\/?(.*)$/.exec(url) ?? [];
  response
    .writeHead(Number(code), location ? { location: location.startsWith('http') ? location : `/${location}` } : {})
    .end();
};

test('nodeProber.http() takes 200 to 399 for well', async () => {
  assert.equal(await ask('/200', byPath), undefined);
  assert.equal(await ask('/304', byPath), undefined);
  assert.equal(await ask('/404', byPath), 'HTTP probe failed with statuscode: 404');
  assert.equal(await ask('/500', byPath), 'HTTP probe failed with statuscode: 500');
});

test('nodeProber.http() understands a server whose lines end in a bare line feed', async () => {
  const cgi = ({ socket }: IncomingMessage): unknown =>
    socket.end('HTTP/1.1 200 OK\nContent-Type: text/plain\n\nhello\n');
  assert.equal(await ask('/', cgi), undefined);
});

test('nodeProber.http() follows a redirect within the pod, and none out of it', async () => {
  assert.equal(await ask('/302/500', byPath), 'HTTP probe failed with statuscode: 500');
  assert.equal(await ask('/302/http://example.invalid/500', byPath), undefined);
  const forEver = (_: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(302, { location: '/again' }).end();
  assert.equal(await ask('/', forEver), 'Get "http://127.0.0.1:PORT/again": stopped after 10 redirects');
});

test('nodeProber.http() says who asks, and what it was told to say', async () => {
  const seen: unknown[] = [];
  await ask(
    '/200',
    (request, response) => {
      seen.push(request.headers['user-agent'], request.headers['x-a'], request.headers.host);
      response.end();
    },
    { 'X-A': 'b', Host: 'named' },
  );
  assert.deepEqual(seen, ['kube-probe/1.37', 'b', 'named']);
});

test('nodeProber.http() waits no longer than it was told, and says when nobody is there', async () => {
  assert.equal(
    await ask('/', () => undefined),
    'Get "http://127.0.0.1:PORT/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
  );
  assert.equal(
    await nodeProber.http({ host: '127.0.0.1', port: 1, path: '/', isTls: false, headers: {} }, 500, never),
    'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
  );
});
