import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deployment, endpointSlice, roleBinding, secret, service } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { Pki } from '@navarch/node/pki';
import type { TestContext } from './conformance-test.ts';
import { TESTHOST } from './testhost.ts';
import { until } from './until.ts';

export interface WebhookServerOptions {
  /** Of testhost: what the server does. */
  readonly role: string;
  /** Of service, deployment and secret. */
  readonly name: string;
  readonly servicePort: number;
  readonly containerPort: number;
}

const CERTIFICATES = '/webhook.local.config/certificates';
const READY_MS = 300_000;
const ENDPOINT_MS = 30_000;

/**
 * Deploys a webhook of testhost behind a service of the test's namespace, with a certificate for the service's name, and
 * lets it read how clients of aggregated servers authenticate. Resolves to the authority (base64 of PEM) when it has an endpoint.
 */
export async function deployWebhookServer(context: TestContext, options: WebhookServerOptions): Promise<string> {
  const { api, namespace } = context;
  const { name, servicePort, containerPort } = options;
  const { certificate, key, authority } = await serverCertificate(`${name}.${namespace}.svc`);
  await bindReader(context, `webhook-auth-reader-${context.unique}`);
  await api.of(secret).create({
    metadata: { name, namespace },
    type: 'Opaque',
    data: { 'tls.crt': base64(certificate), 'tls.key': base64(key) },
  });
  await deploy(context, options);
  await api.of(service).create({
    metadata: { name, namespace, labels: { test: 'webhook' } },
    spec: { selector: { webhook: name }, ports: [{ protocol: 'TCP', port: servicePort, targetPort: containerPort }] },
  });
  await until(context, `the endpoint of ${name}`, ENDPOINT_MS, async () => {
    const { items } = await api
      .of(endpointSlice)
      .list({ namespace, labelSelector: `kubernetes.io/service-name=${name}` });
    return items.flatMap((slice) => slice.endpoints ?? []).filter((endpoint) => endpoint.conditions.ready).length === 1;
  });
  return base64(authority);
}

async function deploy(
  { api, namespace, ...context }: TestContext,
  { role, name, containerPort }: WebhookServerOptions,
): Promise<void> {
  const labels = { app: `sample-${role}`, webhook: name };
  await api.of(deployment).create({
    metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate' },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          volumes: [{ name: 'certificates', secret: { secretName: name } }],
          containers: [
            {
              name: `sample-${role}`,
              image: TESTHOST,
              ports: [{ containerPort }],
              volumeMounts: [{ name: 'certificates', readOnly: true, mountPath: CERTIFICATES }],
              args: [
                role,
                `--tls-cert-file=${CERTIFICATES}/tls.crt`,
                `--tls-private-key-file=${CERTIFICATES}/tls.key`,
                '-v=4',
                `--port=${containerPort}`,
              ],
              readinessProbe: {
                httpGet: { scheme: 'HTTPS', port: containerPort, path: '/readyz' },
                periodSeconds: 1,
                successThreshold: 1,
                failureThreshold: 30,
              },
            },
          ],
        },
      },
    },
  });
  await until(context, `deployment ${name} being complete`, READY_MS, async () => {
    const { metadata, status } = await api.of(deployment).get(`${namespace}/${name}`);
    return (
      status.updatedReplicas === 1 &&
      status.replicas === 1 &&
      status.availableReplicas === 1 &&
      (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
    );
  });
}

async function bindReader({ api, namespace, cleanup }: TestContext, name: string): Promise<void> {
  cleanup(() => api.of(roleBinding).delete(`kube-system/${name}`));
  try {
    await api.of(roleBinding).create({
      metadata: { name, namespace: 'kube-system' },
      roleRef: { apiGroup: '', kind: 'Role', name: 'extension-apiserver-authentication-reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
    });
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
}

async function serverCertificate(
  name: string,
): Promise<{ readonly certificate: string; readonly key: string; readonly authority: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-conformance-'));
  try {
    const pki = await Pki.open(folder);
    return { ...(await pki.issue({ commonName: name, names: [name] })), authority: pki.authority.certificate };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
