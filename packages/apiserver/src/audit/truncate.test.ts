import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from './event.ts';
import { truncating } from './truncate.ts';

const event: AuditEvent = {
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'RequestResponse',
  auditID: 'x',
  stage: 'ResponseComplete',
  requestURI: '/',
  verb: 'create',
  user: { username: 'bob' },
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:00.000000Z',
  annotations: { a: 'b' },
};

test('truncating() takes the objects from events that are too large, and drops what is too large without', () => {
  const [written, dropped]: [AuditEvent[], AuditEvent[]] = [[], []];
  const sink = truncating({ write: (one) => void written.push(one) }, 600, (one) => dropped.push(one));
  const large = { ...event, requestObject: { text: 'é'.repeat(200) }, responseObject: {} };
  const tooLarge = { ...large, requestURI: `/${'a'.repeat(600)}` };
  for (const one of [event, large, tooLarge, { ...event, requestURI: tooLarge.requestURI }]) sink.write(one);
  assert.deepEqual(written, [event, { ...event, annotations: { 'audit.k8s.io/truncated': 'true', a: 'b' } }]);
  assert.deepEqual(
    dropped.map(({ requestURI }) => requestURI),
    [tooLarge.requestURI, tooLarge.requestURI],
  );
});
