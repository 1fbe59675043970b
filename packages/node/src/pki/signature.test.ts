import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRequest } from './request.ts';
import { fromPem, signatureProblem } from './x509.ts';

test('signatureProblem() is none of a request as it was made, and tells of one that was changed afterwards in the words of Go', () => {
  const bytes = fromPem('CERTIFICATE REQUEST', makeRequest({ commonName: 'someone' }).request);
  assert.ok(bytes);
  assert.equal(signatureProblem(bytes), undefined);
  const at = bytes.indexOf('someone');
  const changed = Buffer.from(bytes);
  changed.write('anybody', at);
  assert.equal(signatureProblem(changed), 'x509: ECDSA verification failure');
});
