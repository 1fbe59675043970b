import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { test } from 'node:test';
import type { Backend, Endpoint, Rule, Site } from '@navarch/ingress';
import { eventually } from '../testing/index.ts';
import { type RealHaproxy, realHaproxy } from './testing/real-haproxy.ts';

const signal = AbortSignal.timeout(120_000);

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Question {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isTls?: boolean;
  /** What is asked for when TLS begins. */
  readonly servername?: string;
  readonly body?: string;
}

interface Echo extends AsyncDisposable {
  readonly endpoint: Endpoint;
  /** What it was asked, in order. */
  readonly seen: readonly string[];
}

/** Says what reached it, and who it is; with the statuses that it is given first, one after the other. */
async function echo(name: string, ...statuses: readonly number[]): Promise<Echo> {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      response.statusCode = statuses[seen.length] ?? 200;
      seen.push(`${request.method} ${request.url} ${request.headers.host} ${body}`.trim());
      response.end(`${name} ${request.method} ${request.url} ${request.headers.host}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    endpoint: { address: '127.0.0.1', port: address.port },
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function ask({ ports }: RealHaproxy, question: Question): Promise<Answer> {
  const { path = '/', method = 'GET', headers = {}, isTls = false, servername, body } = question;
  const options = {
    agent: false,
    host: '127.0.0.1',
    port: isTls ? ports.https : ports.http,
    path,
    method,
    headers: { host: 'a.test', ...headers },
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  } as const;
  return new Promise((resolve, reject) => {
    (isTls ? httpsRequest : httpRequest)(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    })
      .on('error', reject)
      .end(body);
  });
}

function siteOf({ ports }: RealHaproxy, backend: Omit<Backend, 'id' | 'owner'>): Site {
  return {
    backends: [{ id: 'b:one', owner: 'n/one', ...backend }],
    entrances: [
      {
        id: 'test',
        binds: [
          { address: '127.0.0.1', port: ports.http, isTls: false },
          { address: '127.0.0.1', port: ports.https, isTls: true },
        ],
        certificates: [],
        routes: [
          {
            host: '',
            wildcard: 'one-label',
            path: { type: 'prefix', value: '/' },
            conditions: [],
            targets: [{ weight: 1, backend: 'b:one' }],
            owner: 'n/one',
            since: '',
          },
        ],
      },
    ],
  };
}

type Case = readonly [rules: readonly Rule[], question: Question, expected: string];
const cors = {
  origins: ['https://good.test', 'https://*.fine.test'],
  methods: 'GET',
  headers: 'X-One',
  exposed: '',
  withCredentials: true,
  maxAgeSeconds: 5,
};
/** `openssl passwd -6 -salt salt secret`. */
const HASH = '$6$salt$egUxKNxDs8kPfh8iPMNcosMhb2eWah6d3R44JDm5Rj/j/XWR5E33QPd0YmHXoDHOIDR6kL5D3JcQcz0O8FHE00';
const password = (text: string): Question => ({ headers: { authorization: `Basic ${btoa(text)}` } });
const rewrite: Rule = { do: 'rewrite-path', pattern: '^/api(/|$)(.*)', replacement: '/v1/$2', ignoreCase: true };

const CASES: readonly Case[] = [
  [[{ do: 'secure', port: 443 }], { path: '/x?y=1' }, '308 https://a.test/x?y=1'],
  [[{ do: 'secure', port: 8443 }], { path: '/x' }, '308 https://a.test:8443/x'],
  [[{ do: 'secure', port: 443 }], { path: '/x', isTls: true }, '200 one GET /x a.test'],
  [[rewrite], { path: '/API/it/%20?q=1' }, '200 one GET /v1/it/%20?q=1 a.test'],
  [[rewrite], { path: '/api' }, '200 one GET /v1/ a.test'],
  [[{ do: 'set-path', path: '/100%' }], { path: '/x?q' }, '200 one GET /100%?q a.test'],
  [[{ do: 'replace-prefix', prefix: '/a.b', by: '/' }], { path: '/a.b/c' }, '200 one GET /c a.test'],
  [[{ do: 'replace-prefix', prefix: '/a', by: '/' }], { path: '/a' }, '200 one GET / a.test'],
  [[{ do: 'replace-prefix', prefix: '/a', by: '/x/' }], { path: '/a' }, '200 one GET /x a.test'],
  [[{ do: 'replace-prefix', prefix: '/a/', by: '/x' }], { path: '/a/b' }, '200 one GET /x/b a.test'],
  [[{ do: 'set-host', host: 'b.test' }], {}, '200 one GET / b.test'],
  [[{ do: 'send-to', location: 'https://b.test/%20', status: 301 }], {}, '301 https://b.test/%20'],
  [[{ do: 'send-to', location: '/app', status: 302, onlyFrom: '/' }], { path: '/x' }, '200 one GET /x a.test'],
  [[{ do: 'send-to', location: '/app', status: 302, onlyFrom: '/' }], {}, '302 /app'],
  [
    [{ do: 'redirect', to: { status: 301, scheme: 'https', host: 'b.test' } }],
    { path: '/x?y' },
    '301 https://b.test/x?y',
  ],
  [[{ do: 'redirect', to: { status: 302, scheme: 'http', port: 8080 } }], { path: '/x' }, '302 http://a.test:8080/x'],
  [
    [{ do: 'redirect', to: { status: 302, scheme: 'http', path: '/new', prefix: '/old' } }],
    { path: '/old/x' },
    '302 http://a.test/new/x',
  ],
  [
    [{ do: 'redirect', to: { status: 302, scheme: 'http', path: '/all' } }],
    { path: '/old/x' },
    '302 http://a.test/all',
  ],
  [[{ do: 'admit', sources: ['127.0.0.0/8'] }], {}, '200 one GET / a.test'],
  [[{ do: 'admit', sources: ['10.0.0.0/8', ...Array.from({ length: 70 }, (_, n) => `192.0.2.${n}`)] }], {}, '403'],
  [[{ do: 'refuse', sources: ['127.0.0.1'] }], {}, '403'],
  [[{ do: 'limit-body', bytes: 3 }], { method: 'POST', body: 'four' }, '413'],
  [[{ do: 'limit-body', bytes: 4 }], { method: 'POST', body: 'four' }, '200 one POST / a.test'],
  [[{ do: 'limit-rate', perSecond: 100, burst: 5 }], {}, '200 one GET / a.test'],
  [[{ do: 'ask-password', realm: "it's", users: [{ name: 'ann', hash: HASH }] }], password('ann:wrong'), '401'],
  [
    [{ do: 'ask-password', realm: 'r', users: [{ name: 'ann', hash: HASH }] }],
    password('ann:secret'),
    '200 one GET / a.test',
  ],
  [[{ do: 'share', cors }], { headers: { origin: 'https://bad.test' } }, '200 one GET / a.test'],
  [
    [{ do: 'share', cors }],
    { headers: { origin: 'https://x.fine.test' } },
    '200 one GET / a.test https://x.fine.test true',
  ],
  [
    [{ do: 'share', cors }],
    { method: 'OPTIONS', headers: { origin: 'https://good.test' } },
    '204 https://good.test true GET X-One 5',
  ],
  [[{ do: 'share', cors }], { method: 'OPTIONS', headers: { origin: 'https://bad.test' } }, '204'],
  [
    [{ do: 'share', cors: { ...cors, origins: ['*'], methods: '*', headers: '*' } }],
    {
      method: 'OPTIONS',
      headers: {
        origin: 'https://a.test',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'x-1, x-2',
      },
    },
    '204 https://a.test true PUT x-1, x-2 5',
  ],
];

const CORS = ['origin', 'credentials', 'methods', 'headers'].map((name) => `access-control-allow-${name}`);
const wordsOf = ({ status, headers, body }: Answer): string =>
  [
    status,
    headers['location'],
    status === 200 ? body : undefined,
    ...CORS.map((name) => headers[name]),
    headers['access-control-max-age'],
  ]
    .filter((part) => part !== undefined)
    .join(' ');

test('HAProxy does what rules say', async () => {
  await using proxy = await realHaproxy();
  await using one = await echo('one');
  const forward = { protocol: 'http', endpoints: [one.endpoint] } as const;
  for (const [rules, question, expected] of CASES) {
    assert.deepEqual(await proxy.engine.load(proxy.configOf(siteOf(proxy, { rules, forward })), signal), []);
    assert.equal(wordsOf(await ask(proxy, question)), expected, JSON.stringify([rules, question]));
  }
});

test('a copy of a request goes where rules say, with its body, and nobody else comes in by the way that it takes', async () => {
  await using proxy = await realHaproxy();
  await using one = await echo('one');
  await using two = await echo('two');
  const mirror: Rule = { do: 'mirror', to: 'b:two', share: 1, of: 1 };
  const never: Rule = { do: 'mirror', to: 'b:two', share: 0, of: 1 };
  const site = siteOf(proxy, {
    rules: [{ do: 'set-path', path: '/new' }, mirror, never],
    forward: { protocol: 'http', endpoints: [one.endpoint] },
  });
  const backends = [
    ...site.backends,
    { id: 'b:two', owner: 'n/one', rules: [], forward: { protocol: 'http', endpoints: [two.endpoint] } } as const,
  ];
  assert.deepEqual(await proxy.engine.load(proxy.configOf({ ...site, backends }), signal), []);
  for (const question of [{}, { method: 'POST', body: 'four' }])
    assert.equal((await ask(proxy, { ...question, path: '/x?q=1' })).status, 200);
  await eventually('both have been copied', async () => two.seen.length === 2);
  assert.deepEqual([...two.seen].sort(), ['GET /new?q=1 a.test', 'POST /new?q=1 a.test four']);
  assert.equal(one.seen.length, 2);
});

/** Answers by what it is asked for. */
async function oracle(
  answer: (request: IncomingMessage) => readonly [status: number, headers: Record<string, string>, body: string],
): Promise<{ readonly endpoint: Endpoint } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const [status, headers, body] = answer(request);
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    endpoint: { address: '127.0.0.1', port: address.port },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const withBackend = (site: Site, id: string, endpoint: Endpoint): Site => ({
  ...site,
  backends: [...site.backends, { id, owner: 'n/one', rules: [], forward: { protocol: 'http', endpoints: [endpoint] } }],
});

test('another backend is asked whether a request may go on', async () => {
  await using proxy = await realHaproxy();
  await using one = await oracle(({ headers }) => [200, {}, `for ${headers['x-user']}`]);
  await using guard = await oracle(({ headers, url }) => {
    const [name = '', place] = [headers.cookie, headers['x-original-url']];
    if (url !== '/check?a=1' || headers.host !== 'guard.test') return [400, {}, ''];
    if (name === 'ann' && place === 'http://a.test/x?y') return [204, { 'X-User': 'Ann' }, ''];
    return name === 'bob' ? [403, {}, ''] : [401, { 'WWW-Authenticate': 'Basic realm="guard"' }, ''];
  });
  const question = { to: 'b:guard', method: 'get', host: 'guard.test', path: '/check?a=1', taken: ['X-User'] } as const;
  const answers = async (signIn?: string): Promise<readonly string[]> => {
    const rule: Rule = { do: 'ask', question: { ...question, ...(signIn === undefined ? {} : { signIn }) } };
    const forward = { protocol: 'http', endpoints: [one.endpoint] } as const;
    const site = withBackend(siteOf(proxy, { rules: [rule], forward }), 'b:guard', guard.endpoint);
    assert.deepEqual(await proxy.engine.load(proxy.configOf(site), signal), []);
    const found: string[] = [];
    for (const cookie of ['ann', 'bob', 'eve']) {
      const { status, headers, body } = await ask(proxy, { path: '/x?y', headers: { cookie, 'x-user': 'forged' } });
      const more = headers['location'] ?? headers['www-authenticate'] ?? (status === 200 ? body : '');
      found.push(`${status} ${String(more)}`.trim());
    }
    return found;
  };
  assert.deepEqual(await answers(), ['200 for Ann', '403', '401 Basic realm="guard"']);
  assert.deepEqual(await answers('https://$host/login?rd=$escaped_request_uri'), [
    '200 for Ann',
    '403',
    '302 https://a.test/login?rd=%2Fx%3Fy',
  ]);
});

test('another backend says what is shown instead of an error, whose status stays', async () => {
  await using proxy = await realHaproxy();
  await using one = await oracle(({ url }) => [url === '/gone' ? 404 : url === '/odd' ? 418 : 200, {}, 'own']);
  await using pages = await oracle(({ headers }) => [
    200,
    { 'content-type': 'text/html' },
    `<p>${headers['x-code']} ${headers['x-original-uri']} ${headers['x-namespace']}`,
  ]);
  const rule: Rule = {
    do: 'explain',
    statuses: [404, 503],
    to: 'b:pages',
    headers: [{ name: 'X-Namespace', value: 'n' }],
  };
  const forward = { protocol: 'http', endpoints: [one.endpoint] } as const;
  const site = withBackend(siteOf(proxy, { rules: [rule], forward }), 'b:pages', pages.endpoint);
  assert.deepEqual(await proxy.engine.load(proxy.configOf(site), signal), []);
  const shown: string[] = [];
  for (const path of ['/', '/gone', '/odd']) {
    const { status, headers, body } = await ask(proxy, { path });
    shown.push(`${status} ${headers['content-type'] ?? ''} ${body}`);
  }
  assert.deepEqual(shown, ['200  own', '404 text/html <p>404 /gone n', '418  own']);
});

test('what may be tried again is, as often as it may', async () => {
  await using proxy = await realHaproxy();
  await using one = await echo('one', 500, 500, 200, 500, 500, 500);
  const forward = { protocol: 'http', endpoints: [one.endpoint], retry: { statuses: [500], attempts: 2 } } as const;
  assert.deepEqual(await proxy.engine.load(proxy.configOf(siteOf(proxy, { rules: [], forward })), signal), []);
  assert.equal((await ask(proxy, { method: 'POST', body: 'four' })).status, 200);
  assert.equal((await ask(proxy, {})).status, 500);
  assert.equal(one.seen.length, 6);
});

test('who asked for another name when TLS began is sent away, and each name has its certificate', async () => {
  await using proxy = await realHaproxy();
  await using one = await echo('one');
  const site = siteOf(proxy, { rules: [], forward: { protocol: 'http', endpoints: [one.endpoint] } });
  const [entrance] = site.entrances;
  assert.ok(entrance);
  const entrances = [{ ...entrance, apart: ['*.a.test', 'b.a.test'], port: 443 }];
  assert.deepEqual(await proxy.engine.load(proxy.configOf({ ...site, entrances }), signal), []);
  const statuses: number[] = [];
  for (const [servername, host] of [
    ['c.a.test', 'd.a.test'],
    ['c.a.test', 'b.a.test'],
    ['b.a.test', 'b.a.test'],
    ['b.a.test', 'else.test'],
    ['other.test', 'else.test'],
  ] as const)
    statuses.push((await ask(proxy, { isTls: true, servername, headers: { host } })).status);
  assert.deepEqual(statuses, [200, 421, 200, 421, 200]);
});

test('who came once is sent to the same endpoint again', async () => {
  await using proxy = await realHaproxy();
  await using one = await echo('one');
  await using two = await echo('two');
  const affinity = { cookie: 'SEAT', isSecure: false, sameSite: 'Lax', maxAgeSeconds: 60 };
  const forward = { protocol: 'http', endpoints: [one.endpoint, two.endpoint], affinity } as const;
  await proxy.engine.load(proxy.configOf(siteOf(proxy, { rules: [], forward })), signal);
  const first = await ask(proxy, {});
  const given = String(first.headers['set-cookie']);
  assert.match(given, /^SEAT=\w+; path=\/; HttpOnly; SameSite=Lax; Max-Age=60$/);
  for (let n = 0; n < 6; n++) {
    const again = await ask(proxy, { headers: { cookie: given.split(';')[0] ?? '' } });
    assert.equal(again.body, first.body);
  }
});

test('load() says whose line is refused, and what ran goes on', async () => {
  await using proxy = await realHaproxy();
  await using one = await echo('one');
  const forward = { protocol: 'http', endpoints: [one.endpoint] } as const;
  await proxy.engine.load(proxy.configOf(siteOf(proxy, { rules: [], forward })), signal);
  const config = proxy.configOf(
    siteOf(proxy, { rules: [{ do: 'rewrite-path', pattern: '(', replacement: '/', ignoreCase: false }], forward }),
  );
  const [refusal, ...more] = await proxy.engine.load(config, signal);
  assert.deepEqual(more, []);
  assert.match(config.lines[refusal?.line ?? -1]?.text ?? '', /replace-path/);
  assert.match(refusal?.words ?? '', /regex/);
  assert.equal((await ask(proxy, {})).status, 200);
});

test('an engine that is found again goes on serving, and one that was killed is started again', async () => {
  await using proxy = await realHaproxy();
  await using one = await echo('one');
  const forward = { protocol: 'http', endpoints: [one.endpoint] } as const;
  const config = proxy.configOf(siteOf(proxy, { rules: [], forward }));
  await proxy.engine.load(config, signal);
  assert.equal(await proxy.engine.isRunning(), true);
  const moved = config.lines.flatMap(({ server }) =>
    server?.endpoint ? [`set server b:one/${server.slot} state maint`] : [],
  );
  assert.equal(await proxy.engine.tell(moved, signal), true);
  await eventually('no endpoint is asked', async () => (await ask(proxy, {})).status === 503);
  assert.equal(await proxy.engine.tell(['set server b:none/s1 state maint'], signal), false);
  await proxy.engine.stop(signal);
  assert.equal(await proxy.engine.isRunning(), false);
  await proxy.engine.load(config, signal);
  assert.equal((await ask(proxy, {})).status, 200);
});
