import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

const CERTIFICATES = '/apis/certificates.k8s.io/v1';
/** Of some Ed25519 key (PKCS #10, DER). */
const DER =
  'MH8wMwIBADAAMCowBQYDK2VwAyEAOXi1E2lfP2wHPw8uDxQOogZixVKre4YFXZjwRCMUSf2gADAFBgMrZXADQQDjXd0OWECPSa9/wRlHoqkpDVaMfeBfE9u6D/WT01orWlkl/wiolhy0DqaUPE3UXZmNJK96psaNNMldjrU0w4cA';
const PEM = btoa(`-----BEGIN CERTIFICATE REQUEST-----\n${DER}\n-----END CERTIFICATE REQUEST-----\n`);
const FAILURE = 'x509: Ed25519 verification failure';

test('requestSignatures() refuses requests for certificates whose signature the host finds wrong, and no others', async () => {
  const seen: string[] = [];
  let problem: string | undefined = FAILURE;
  const { ask } = await asked({
    signatureProblem(request) {
      seen.push(btoa(String.fromCharCode(...request)));
      return problem;
    },
  });
  const spec = { request: PEM, signerName: 'example.com/s', usages: ['digital signature'] };
  const make = async (resource: string, kind: string, name: string, of: object): Promise<readonly unknown[]> => {
    const { status, body } = await ask('POST', `${CERTIFICATES}/${resource}`, {
      apiVersion: 'certificates.k8s.io/v1',
      kind,
      metadata: { name },
      spec: of,
    });
    return [status, body.message];
  };
  assert.deepEqual(await make('certificatesigningrequests', 'CertificateSigningRequest', 'a', spec), [
    422,
    `CertificateSigningRequest.certificates.k8s.io "a" is invalid: spec.request: Invalid value: "${PEM}": ${FAILURE}`,
  ]);
  const ofPod = {
    signerName: 'example.com/s',
    stubPKCS10Request: DER,
    podName: 'p',
    podUID: 'u',
    serviceAccountName: 's',
    serviceAccountUID: 'u',
    nodeName: 'n',
    nodeUID: 'u',
  };
  const inNamespace = 'namespaces/default/podcertificaterequests';
  assert.deepEqual(await make(inNamespace, 'PodCertificateRequest', 'a', ofPod), [
    422,
    'PodCertificateRequest.certificates.k8s.io "a" is invalid: spec.stubPKCS10Request: Invalid value: must be signed by the key that it contains',
  ]);
  problem = undefined;
  assert.deepEqual(await make('certificatesigningrequests', 'CertificateSigningRequest', 'a', spec), [201, undefined]);
  assert.deepEqual(await make(inNamespace, 'PodCertificateRequest', 'a', ofPod), [201, undefined]);
  assert.deepEqual(seen, [DER, DER, DER, DER]);
});
