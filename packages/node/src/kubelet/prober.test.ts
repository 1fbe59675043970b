import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
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

test('nodeProber.http() says what else an answer is in the words of Go', async () => {
  const hangUp = ({ socket }: IncomingMessage): unknown => socket.end();
  assert.equal(await ask('/', hangUp), 'Get "http://127.0.0.1:PORT/": EOF');
  const plain = createServer(byPath).listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    plain.once('listening', resolve);
  });
  const { port } = plain.address() as AddressInfo;
  try {
    assert.equal(
      await nodeProber.http({ host: '127.0.0.1', port, path: '/200', isTls: true, headers: {} }, 500, never),
      `Get "https://127.0.0.1:${port}/200": http: server gave HTTP response to HTTPS client`,
    );
  } finally {
    plain.closeAllConnections();
    plain.close();
  }
});

/** A server of the health protocol on the loopback that answers each service as it is called; undefined: not at all. */
async function health(host: string, isHealth = true): Promise<Server & { readonly port: number }> {
  const server = new Server();
  const service = {
    check: {
      path: isHealth ? '/grpc.health.v1.Health/Check' : '/other.Service/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: Buffer) => value,
      requestDeserialize: (value: Buffer) => value,
      responseSerialize: (value: Buffer) => value,
      responseDeserialize: (value: Buffer) => value,
    },
  };
  server.addService(service, {
    check: ({ request }: { request: Buffer }, done: (error: object | null, answer?: Buffer) => void) => {
      const name = request.subarray(request.length > 130 ? 3 : 2).toString();
      if (/^\d$/.test(name)) done(null, Buffer.from([0x08, Number(name)]));
      else if (name === 'unknown') done({ code: status.NOT_FOUND, details: 'unknown service' });
      else if (name !== 'silent') done(null, Buffer.from([0x08, 1]));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return Object.assign(server, { port });
}

test('nodeProber.grpc() says what the health protocol answered, in the words of kubelets', async () => {
  const server = await health('127.0.0.1');
  const other = await health('127.0.0.1', false);
  const ask = (service: string, port = server.port): Promise<string | undefined> =>
    nodeProber.grpc('127.0.0.1', port, service, 300, never);
  try {
    assert.deepEqual(await Promise.all(['', '1', 'x'.repeat(200)].map((name) => ask(name))), [
      undefined,
      undefined,
      undefined,
    ]);
    assert.equal(await ask('2'), 'service unhealthy (responded with "NOT_SERVING")');
    assert.equal(await ask('0'), 'service unhealthy (responded with "UNKNOWN")');
    assert.equal(
      await ask('unknown'),
      'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
    );
    assert.equal(await ask('silent'), 'timeout: health rpc did not complete within 300ms');
    assert.match(
      (await ask('', other.port)) ?? '',
      /^error: this server does not implement the grpc health protocol \(grpc\.health\.v1\.Health\): /,
    );
    assert.equal(
      await ask('', 1),
      'timeout: failed to connect service "127.0.0.1:1" within 300ms: context deadline exceeded',
    );
  } finally {
    server.forceShutdown();
    other.forceShutdown();
  }
});

test('nodeProber.grpc() asks at addresses of the other family too', async () => {
  const server = await health('[::1]');
  try {
    assert.equal(await nodeProber.grpc('::1', server.port, '', 500, never), undefined);
  } finally {
    server.forceShutdown();
  }
});
