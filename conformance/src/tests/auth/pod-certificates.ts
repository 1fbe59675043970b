import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import {
  clusterTrustBundle,
  deployment,
  type PodCertificateProjection,
  pod,
  podCertificateRequest,
  type PodSpec,
  type SecurityContext,
  service,
} from '@navarch/api';
import { type Draft, formatTime, hasReason } from '@navarch/machinery';
import { authority, derOf, issue, newKey, publicKeyOf, requestFor } from '../../certificates.ts';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { runPodSigner } from '../../pod-signer.ts';
import { createPod, logsOf, shell, untilRunning } from '../../pods.ts';
import { checkLifecycle } from '../../resource-lifecycle.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';

const projected = '[sig-auth] Projected PodCertificate';
const limits = `${projected} MaxExpirationSeconds validations should`;
const FOLDER = '/run/tls-config';
const BUNDLE = 'spiffe-cred-bundle.pem';
const TRUST = 'spiffe-trust-bundle.pem';
const DAY_MS = 86_400_000;

const signerOf = ({ unique }: TestContext): string => `e2e.example.com/projected-${unique}`;

/** Runs with the signer of this test at work, whose authority is what its clients trust. */
async function withSigner(context: TestContext): Promise<string> {
  const signerName = signerOf(context);
  const trustBundle = await runPodSigner(context, signerName);
  const name = `${signerName.replace('/', ':')}:root`;
  context.cleanup(() => context.api.of(clusterTrustBundle).delete(name));
  await context.api.of(clusterTrustBundle).create({ metadata: { name }, spec: { signerName, trustBundle } });
  return signerName;
}

type Asked = Pick<Draft<PodCertificateProjection>, 'maxExpirationSeconds' | 'userAnnotations'>;

/** Shows its certificates and stays. */
const inspector = (signerName: string, asked: Asked): Draft<PodSpec> => ({
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 1,
  containers: [
    { ...shell(`cat ${FOLDER}/${BUNDLE} && sleep 3600`), volumeMounts: [{ name: 'certificate', mountPath: FOLDER }] },
  ],
  volumes: [
    {
      name: 'certificate',
      projected: {
        sources: [{ podCertificate: { signerName, keyType: 'ED25519', credentialBundlePath: BUNDLE, ...asked } }],
      },
    },
  ],
});

async function certificateOf(context: TestContext, asked: Asked): Promise<X509Certificate> {
  const signerName = await withSigner(context);
  await createPod(context, 'inspector', inspector(signerName, asked));
  await untilRunning(context, 'inspector');
  let log = '';
  await until(context, 'the certificates in the log', 30_000, async () =>
    (log = await logsOf(context, 'inspector')).includes('END CERTIFICATE'),
  );
  const certificates = log.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  assert.notEqual(certificates.length, 0);
  return new X509Certificate(certificates[0] ?? '');
}

const lifeOf = ({ validFrom, validTo }: X509Certificate): number => Date.parse(validTo) - Date.parse(validFrom);

async function isRefused(context: TestContext, maxExpirationSeconds: number, why: string): Promise<void> {
  const signerName = await withSigner(context);
  await assert.rejects(
    createPod(context, 'refused', inspector(signerName, { maxExpirationSeconds })),
    (error: Error) => {
      assert.ok(hasReason(error, 'Invalid') && error.message.includes(why), error.message);
      return true;
    },
  );
}

/** As the restricted pod security standard wants it. */
const securityContext: Draft<SecurityContext> = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  runAsUser: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
};

async function createDeployment(
  context: TestContext,
  name: string,
  signerName: string,
  args: readonly string[],
): Promise<void> {
  const labels = { app: name };
  await context.api.of(deployment).create({
    metadata: { name, namespace: context.namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            { ...testhost(...args), name, securityContext, volumeMounts: [{ name: 'tls-config', mountPath: FOLDER }] },
          ],
          volumes: [
            {
              name: 'tls-config',
              projected: {
                sources: [
                  { podCertificate: { signerName, credentialBundlePath: BUNDLE, keyType: 'ECDSAP256' } },
                  { clusterTrustBundle: { signerName, labelSelector: {}, path: TRUST } },
                ],
              },
            },
          ],
        },
      },
    },
  });
}

async function clientLog(context: TestContext): Promise<string> {
  const { items } = await context.api.of(pod).list({ namespace: context.namespace, labelSelector: 'app=client' });
  const running = items.find(({ status }) => status.phase === 'Running');
  return running ? logsOf(context, running.metadata.name) : '';
}

export const podCertificateTests = [
  conformanceTest(
    '[sig-auth] PodCertificateRequest API should support PodCertificateRequest API operations',
    (context) => {
      const key = newKey();
      const notBefore = Math.floor(context.clock.now() / 1000) * 1000 - 60_000;
      const notAfter = notBefore + 3_600_000;
      const certificateChain = issue(
        { publicKey: publicKeyOf(key), commonName: 'e2e.example.com', notBefore, notAfter },
        authority('e2e', context.clock.now()),
      );
      const label = { metadata: { labels: { 'test.podcertificaterequest.example.com': 'test' } } };
      return checkLifecycle(context, {
        kind: podCertificateRequest,
        initial: {
          metadata: { name: 'e2e-example-pcr' },
          spec: {
            signerName: `example.com/e2e-${context.unique}`,
            podName: 'test-pod',
            podUID: '12345678-1234-1234-1234-123456789012',
            serviceAccountName: 'default',
            serviceAccountUID: '12345678-1234-1234-1234-123456789013',
            nodeName: 'test-node',
            nodeUID: '12345678-1234-1234-1234-123456789014',
            maxExpirationSeconds: 86_400,
            stubPKCS10Request: derOf(requestFor(key)),
          },
        },
        change: label,
        status: {
          status: {
            certificateChain,
            notBefore: formatTime(notBefore),
            notAfter: formatTime(notAfter),
            beginRefreshAt: formatTime(notBefore + 15 * 60_000),
            conditions: [
              {
                type: 'Issued',
                status: 'True',
                reason: 'E2E',
                message: 'Issued by E2E test',
                lastTransitionTime: formatTime(context.clock.now()),
              },
            ],
          },
        },
      });
    },
  ),

  conformanceTest(
    `${projected} should allow server and client pods to establish an mTLS connection`,
    async (context) => {
      const signerName = await withSigner(context);
      await createDeployment(context, 'server', signerName, [
        'mtlsserver',
        '--listen=0.0.0.0:443',
        `--server-creds=${FOLDER}/${BUNDLE}`,
        `--spiffe-trust-bundle=${FOLDER}/${TRUST}`,
      ]);
      await context.api.of(service).create({
        metadata: { name: 'server', namespace: context.namespace },
        spec: { type: 'ClusterIP', ports: [{ name: 'https', port: 443 }], selector: { app: 'server' } },
      });
      const url = `https://server.${context.namespace}.svc/spiffe-echo`;
      await createDeployment(context, 'client', signerName, [
        'mtlsclient',
        `--fetch-url=${url}`,
        `--server-trust-bundle=${FOLDER}/${TRUST}`,
        `--client-cred-bundle=${FOLDER}/${BUNDLE}`,
      ]);
      let log = '';
      await until(context, 'an answer over mutual TLS', 30_000, async () =>
        (log = await clientLog(context)).includes('Got response body: Client Identity: spiffe://'),
      ).catch((error: unknown) => {
        context.log(`log of the client: ${log}`);
        throw error;
      });
    },
  ),

  conformanceTest(`${projected} should honor UserAnnotations for SPIFFE URI path`, async (context) => {
    const { subjectAltName = '' } = await certificateOf(context, {
      userAnnotations: { 'spiffe/path-overriding': '/custom-workload' },
    });
    const uri = /URI:(spiffe:[^,]+)/.exec(subjectAltName)?.[1];
    assert.ok(uri, subjectAltName);
    assert.equal(new URL(uri).pathname, '/custom-workload');
  }),

  conformanceTest(
    `${limits} issue certificate with default life time (24h) when MaxExpirationSeconds is not set`,
    async (context) => assert.equal(lifeOf(await certificateOf(context, {})), DAY_MS),
  ),
  conformanceTest(
    `${limits} issue certificate with specified duration (1h) when MaxExpirationSeconds is set`,
    async (context) => assert.equal(lifeOf(await certificateOf(context, { maxExpirationSeconds: 3600 })), 3_600_000),
  ),
  conformanceTest(`${limits} reject pod creation when MaxExpirationSeconds exceeds maximum (91d)`, (context) =>
    isRefused(context, 91 * 86_400 + 1, 'if provided, maxExpirationSeconds must be <= 7862400'),
  ),
  conformanceTest(`${limits} reject pod creation when MaxExpirationSeconds is less than minimum (1h)`, (context) =>
    isRefused(context, 3599, 'if provided, maxExpirationSeconds must be >= 3600'),
  ),
];
