import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { type Condition, decide, type PathMatch, type Request, type Route, type Site } from '@navarch/ingress';
import fc from 'fast-check';
import { realHaproxy } from './testing/real-haproxy.ts';

const HOSTS = ['a.test', 'b.a.test', 'c.b.a.test', 'other.test', 'A.TEST:80', 'a.test.', 'xa.test', '10.0.0.1'];
const PATHS = ['/', '/foo', '/foo/', '/foobar', '/foo/bar', '/foo/bar/baz', '/FOO', '/x%20y', "/it's", '/foo//bar'];

const path: fc.Arbitrary<PathMatch> = fc.oneof(
  fc.record({
    type: fc.constantFrom('exact', 'prefix', 'begin'),
    value: fc.constantFrom(...PATHS.slice(0, 9), '/foo b'),
  }),
  fc.record({ type: fc.constant('begin'), value: fc.constant('') }),
  fc.record({
    type: fc.constant('regex'),
    value: fc.constantFrom('/foo(/|$)(.*)', '/[a-f]+', '/.*/bar', "/it's", '/(x|y)'),
    ignoreCase: fc.boolean(),
  }),
);
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    of: fc.constant('method'),
    name: fc.constant(''),
    type: fc.constant('exact'),
    value: fc.constantFrom('GET', 'POST'),
  }),
  fc.record({
    of: fc.constantFrom('header', 'query', 'cookie'),
    name: fc.constantFrom('one', 'two'),
    type: fc.constantFrom('exact', 'regex'),
    value: fc.constantFrom('1', '12', '^1'),
  }),
);
const route = (n: number): fc.Arbitrary<Route> =>
  fc.record({
    host: fc.constantFrom('', 'a.test', 'b.a.test', '*.a.test', '*.b.a.test', '*.test'),
    wildcard: fc.constantFrom('one-label', 'labels'),
    path,
    conditions: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(condition, { maxLength: 2 })),
    targets: fc.constant([{ weight: 1, backend: `b${n}` }]),
    owner: fc.constantFrom('n/one', 'n/two'),
    since: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
  });
const routes = fc
  .array(fc.nat(), { minLength: 1, maxLength: 14 })
  .chain((list) => fc.tuple(...list.map((_, n) => route(n))));
const values = fc.dictionary(fc.constantFrom('one', 'two'), fc.constantFrom('1', '12', '2'));
const asked = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  host: fc.constantFrom(...HOSTS),
  path: fc.constantFrom(...PATHS),
  headers: values,
  query: values,
  cookies: values,
});

test('HAProxy takes the route of every request that the reference takes', async () => {
  await using proxy = await realHaproxy();
  const signal = AbortSignal.timeout(240_000);
  const property = fc.asyncProperty(
    routes,
    fc.array(asked, { minLength: 40, maxLength: 40 }),
    async (list, requests) => {
      const entrance = {
        id: 'test',
        binds: [{ address: '127.0.0.1', port: proxy.ports.http, isTls: false }],
        certificates: [],
        routes: list,
      } as const;
      const site: Site = {
        entrances: [entrance],
        backends: list.map((_, n) => ({
          id: `b${n}`,
          owner: 'n/one',
          rules: [{ do: 'respond', status: 200, text: `b${n}` }],
        })),
      };
      assert.deepEqual(await proxy.engine.load(proxy.configOf(site), signal), []);
      // A connection from before is answered by the process from before.
      using agent = disposableAgent();
      for (const one of requests) {
        const wanted: Request = {
          ...one,
          headers: new Map(Object.entries(one.headers)),
          query: new Map(Object.entries(one.query)),
          cookies: new Map(Object.entries(one.cookies)),
        };
        const expected = decide(wanted, entrance)?.targets[0]?.backend ?? 'default backend - 404';
        assert.equal(await ask(one, proxy.ports.http, agent.agent), expected, JSON.stringify(one));
      }
    },
  );
  await fc.assert(property, { numRuns: 25, endOnFailure: true });
});

function disposableAgent(): { readonly agent: Agent } & Disposable {
  const agent = new Agent({ keepAlive: true });
  return { agent, [Symbol.dispose]: () => agent.destroy() };
}

type Asked = typeof asked extends fc.Arbitrary<infer A> ? A : never;

function ask({ method, host, path: of, headers, query, cookies }: Asked, port: number, agent: Agent): Promise<string> {
  const search = new URLSearchParams(query).toString();
  const cookie = Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
  const options = {
    agent,
    port,
    host: '127.0.0.1',
    method,
    path: search === '' ? of : `${of}?${search}`,
    headers: {
      ...headers,
      host,
      ...(cookie === '' ? {} : { cookie }),
      ...(method === 'POST' ? { 'content-length': '0' } : {}),
    },
  };
  return new Promise((resolve, reject) => {
    httpRequest(options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk)).on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });
}
