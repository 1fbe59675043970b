import {
  configMap,
  deployment,
  isReady,
  mutatingWebhookConfiguration,
  namespace,
  pod,
  roleBinding,
  secret,
  service,
  validatingWebhookConfiguration,
} from '@navarch/api';
import type { ValidatingWebhook } from '@navarch/api';
import { type Draft, hasReason } from '@navarch/machinery';
import { authority, issue, newKey, publicKeyOf } from './certificates.ts';
import type { TestContext } from './conformance-test.ts';
import { testhost } from './testhost.ts';
import { until } from './until.ts';

const DEPLOYMENT = 'sample-webhook-deployment';
const SERVICE = 'e2e-test-webhook';
const SERVICE_PORT = 8443;
const CONTAINER_PORT = 8444;
const FOLDER = '/webhook.local.config/certificates';
const START_MS = 120_000;
const READY_MS = 30_000;
const DAY_MS = 86_400_000;

export type HookKind = 'validating' | 'mutating';
type Rules = NonNullable<Draft<ValidatingWebhook>['rules']>[number];

export interface Hook extends Partial<Omit<Draft<ValidatingWebhook>, 'name' | 'rules' | 'clientConfig'>> {
  readonly name: string;
  /** Where the server is asked: says what it does (images/testhost/roles/webhook.ts). */
  readonly path: string;
  readonly rules: Rules;
  /** Leaves out what the server's certificate is checked by: then it cannot be. */
  readonly isUntrusted?: boolean;
}

interface Registered {
  readonly name: string;
  /** Takes the configuration away before the test ends. */
  remove(): Promise<void>;
}

/** A running webhook server, with the configurations that lead to it. */
export interface WebhookServer {
  webhookOf(hook: Hook): Draft<ValidatingWebhook>;
  /** Creates the configuration with a marker, and waits until the API server follows it. */
  register(
    kind: HookKind,
    name: string,
    hooks: readonly Draft<ValidatingWebhook>[],
    labels?: Readonly<Record<string, string>>,
  ): Promise<Registered>;
  /** The configuration's marker is asked about: what was configured last is in force. */
  untilFollowed(): Promise<void>;
  /** What tests give their configurations, so that the marker is there. */
  markerOf(kind: HookKind): Draft<ValidatingWebhook>;
}

export const on = (
  resources: string | readonly string[],
  operations: readonly string[],
  apiGroups: readonly string[] = [''],
  apiVersions: readonly string[] = ['v1'],
): Rules =>
  ({
    operations: [...operations],
    apiGroups: [...apiGroups],
    apiVersions: [...apiVersions],
    resources: [resources].flat() as string[],
  }) as Rules;

export const kindOf = { validating: validatingWebhookConfiguration, mutating: mutatingWebhookConfiguration } as const;

/** A webhook is asked about nothing but this test's namespace. */
export const ofTest = ({ unique }: TestContext): Draft<ValidatingWebhook>['namespaceSelector'] => ({
  matchLabels: { [unique]: 'true' },
});

/** Deploys the server with a certificate of an authority of its own, behind a service. */
export async function deployWebhooks(context: TestContext): Promise<WebhookServer> {
  const markers = `${context.namespace}-markers`;
  context.cleanup(() => context.api.of(namespace).delete(markers));
  await context.api
    .of(namespace)
    .create({ metadata: { name: markers, labels: { [`${context.unique}-markers`]: 'true' } } });
  await context.api
    .of(namespace)
    .patch(context.namespace, { type: 'merge', body: { metadata: { labels: { [context.unique]: 'true' } } } });
  const trusted = await deploy(context);
  return serverOf(context, markers, trusted);
}

/** Gives the bundle that the server's certificate is checked by. */
async function deploy(context: TestContext): Promise<string> {
  const now = Math.floor(context.clock.now() / 1000) * 1000;
  const signer = authority('e2e-server-cert-ca', now - 60_000);
  const key = newKey();
  const name = `${SERVICE}.${context.namespace}.svc`;
  const certificate = issue(
    {
      publicKey: publicKeyOf(key),
      commonName: name,
      dnsNames: [name],
      notBefore: now - 60_000,
      notAfter: now + DAY_MS,
    },
    signer,
  );
  await context.api.of(roleBinding).create({
    metadata: { name: `webhook-auth-reader-${context.unique}`, namespace: 'kube-system' },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: context.namespace }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'extension-apiserver-authentication-reader' },
  });
  context.cleanup(() => context.api.of(roleBinding).delete(`kube-system/webhook-auth-reader-${context.unique}`));
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  await context.api.of(secret).create({
    metadata: { name: 'sample-webhook-secret', namespace: context.namespace },
    type: 'Opaque',
    data: { 'tls.crt': base64(certificate), 'tls.key': base64(key) },
  });
  const labels = { app: 'sample-webhook', webhook: 'true' };
  const args = [
    'webhook',
    `--tls-cert-file=${FOLDER}/tls.crt`,
    `--tls-private-key-file=${FOLDER}/tls.key`,
    `--port=${CONTAINER_PORT}`,
  ];
  await context.api.of(deployment).create({
    metadata: { name: DEPLOYMENT, namespace: context.namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              ...testhost(...args),
              name: 'sample-webhook',
              ports: [{ containerPort: CONTAINER_PORT }],
              volumeMounts: [{ name: 'webhook-certs', mountPath: FOLDER, readOnly: true }],
              readinessProbe: {
                httpGet: { scheme: 'HTTPS', port: CONTAINER_PORT, path: '/readyz' },
                periodSeconds: 1,
                successThreshold: 1,
                failureThreshold: 30,
              },
            },
          ],
          volumes: [{ name: 'webhook-certs', secret: { secretName: 'sample-webhook-secret' } }],
        },
      },
    },
  });
  await until(context, 'the webhook server', START_MS, async () => {
    const { items } = await context.api.of(pod).list({ namespace: context.namespace, labelSelector: 'webhook=true' });
    return items.some((p) => isReady(p));
  });
  await context.api.of(service).create({
    metadata: { name: SERVICE, namespace: context.namespace, labels: { test: 'webhook' } },
    spec: {
      selector: { webhook: 'true' },
      ports: [{ protocol: 'TCP', port: SERVICE_PORT, targetPort: CONTAINER_PORT }],
    },
  });
  await until(
    context,
    'endpoints of the webhook server',
    READY_MS,
    async () =>
      (await context.kubectl([
        'get',
        'endpointslices',
        '-l',
        `kubernetes.io/service-name=${SERVICE}`,
        '-o',
        'jsonpath={.items[*].endpoints[*].addresses}',
      ])) !== '',
  );
  return base64(signer.certificate);
}

function serverOf(context: TestContext, markers: string, trusted: string): WebhookServer {
  const webhookOf = ({ path, rules, isUntrusted, ...rest }: Hook): Draft<ValidatingWebhook> =>
    ({
      rules: [rules],
      admissionReviewVersions: ['v1', 'v1beta1'],
      sideEffects: 'None',
      namespaceSelector: ofTest(context),
      ...rest,
      clientConfig: {
        service: { namespace: context.namespace, name: SERVICE, path, port: SERVICE_PORT },
        ...(isUntrusted ? {} : { caBundle: trusted }),
      },
    }) as Draft<ValidatingWebhook>;
  // Denies what has the test's mark: a denial shows that the configuration is in force.
  const markerOf = (kind: HookKind): Draft<ValidatingWebhook> =>
    webhookOf({
      name: `${kind}-is-webhook-configuration-ready.k8s.io`,
      path: '/always-deny',
      rules: on('configmaps', ['CREATE']),
      namespaceSelector: { matchLabels: { [`${context.unique}-markers`]: 'true' } },
      objectSelector: { matchLabels: { [context.unique]: 'true' } },
    });
  const untilFollowed = (): Promise<void> =>
    until(context, 'the API server asking the webhook', READY_MS, async () => {
      const maps = context.api.of(configMap);
      try {
        const { metadata } = await maps.create({
          metadata: { generateName: 'marker-', namespace: markers, labels: { [context.unique]: 'true' } } as never,
        });
        await maps.delete(`${markers}/${metadata.name}`);
        return false;
      } catch (error) {
        if ((error as Error).message.includes('denied')) return true;
        context.log(`marker: ${(error as Error).message}`);
        return false;
      }
    });
  return {
    webhookOf,
    markerOf,
    untilFollowed,
    async register(kind, name, hooks, labels = {}) {
      const api = context.api.of(kindOf[kind] as typeof validatingWebhookConfiguration);
      const remove = async (): Promise<void> => {
        await api.delete(name).catch((error: unknown) => {
          if (!hasReason(error, 'NotFound')) throw error;
        });
      };
      context.cleanup(remove);
      await api.create({ metadata: { name, labels }, webhooks: [...hooks, markerOf(kind)] as never });
      await untilFollowed();
      return { name, remove };
    },
  };
}
