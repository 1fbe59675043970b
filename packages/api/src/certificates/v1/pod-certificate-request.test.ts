import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partRefusals, table, updateRefusals } from '../../testing/check.ts';

const REQUEST = 'certificates.k8s.io/v1.PodCertificateRequest';
type Json = Readonly<Record<string, unknown>>;
const spec = (fields: Json): Json => ({ spec: fields });

/** Of the key of the minimal object, from noon of 2026-11-21 (the tests' time) for a day; a.example.com, x@example.com. */
const CHAIN = `-----BEGIN CERTIFICATE-----
MIIBBjCBrqADAgECAhBVz7B+fqLS3HVD8BTsn7RwMAoGCCqGSM49BAMCMAAwHhcN
MjYxMTIxMTIwMDAwWhcNMjYxMTIyMTIwMDAwWjAAMCowBQYDK2VwAyEAOXi1E2lf
P2wHPw8uDxQOogZixVKre4YFXZjwRCMUSf2jOTA3MDUGA1UdEQQuMCyCDWEuZXhh
bXBsZS5jb22BDXhAZXhhbXBsZS5jb22GDHNwaWZmZTovL2MveDAKBggqhkjOPQQD
AgNHADBEAiBZaxEFu3IxUMOj43rCtFOQj4TbaBZKYSOl6p1Xa8i28QIgC1atOecy
IV4eNXhg5ZisSZEnewlsWIM9h2Q17cjX0II=
-----END CERTIFICATE-----
`;
/** The same shape of request of another key. */
const OTHER =
  'MH8wMwIBADAAMCowBQYDK2VwAyEAxzYwXtjsg6Tw4O+9AVda++Lfd4JGs9h2pGw9UBzir9mgADAFBgMrZXADQQAn9xuLhIfzCbt4ZJ1wanbKIA/N5eNwfo7Wq7rpR9Uw30N/JgGmykhqPdfj3XLA0/T4B4rEQFRtZyGS5k4P5jAE';

const condition = (type: string): Json => ({
  type,
  status: 'True',
  reason: 'Tested',
  message: '',
  lastTransitionTime: '2026-11-21T12:00:00Z',
});
const issued = {
  conditions: [condition('Issued')],
  certificateChain: CHAIN,
  notBefore: '2026-11-21T12:00:00Z',
  notAfter: '2026-11-22T12:00:00Z',
  beginRefreshAt: '2026-11-22T11:30:00Z',
};
const refused = (status: Json, before: Json = {}): readonly string[] =>
  partRefusals(REQUEST, 'status', { status }, before);

test('requests for pod certificates: signer, names, life, key', () => {
  table(REQUEST, [
    [
      spec({ signerName: 'nodomain' }),
      `spec.signerName: Invalid value: "nodomain": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
    ],
    [spec({ podUID: '' }), 'spec.podUID: Invalid value: "": must not be empty'],
    [
      spec({ maxExpirationSeconds: 3599 }),
      'spec.maxExpirationSeconds: Invalid value: 3599: must be in the range [3600, 7862400]',
    ],
    [
      spec({ signerName: 'kubernetes.io/s', maxExpirationSeconds: 86_401 }),
      'spec.maxExpirationSeconds: Invalid value: 86401: must be in the range [3600, 86400]',
    ],
    [
      spec({ stubPKCS10Request: 'AAAA' }),
      'spec.stubPKCS10Request: Invalid value: must be a valid DER-serialized PKCS#10 certificate request',
    ],
  ]);
  assert.deepEqual(updateRefusals(REQUEST, { metadata: { labels: { a: 'b' } } }), []);
  assert.match(
    updateRefusals(REQUEST, spec({ podName: 'other' })).join(),
    /^spec: Invalid value: .*: field is immutable$/,
  );
});

test('the status of a request for a pod certificate is written once, whole, and fits the request', () => {
  const cases: readonly (readonly [status: Json, problem?: RegExp, before?: Json])[] = [
    [issued],
    [{ conditions: [condition('Denied')] }],
    [{ certificateChain: CHAIN }, /^status: .* unless transitioning to "Issued", "Denied", or "Failed"$/],
    [
      { conditions: [condition('Denied')], certificateChain: CHAIN },
      /non-condition status fields must be empty when denying or failing/,
    ],
    [
      { conditions: [condition('Issued'), condition('Failed')] },
      /There may be at most one condition with type "Issued", "Denied", or "Failed"/,
    ],
    [{ conditions: [condition('Ready')] }, /^status.conditions\[0\].type: Unsupported value: "Ready"/],
    [
      { conditions: [{ ...condition('Failed'), reason: '' }] },
      /^status.conditions\[0\].reason: Required value: must be set$/,
    ],
    [
      { ...issued, notAfter: null },
      /^status.notAfter: Required value: must be present and consistent with the issued certificate$/,
    ],
    [
      { ...issued, notBefore: '2026-11-21T12:00:01Z' },
      /^status.notBefore: .* must be set to the NotBefore time encoded in the leaf certificate$/,
    ],
    [{ ...issued, beginRefreshAt: '2026-11-21T12:09:00Z' }, /must be at least 10 minutes after status.notBefore$/],
    [{ ...issued, beginRefreshAt: '2026-11-22T11:51:00Z' }, /must be at least 10 minutes before status.notAfter$/],
    [{ ...issued, certificateChain: 'nothing' }, /must contain at least one certificate$/],
    [
      { ...issued, certificateChain: CHAIN.replaceAll('CERTIFICATE', 'PRIVATE KEY') },
      /must consist entirely of CERTIFICATE PEM blocks$/,
    ],
    [
      { ...issued, certificateChain: CHAIN + CHAIN.replace(/MIIB\S+/, 'AAAA') },
      /intermediate certificate does not parse as valid X.509$/,
    ],
    [issued, /leaf certificate was not issued to the requested public key$/, spec({ stubPKCS10Request: OTHER })],
    [
      issued,
      /leaf certificate lifetime must be <= spec.maxExpirationSeconds \(3600\)$/,
      spec({ maxExpirationSeconds: 3600 }),
    ],
    [
      { ...issued, beginRefreshAt: '2026-11-22T11:00:00Z' },
      /immutable after PodCertificateRequest is issued, denied, or failed$/,
      { status: issued },
    ],
  ];
  for (const [status, problem, before] of cases) {
    const found = refused(status, before);
    if (problem) assert.match(found.join('; '), problem);
    else assert.deepEqual(found, []);
  }
});

test('pods: certificates in projected volumes', () => {
  const source = { signerName: 'example.com/s', keyType: 'ED25519', credentialBundlePath: 'bundle.pem' };
  const at = 'spec.volumes[0].projected.sources[0].podCertificate';
  const pod = (fields: Json): Json =>
    spec({ volumes: [{ name: 'v', projected: { sources: [{ podCertificate: { ...source, ...fields } }] } }] });
  table('/v1.Pod', [
    [
      pod({ maxExpirationSeconds: 3599 }),
      `${at}.maxExpirationSeconds: Invalid value: 3599: if provided, maxExpirationSeconds must be >= 3600`,
    ],
    [
      pod({ maxExpirationSeconds: 7_862_401 }),
      `${at}.maxExpirationSeconds: Invalid value: 7862401: if provided, maxExpirationSeconds must be <= 7862400`,
    ],
    [
      pod({ signerName: 'kubernetes.io/s', maxExpirationSeconds: 86_401 }),
      `${at}.maxExpirationSeconds: Invalid value: 86401: if provided, maxExpirationSeconds must be <= 86400`,
    ],
    [pod({ credentialBundlePath: '../x' }), `${at}.credentialBundlePath: Invalid value: "../x": must not contain '..'`],
    [
      pod({ keyPath: 'bundle.pem' }),
      'spec.volumes[0].projected: Invalid value: "bundle.pem": conflicting duplicate paths',
    ],
  ]);
});
