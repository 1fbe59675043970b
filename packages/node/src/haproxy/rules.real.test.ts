import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rule } from '@navarch/ingress';
import { eventually } from '../testing/index.ts';
import { type Answer, ask, echo, type Question, siteOf } from './testing/questions.ts';
import { realHaproxy } from './testing/real-haproxy.ts';

const signal = AbortSignal.timeout(120_000);

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
  [
    [{ do: 'limit', limit: { rate: { requests: 500, seconds: 1 }, atOnce: 1, except: [] } }],
    {},
    '200 one GET / a.test',
  ],
  [[{ do: 'limit', limit: { rate: { requests: 0, seconds: 60 }, except: [] } }], {}, '503'],
  [
    [{ do: 'limit', limit: { rate: { requests: 0, seconds: 60 }, atOnce: 0, except: ['127.0.0.0/8'] } }],
    {},
    '200 one GET / a.test',
  ],
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

test('load() says whose place to listen at somebody else has, and what ran goes on', async () => {
  await using proxy = await realHaproxy();
  await using one = await echo('one');
  const forward = { protocol: 'http', endpoints: [one.endpoint] } as const;
  const site = siteOf(proxy, { rules: [], forward });
  const [entrance] = site.entrances;
  assert.ok(entrance);
  const taken = { address: '127.0.0.1', port: one.endpoint.port, isTls: false, owner: 'n/greedy' };
  const greedy = proxy.configOf({ ...site, entrances: [{ ...entrance, binds: [...entrance.binds, taken] }] });
  const fine = proxy.configOf(site);
  // At first, and where one runs.
  for (const next of [greedy, fine, greedy, fine]) {
    const refusals = await proxy.engine.load(next, signal);
    const owners = refusals.map(({ line, words }) => `${next.lines[line ?? -1]?.owner} ${words}`);
    const said = `n/greedy cannot bind socket (Address already in use) for [127.0.0.1:${taken.port}]`;
    assert.deepEqual(owners, next === greedy ? [said] : []);
    if (next === fine) assert.equal((await ask(proxy, {})).status, 200);
  }
  assert.equal(await proxy.engine.isRunning(), true);
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
