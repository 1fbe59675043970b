import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint, Rule, Site } from '@navarch/ingress';
import { eventually } from '../testing/index.ts';
import { ask, echo, oracle, siteOf } from './testing/questions.ts';
import { realHaproxy } from './testing/real-haproxy.ts';

const signal = AbortSignal.timeout(120_000);

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
