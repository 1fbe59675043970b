import { decoded } from '../base64.ts';
import { VolumeError } from '../volumes/volume-error.ts';
import type { CsiCluster, DriverObject } from './cluster.ts';
import type { SecretName, Wanted } from './wanted.ts';

const INFO = 'csi.storage.k8s.io';
const TOKENS = `${INFO}/serviceAccount.tokens`;
const TOKEN_SECONDS = 3600;

type Texts = Readonly<Record<string, string>>;

/** What a driver is told with a volume: its attributes, and of the pod what the driver's object asks for. */
export async function publishTexts(
  wanted: Wanted,
  driver: DriverObject | undefined,
  cluster: CsiCluster,
): Promise<{ readonly context: Texts; readonly secrets: Texts }> {
  const secrets = await secretTexts(wanted.publishSecret, 'NodePublishSecretRef', cluster);
  const info = driver?.spec.podInfoOnMount ? podInfo(wanted) : {};
  const tokens = await podTokens(wanted, driver, cluster);
  const areSecret = driver?.spec.serviceAccountTokenInSecrets === true;
  return {
    context: { ...wanted.attributes, ...info, ...(areSecret ? {} : tokens) },
    secrets: { ...secrets, ...(areSecret ? tokens : {}) },
  };
}

const podInfo = ({ pod: { metadata, spec }, mode }: Wanted): Texts => ({
  [`${INFO}/pod.name`]: metadata.name,
  [`${INFO}/pod.namespace`]: metadata.namespace ?? '',
  [`${INFO}/pod.uid`]: metadata.uid,
  [`${INFO}/serviceAccount.name`]: spec.serviceAccountName ?? '',
  [`${INFO}/ephemeral`]: String(mode === 'Ephemeral'),
});

async function podTokens({ pod }: Wanted, driver: DriverObject | undefined, cluster: CsiCluster): Promise<Texts> {
  const requests = driver?.spec.tokenRequests ?? [];
  if (requests.length === 0) return {};
  const issued: Record<string, { readonly token: string; readonly expirationTimestamp: string }> = {};
  for (const { audience, expirationSeconds = TOKEN_SECONDS } of requests) {
    const { token, expiresAt } = await cluster.token(pod, audience, Number(expirationSeconds));
    issued[audience] = { token, expirationTimestamp: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z') };
  }
  return { [TOKENS]: JSON.stringify(issued) };
}

/** Throws VolumeError where the secret is not there; `field` is what names it. */
export async function secretTexts(name: SecretName | undefined, field: string, cluster: CsiCluster): Promise<Texts> {
  if (!name) return {};
  const secret = await cluster.secret(name.namespace, name.name);
  if (!secret)
    throw new VolumeError(
      `fetching ${field} ${name.namespace}/${name.name} failed: kubernetes.io/csi: failed to find the secret ${name.name} in the namespace ${name.namespace} with error: secrets ${JSON.stringify(name.name)} not found`,
    );
  return Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, decoded(value)]));
}
