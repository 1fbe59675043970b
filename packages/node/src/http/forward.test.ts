import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { WebSocket, WebSocketServer } from 'ws';
import { Pki } from '../pki/index.ts';
import { forward, forwardUpgrade } from './forward.ts';
import { AddressRewriter } from './forward/html.ts';
import { proxyPlace, rewritten } from './forward/location.ts';

const PREFIX = '/api/v1/namespaces/demo/pods/web:80/proxy';
const credentials = { certificate: '', key: '', authority: '' };

/** A proxy before a target: what the API server is to a pod. */
async function harness(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  path = '/ignored',
  asKubeletClient = false,
) {
  const listen = (server: ReturnType<typeof createServer>): Promise<number> =>
    new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  const target = createServer(handle);
  const sockets = new WebSocketServer({ noServer: true });
  target.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith('/echo'))
      sockets.handleUpgrade(request, socket, head, (webSocket) =>
        webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary })),
      );
    else if (request.url === '/fine') socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    else socket.end('HTTP/1.1 418 I am a teapot\r\ncontent-type: text/teapot\r\ncontent-length: 3\r\n\r\ntea');
  });
  const port = await listen(target);
  const where = { scheme: 'http', host: '127.0.0.1', port, path, asKubeletClient } as const;
  const proxy = createServer((request, response) => void forward(where, request, response, credentials));
  proxy.on(
    'upgrade',
    (request, socket: Duplex, head: Buffer) => void forwardUpgrade(where, request, socket, head, credentials),
  );
  const proxyPort = await listen(proxy);
  return {
    port,
    proxyPort,
    target,
    ask: (url: string, headers: Record<string, string> = {}, method = 'GET', body?: Buffer) =>
      ask(proxyPort, url, { headers, method, body }),
    async [Symbol.asyncDispose]() {
      for (const server of [target, proxy]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

function ask(
  port: number,
  path: string,
  { headers, method, body }: { headers: Record<string, string>; method: string; body: Buffer | undefined },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ port, host: '127.0.0.1', path, headers, method, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    outgoing.on('error', reject).end(body);
  });
}

test('forward() asks behind a proxy prefix for the path that is meant, written in one way, and the query as it was', async () => {
  const seen: (string | undefined)[] = [];
  await using proxy = await harness((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end('ok');
  });
  const paths = {
    '/': '/',
    '/a/b/': '/a/b/',
    '/a//b?x=1&y=%20&x=2': '/a/b?x=1&y=%20&x=2',
    '/%2e%2F?': '/?',
    '/%c3%a4%20(b)': '/%C3%A4%20%28b%29',
    '/a%2Fb': '/a/b',
    '/a/../../b': '/b',
    '/$&+,:;=@-_.~': '/$&+,:;=@-_.~',
    '/%zz': '/%25zz',
  };
  for (const path of Object.keys(paths)) await proxy.ask(PREFIX + path);
  assert.deepEqual(
    seen,
    Object.values(paths).map((path) => `GET ${path}`),
  );
});

test('forward() sends a reader of the bare proxy to the folder, and nobody else', async () => {
  await using proxy = await harness((request, response) => response.end(`${request.method} ${request.url}`));
  const { status, headers } = await proxy.ask(`${PREFIX}?a=b`);
  assert.deepEqual([status, headers.location], [301, `${PREFIX}/?a=b`]);
  assert.equal((await proxy.ask(`${PREFIX}?a=b`, {}, 'POST')).body.toString(), 'POST /?a=b');
});

test('forward() keeps credentials and hops to itself, and says for whom it asks', async () => {
  await using proxy = await harness((request, response) =>
    response.setHeader('connection', 'close').setHeader('x-own', '1').end(JSON.stringify(request.headers)),
  );
  const { headers, body } = await proxy.ask(`${PREFIX}/x`, {
    authorization: 'Bearer secret',
    'impersonate-user': 'root',
    te: 'trailers',
    cookie: 'a=b',
    'x-forwarded-for': '9.9.9.9',
    accept: 'x/y',
  });
  const seen = JSON.parse(body.toString()) as Record<string, string>;
  assert.deepEqual(
    [seen['authorization'], seen['impersonate-user'], seen['te'], seen['cookie'], seen['accept']],
    [undefined, undefined, undefined, 'a=b', 'x/y'],
  );
  assert.equal(seen['x-forwarded-for'], '9.9.9.9, 127.0.0.1');
  assert.equal(seen['x-forwarded-uri'], `${PREFIX}/x`);
  assert.deepEqual([headers['x-own'], headers['cache-control']], ['1', 'no-cache, private']);
});

test('forward() tells the target by which name the client came, and no browser who may read what the target says', async () => {
  await using proxy = await harness((request, response) => {
    for (const name of ['allow-origin', 'allow-credentials', 'allow-methods', 'allow-headers', 'max-age'])
      response.setHeader(`access-control-${name}`, '1');
    response.end(JSON.stringify(request.headers));
  });
  const { headers, body } = await proxy.ask(`${PREFIX}/a//b/`, { host: 'api.example.com:6443' });
  const seen = JSON.parse(body.toString()) as Record<string, string>;
  assert.deepEqual([seen['host'], seen['x-forwarded-uri']], ['api.example.com:6443', `${PREFIX}/a/b/`]);
  assert.deepEqual(
    Object.keys(headers).filter((name) => name.startsWith('access-control')),
    ['access-control-max-age'],
  );
});

test('forward() carries bodies of every method both ways', async () => {
  await using proxy = await harness((request, response) => void request.pipe(response.writeHead(201)));
  const sent = Buffer.alloc(3_000_000, 'abc');
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const { status, body } = await proxy.ask(`${PREFIX}/x`, { 'content-length': String(sent.length) }, method, sent);
    assert.deepEqual([status, body.equals(sent)], [201, true], method);
    const chunked = await proxy.ask(`${PREFIX}/x`, { 'transfer-encoding': 'chunked' }, method, sent);
    assert.ok(chunked.body.equals(sent), `${method} in chunks`);
  }
});

test('forward() passes on what a server says whose lines end in a bare line feed', async () => {
  await using proxied = await harness(({ socket }) =>
    socket.end('HTTP/1.1 200 OK\nContent-Type: text/plain\n\nhello\n'),
  );
  const { status, headers, body } = await proxied.ask(`${PREFIX}/`);
  assert.deepEqual([status, headers['content-type'], body.toString()], [200, 'text/plain', 'hello\n']);
});

test('forward() moves redirects of the service itself below the prefix', async () => {
  let location = '';
  await using proxy = await harness((_request, response) => response.writeHead(302, { location }).end());
  for (const [given, wanted] of [
    ['/login?next=/', `${PREFIX}/login?next=/`],
    [`http://127.0.0.1:${proxy.port}/a/`, `${PREFIX}/a/`],
    ['next', 'next'],
    ['https://elsewhere.example/a', 'https://elsewhere.example/a'],
    [`${PREFIX}/a`, `${PREFIX}/a`],
    ['//elsewhere.example/a', '//elsewhere.example/a'],
  ] as const) {
    location = given;
    assert.equal((await proxy.ask(`${PREFIX}/x`)).headers.location, wanted, given);
  }
});

const page =
  '<!-- <a href="/not"> --><a class=x href="/a?b#c">1</a><img src=\'/i.png\'><script>"<a href=\'/not\'>"</script><a href=/bare>é</a><a title="a > b" href="/q">' +
  '<a href="rel"><a data-href="/not"><p>1 < 2</p><form action="http://other/x">';
const moved = page
  .replace('"/a?b#c"', `"${PREFIX}/a?b#c"`)
  .replace("'/i.png'", `'${PREFIX}/i.png'`)
  .replace('=/bare', `=${PREFIX}/bare`)
  .replace('"/q"', `"${PREFIX}/q"`);

test('forward() moves the addresses in pages, also in compressed ones, and in nothing else', async () => {
  let [type, encoding] = ['text/html; charset=utf-8', ''];
  await using proxy = await harness((_request, response) => {
    const body = encoding === 'gzip' ? gzipSync(page) : Buffer.from(page);
    response
      .writeHead(200, {
        'content-type': type,
        'content-length': body.length,
        ...(encoding ? { 'content-encoding': encoding } : {}),
      })
      .end(body);
  });
  assert.equal((await proxy.ask(`${PREFIX}/`)).body.toString(), moved);
  encoding = 'gzip';
  assert.equal(gunzipSync((await proxy.ask(`${PREFIX}/`)).body).toString(), moved);
  encoding = 'br';
  assert.equal((await proxy.ask(`${PREFIX}/`)).body.toString(), page);
  [type, encoding] = ['text/plain', ''];
  assert.equal((await proxy.ask(`${PREFIX}/`)).body.toString(), page);
  type = 'text/html';
  assert.equal((await proxy.ask('/api/v1/namespaces/demo/pods/web/log')).body.toString(), page);
});

test('AddressRewriter gives the same page however its bytes are cut, and loses none of any text', async () => {
  const run = async (text: string, sizes: readonly number[], rewrite: (address: string) => string): Promise<string> => {
    const rewriter = new AddressRewriter(rewrite);
    const parts: Buffer[] = [];
    rewriter.on('data', (part: Buffer) => parts.push(part));
    const bytes = Buffer.from(text);
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = sizes[i % sizes.length] ?? 1;
      rewriter.write(bytes.subarray(at, at + size));
      at += size;
    }
    await new Promise<void>((resolve) => rewriter.end(() => resolve()));
    return Buffer.concat(parts).toString();
  };
  const place = { prefix: PREFIX, rest: '/' };
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(sizes, async (cuts) =>
      assert.equal(await run(page, cuts, (address) => rewritten(address, place, [])), moved),
    ),
    { numRuns: 50 },
  );
  const texts = fc
    .array(
      fc.constantFrom(
        '<',
        '>',
        '<!--',
        '-->',
        '<a ',
        'href=',
        '"',
        "'",
        '/x',
        '<script>',
        '</script>',
        ' ',
        'é',
        '<style',
      ),
      { maxLength: 20 },
    )
    .map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(texts, sizes, async (text, cuts) =>
      assert.equal(await run(text, cuts, (address) => address), text),
    ),
    { numRuns: 300 },
  );
});

test('forward() tells in a Status why a target cannot be reached', async () => {
  await using proxy = await harness(() => undefined);
  proxy.target.closeAllConnections();
  await new Promise((resolve) => proxy.target.close(resolve));
  const { status, body } = await proxy.ask(`${PREFIX}/`);
  assert.equal(status, 503);
  assert.deepEqual(JSON.parse(body.toString()), {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: 'ServiceUnavailable',
    code: 503,
    message: `error trying to reach service: dial tcp 127.0.0.1:${proxy.port}: connect: connection refused`,
  });
});

test('forward() breaks off what the target broke off, so that half an answer is not taken for a whole', async () => {
  await using proxy = await harness((_request, response) => {
    response.write('half');
    setImmediate(() => response.destroy());
  });
  await assert.rejects(proxy.ask(`${PREFIX}/`));
});

test('forward() makes a Status of what a kubelet says instead of a log', async () => {
  let [code, text] = [400, 'container "a" in pod "web" is waiting to start: ContainerCreating'];
  await using proxy = await harness(
    (_request, response) => response.writeHead(code).end(text),
    '/containerLogs/demo/web/a',
    true,
  );
  const path = '/api/v1/namespaces/demo/pods/web/log';
  const status = async (): Promise<{ reason: string; message: string; code: number }> =>
    JSON.parse((await proxy.ask(path)).body.toString()) as { reason: string; message: string; code: number };
  assert.deepEqual([(await status()).reason, (await status()).message], ['BadRequest', text]);
  [code, text] = [404, 'pod "web" does not exist'];
  assert.deepEqual(
    [(await status()).code, (await status()).message],
    [404, 'the server could not find the requested resource ( pods/log web)'],
  );
  [code, text] = [500, 'boom'];
  assert.deepEqual([(await status()).code, (await status()).message], [500, 'Internal error occurred: boom']);
});

test('forward() refuses exec without an upgrade', async () => {
  await using proxy = await harness(() => undefined, '/exec/demo/web/u/main', true);
  const { status, body } = await proxy.ask('/api/v1/namespaces/demo/pods/web/exec?command=x', {}, 'POST');
  assert.deepEqual(
    [status, (JSON.parse(body.toString()) as { message: string }).message],
    [400, 'Upgrade request required'],
  );
});

test('forwardUpgrade() lets WebSockets through, without the token that browsers send as a subprotocol', async () => {
  await using proxy = await harness(() => undefined);
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.proxyPort}${PREFIX}/echo`, [
    'base64url.bearer.authorization.k8s.io.c2VjcmV0',
    'chat',
  ]);
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  assert.equal(socket.protocol, 'chat');
  socket.send('hello');
  assert.equal(String(await new Promise((resolve) => socket.once('message', resolve))), 'hello');
  socket.close();
  await new Promise((resolve) => socket.on('close', resolve));
});

test('forwardUpgrade() sends a log in messages, in base64 where that is asked for, and a refusal as a Status', async () => {
  let code = 200;
  await using proxy = await harness(
    (request, response) => {
      assert.equal(request.headers.upgrade, undefined);
      response.writeHead(code).end(code === 200 ? 'one\ntwo\n' : 'container is waiting');
    },
    '/containerLogs/demo/web/a',
    true,
  );
  const url = `ws://127.0.0.1:${proxy.proxyPort}/api/v1/namespaces/demo/pods/web/log?follow=true`;
  const logOf = (...protocols: string[]): Promise<string> =>
    new Promise((resolve) => {
      const parts: string[] = [];
      const socket = new WebSocket(url, protocols).on('error', () => undefined);
      socket
        .on('message', (data, isBinary) => parts.push(`${isBinary ? 'binary' : 'text'}:${String(data)}`))
        .on('close', (reason) => resolve(`${socket.protocol} ${reason} ${parts.join(' ')}`));
      socket.on('unexpected-response', (_request, response) => {
        let text = `${response.statusCode} `;
        response
          .on('data', (part: Buffer) => {
            text += part.toString();
          })
          .on('end', () => resolve(text));
      });
    });
  assert.equal(await logOf(), ' 1000 binary: binary:one\ntwo\n');
  assert.equal(
    await logOf('base64.bearer.x', 'base64.binary.k8s.io'),
    `base64.binary.k8s.io 1000 text: text:${Buffer.from('one\ntwo\n').toString('base64')}`,
  );
  assert.match(await logOf('other.k8s.io'), /^403 requested protocol/);
  code = 400;
  assert.match(await logOf(), /^400 .*"reason":"BadRequest".*|^400 .*container is waiting/);
});

test('forwardUpgrade() gives a refusal back as it was, and says why a target cannot be reached', async () => {
  await using proxy = await harness(() => undefined);
  const refusal = (path = '/other'): Promise<string> =>
    new Promise((resolve) => {
      new WebSocket(`ws://127.0.0.1:${proxy.proxyPort}${PREFIX}${path}`)
        .on('error', () => undefined)
        .on('unexpected-response', (_request, response) => {
          let text = `${response.statusCode} ${response.headers['content-type']} `;
          response
            .on('data', (part: Buffer) => {
              text += part.toString();
            })
            .on('end', () => resolve(text));
        });
    });
  assert.equal(await refusal(), '418 text/teapot tea');
  assert.match(await refusal('/fine'), /^500 application\/json .*"invalid upgrade response: status code 200"/);
  proxy.target.closeAllConnections();
  await new Promise((resolve) => proxy.target.close(resolve));
  assert.match(await refusal(), /^503 application\/json .*connect: connection refused/);
});

test('forwardUpgrade() agrees to a command of version 5 and tells a refusal on its channel of errors, older ones as it was', async () => {
  let [type, text] = ['text/plain; charset=utf-8', 'container not found ("main")\n'];
  await using proxy = await harness(() => undefined, '/exec/demo/web/main', true);
  proxy.target
    .removeAllListeners('upgrade')
    .on('upgrade', (_request, socket: Duplex) =>
      socket.end(`HTTP/1.1 404 Not Found\r\ncontent-type: ${type}\r\ncontent-length: ${text.length}\r\n\r\n${text}`),
    );
  const said = (...protocols: string[]): Promise<string> =>
    new Promise((resolve) => {
      const socket = new WebSocket(
        `ws://127.0.0.1:${proxy.proxyPort}/api/v1/namespaces/demo/pods/web/exec?command=x`,
        protocols,
      ).on('error', () => undefined);
      let [channel, body] = [-1, ''];
      socket
        .on('message', (data: Buffer) => ([channel, body] = [data[0] ?? -1, data.subarray(1).toString()]))
        .on('close', (code) => resolve(`${socket.protocol} ${code} ${channel} ${body}`))
        .on('unexpected-response', (_request, response) => resolve(`refused ${response.statusCode}`));
    });
  const message = 'unable to upgrade connection: container not found (\\"main\\")';
  assert.equal(
    await said('v5.channel.k8s.io', 'v4.channel.k8s.io'),
    `v5.channel.k8s.io 1000 3 {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Internal error occurred: ${message}","reason":"InternalError","details":{"causes":[{"message":"${message}"}]},"code":500}`,
  );
  assert.equal(await said('v4.channel.k8s.io'), 'refused 404');
  [type, text] = ['application/json', '{"kind":"Status","code":403}'];
  assert.equal(await said('v5.channel.k8s.io'), 'v5.channel.k8s.io 1000 3 {"kind":"Status","code":403}');
});

test('proxyPlace() takes only proxy subresources apart', () => {
  assert.deepEqual(proxyPlace('/api/v1/nodes/n1/proxy/stats/summary?x'), {
    prefix: '/api/v1/nodes/n1/proxy',
    rest: '/stats/summary?x',
  });
  assert.deepEqual(proxyPlace('/api/v1/namespaces/a/services/https:b:c/proxy'), {
    prefix: '/api/v1/namespaces/a/services/https:b:c/proxy',
    rest: '',
  });
  for (const url of [
    '/api/v1/namespaces/a/pods/b/log',
    '/api/v1/namespaces/a/pods/b/proxyx',
    '/apis/x/v1/pods/b/proxy',
    '/api/v1/pods?x=/proxy',
  ])
    assert.equal(proxyPlace(url), undefined, url);
});

test('forward() tells an extension server who asks, proves that it may by its certificate, and checks whose that is', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'navarch-forward-'));
  const [pki, frontProxy] = [await Pki.open(dir), await Pki.open(dir, 'front-proxy-ca')];
  const own = await pki.issue({ commonName: 'x', names: ['api.demo.svc'] });
  const extensionClient = await frontProxy.issue({ commonName: 'front-proxy-client' });
  const seen: (readonly unknown[])[] = [];
  const target = createTlsServer(
    {
      cert: own.certificate,
      key: own.key,
      ca: frontProxy.authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    ({ socket, headers, url }, response) => {
      const { authorized } = socket as TLSSocket;
      seen.push([
        authorized,
        url,
        headers['x-remote-user'],
        headers['x-remote-group'],
        headers['x-remote-extra-a'],
        headers['x-remote-extra-spoofed'],
        headers.authorization,
        headers.host,
      ]);
      response.end('flunders');
    },
  );
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const { port } = target.address() as AddressInfo;
  const through = async (serverName: string): Promise<Answer> => {
    const headers = { 'x-remote-user': 'jan\u00e9', 'x-remote-group': ['a', 'b'], 'x-remote-extra-a': ['1'] };
    const extension = {
      server: { host: '127.0.0.1', port, serverName, authority: pki.authority.certificate, isUnverified: false },
      headers,
    };
    const where = {
      scheme: 'https',
      host: '127.0.0.1',
      port,
      path: '/apis/g/v1/flunders?limit=1',
      asKubeletClient: false,
      extension,
    } as const;
    const proxy = createServer(
      (request, response) => void forward(where, request, response, { ...credentials, extensionClient }),
    );
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const spoofed = { authorization: 'Bearer secret', 'x-remote-user': 'root', 'x-remote-extra-spoofed': 'yes' };
    const answer = await ask((proxy.address() as AddressInfo).port, '/apis/g/v1/flunders', {
      headers: spoofed,
      method: 'GET',
      body: undefined,
    });
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    return answer;
  };
  try {
    assert.equal((await through('api.demo.svc')).body.toString(), 'flunders');
    assert.deepEqual(seen, [
      [
        true,
        '/apis/g/v1/flunders?limit=1',
        Buffer.from('jan\u00e9').toString('latin1'),
        'a, b',
        '1',
        undefined,
        undefined,
        'api.demo.svc',
      ],
    ]);
    const refused = await through('other.demo.svc');
    assert.deepEqual([refused.status, refused.headers['content-type']], [503, 'text/plain; charset=utf-8']);
    assert.match(refused.body.toString(), /^error trying to reach service: .*api\.demo\.svc/);
  } finally {
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
    rmSync(dir, { recursive: true });
  }
});
