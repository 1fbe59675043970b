import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

const CORE = '/api/v1/namespaces/d/events';
const NEWER = '/apis/events.k8s.io/v1/namespaces/d/events';
const recorded = (name: string) => ({ metadata: { name }, involvedObject: { namespace: 'd', name: 'p' } });
const reported = (name: string) => ({
  metadata: { name },
  eventTime: '2026-01-01T00:00:00.000000Z',
  type: 'Normal',
  reason: 'Tested',
  action: 'Test',
  reportingController: 'a.b/c',
  reportingInstance: 'c-1',
  regarding: { namespace: 'd', name: 'p' },
});

test('names of events of core/v1 are whatever can be part of a path, those of events.k8s.io are names of hosts', async () => {
  const { ask } = await asked();
  assert.equal((await ask('POST', CORE, recorded('Pod_1.Started'))).status, 201);
  assert.equal((await ask('POST', CORE, recorded('a%b'))).status, 422);
  const { status, body } = await ask('POST', NEWER, reported('Pod_1.Started'));
  assert.equal(status, 422);
  assert.match(body.message, /: metadata\.name: Invalid value: "Pod_1\.Started": a lowercase RFC 1123 subdomain must/);
  // What is there may be read and carried on by both.
  assert.equal((await ask('GET', `${NEWER}/Pod_1.Started`)).status, 200);
});

test('a PUT of an event that is not there makes it, in both versions', async () => {
  const { ask } = await asked();
  assert.equal((await ask('PUT', `${CORE}/a`, recorded('a'))).status, 201);
  assert.equal((await ask('PUT', `${NEWER}/b`, reported('b'))).status, 201);
});

test('a PUT of a role that is not there makes it for who holds its rules', async () => {
  const { ask } = await asked();
  const role = { metadata: { name: 'r' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] };
  const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/d/roles/r';
  assert.equal((await ask('PUT', path, role)).status, 201);
  assert.equal((await ask('PUT', path, role)).status, 200);
});
