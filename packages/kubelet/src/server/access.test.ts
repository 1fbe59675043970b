import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api } from '@navarch/client';
import type { Kind } from '@navarch/machinery';
import { SimClock } from '@navarch/sim';
import { Access, type AccessPolicy, type Credentials, nodeRights } from './access.ts';

/** An API server that knows the token `good`, whose owner may read metrics only. It counts what it is asked. */
function harness(policy?: AccessPolicy): {
  readonly access: Access;
  readonly clock: SimClock;
  readonly asked: string[];
  fail(): void;
} {
  const [asked, clock] = [[] as string[], new SimClock()];
  let isDown = false;
  const api = {
    of: ({ kind }: Kind<any>) => ({
      async create({
        spec,
      }: {
        spec: { token?: string; user?: string; resourceAttributes?: { subresource: string } };
      }) {
        asked.push(kind === 'TokenReview' ? 'token' : `${spec.user} ${spec.resourceAttributes?.subresource}`);
        if (isDown) throw new Error('down');
        if (kind === 'TokenReview')
          return {
            status: {
              authenticated: spec.token === 'good',
              user: spec.token === 'good' ? { username: 'reader', groups: ['g'] } : {},
            },
          };
        return { status: { allowed: spec.resourceAttributes?.subresource === 'metrics' } };
      },
    }),
  } as unknown as Api;
  return {
    access: new Access({ api, clock, nodeName: 'n1', ...(policy ? { policy } : {}) }),
    clock,
    asked,
    fail: () => {
      isDown = true;
    },
  };
}
const token = (text: string): Credentials => ({ token: text });

test('nodeRights() names the subresource of each path; the finer rights may be replaced by nodes/proxy', () => {
  for (const [method, path, verb, subresources] of [
    ['GET', '/stats/summary', 'get', ['stats']],
    ['GET', '/metrics', 'get', ['metrics']],
    ['GET', '/metrics/cadvisor', 'get', ['metrics']],
    ['GET', '/logs/', 'get', ['log']],
    ['GET', '/pods', 'get', ['pods', 'proxy']],
    ['GET', '/runningpods/', 'get', ['pods', 'proxy']],
    ['GET', '/healthz', 'get', ['healthz', 'proxy']],
    ['GET', '/configz', 'get', ['configz', 'proxy']],
    ['POST', '/exec/a/b/c', 'create', ['proxy']],
    ['GET', '/exec/a/b/c', 'get', ['proxy']],
    ['GET', '/metricsx', 'get', ['proxy']],
    ['POST', '/run/a/b/c', 'create', ['proxy']],
  ] as const)
    assert.deepEqual(nodeRights(method, path), { verb, subresources }, `${method} ${path}`);
});

test('Access.admit() keeps answers as long as upstream does, and asks anew afterwards', async () => {
  const { access, clock, asked } = harness();
  for (let i = 0; i < 3; i++) assert.equal((await access.admit(token('good'), 'GET', '/metrics')).name, 'reader');
  assert.deepEqual(asked, ['token', 'reader metrics']);
  await clock.advance(2 * 60_000 + 1);
  await access.admit(token('good'), 'GET', '/metrics');
  assert.deepEqual(asked, ['token', 'reader metrics', 'token']);
  await assert.rejects(access.admit(token('good'), 'GET', '/pods'), { status: 403 });
  await assert.rejects(access.admit(token('good'), 'GET', '/pods'), { status: 403 });
  assert.equal(asked.length, 5);
  await clock.advance(30_001);
  await assert.rejects(access.admit(token('good'), 'GET', '/pods'), { status: 403 });
  assert.equal(asked.length, 7);
});

test('Access.admit() asks once for those who come at the same time', async () => {
  const { access, asked } = harness();
  await Promise.all(Array.from({ length: 10 }, () => access.admit(token('good'), 'GET', '/metrics')));
  assert.deepEqual(asked, ['token', 'reader metrics']);
});

test('Access.admit() takes an API server that does not answer for nobody’s answer', async () => {
  const { access, asked, fail } = harness();
  fail();
  for (let i = 0; i < 2; i++) await assert.rejects(access.admit(token('good'), 'GET', '/metrics'), /down/);
  assert.deepEqual(asked, ['token', 'token']);
});

test('Access.admit() knows a certificate by its subject, and nobody without one or a token', async () => {
  const { access, asked } = harness();
  await access.admit({ certificate: { commonName: 'scraper', organizations: ['ops'] } }, 'GET', '/metrics');
  assert.deepEqual(asked, ['scraper metrics']);
  await assert.rejects(access.admit({}, 'GET', '/metrics'), { status: 401 });
  await assert.rejects(access.admit(token('bad'), 'GET', '/metrics'), { status: 401 });
});

test('Access goes by the configuration: who shows nothing may be somebody, tokens may count for nothing, all may be allowed', async () => {
  const usual: AccessPolicy = {
    hasAnonymous: false,
    hasTokens: true,
    allowsAll: false,
    tokenMs: 1000,
    allowedMs: 1000,
    deniedMs: 1000,
  };
  const anonymous = harness({ ...usual, hasAnonymous: true });
  assert.equal((await anonymous.access.admit({}, 'GET', '/metrics')).name, 'system:anonymous');
  await assert.rejects(anonymous.access.admit({}, 'GET', '/pods'), /user=system:anonymous/);
  const open = harness({ ...usual, hasAnonymous: true, allowsAll: true });
  await open.access.admit({}, 'POST', '/exec/a/b/c');
  assert.deepEqual(open.asked, []);
  const certain = harness({ ...usual, hasTokens: false });
  await assert.rejects(certain.access.admit({ token: 'good' }, 'GET', '/metrics'), /Unauthorized/);
  const short = harness(usual);
  for (const ms of [0, 2000]) {
    await short.clock.advance(ms);
    await short.access.admit({ token: 'good' }, 'GET', '/metrics');
  }
  assert.equal(short.asked.filter((what) => what === 'token').length, 2);
});
