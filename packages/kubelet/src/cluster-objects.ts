import { configMap, type ConfigMap, type Pod, secret, type Secret, type Service, serviceAccount } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { Api } from '@navarch/client';
import { hasReason } from '@navarch/machinery';
import type { EnvironmentSources } from './environment.ts';
import type { Files } from './ports.ts';
import type { VolumeHost } from './volumes/volume-plugin.ts';

const orAbsent = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
};

export interface SourcesDeps {
  readonly api: Api;
  readonly nodeName: string;
  readonly nodeIP: string;
  /** The services of a namespace, as far as they are known. */
  services(namespace: string): readonly Service[];
}

/** The objects that a pod's variables are taken from, read before they are needed. */
export async function environmentSources(p: Pod, { api, nodeName, nodeIP, services }: SourcesDeps): Promise<EnvironmentSources> {
  const namespace = p.metadata.namespace ?? '';
  const containers = [...(p.spec.initContainers ?? []), ...p.spec.containers];
  const names = (pick: (c: (typeof containers)[number]) => readonly (string | undefined)[]): readonly string[] =>
    [...new Set(containers.flatMap(pick).filter((n) => n !== undefined))];
  const mapNames = names((c) => [...(c.envFrom ?? []).map((f) => f.configMapRef?.name), ...(c.env ?? []).map((e) => e.valueFrom?.configMapKeyRef?.name)]);
  const secretNames = names((c) => [...(c.envFrom ?? []).map((f) => f.secretRef?.name), ...(c.env ?? []).map((e) => e.valueFrom?.secretKeyRef?.name)]);
  const maps = new Map<string, ConfigMap | undefined>();
  const secrets = new Map<string, Secret | undefined>();
  for (const name of mapNames) maps.set(name, await orAbsent(api.of(configMap).get(`${namespace}/${name}`)));
  for (const name of secretNames) secrets.set(name, await orAbsent(api.of(secret).get(`${namespace}/${name}`)));
  return {
    configMap: (name) => maps.get(name), secret: (name) => secrets.get(name),
    services: [...services(namespace), ...(namespace === 'default' ? [] : services('default').filter((s) => s.metadata.name === 'kubernetes'))],
    podIP: p.status.podIP ?? '', hostIP: nodeIP, nodeName,
  };
}

/** The pull secrets that a pod names and that exist. */
export async function pullSecrets(api: Api, p: Pod): Promise<readonly Secret[]> {
  const found: Secret[] = [];
  for (const { name } of p.spec.imagePullSecrets ?? []) {
    const one = name ? await orAbsent(api.of(secret).get(`${p.metadata.namespace}/${name}`)) : undefined;
    if (one) found.push(one);
  }
  return found;
}

export interface VolumeHostDeps {
  readonly api: Api;
  readonly files: Files;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly clock: Clock;
}

/** Tokens are asked anew when four fifths of their life are over. */
export function volumeHost({ api, files, nodeName, nodeIP, clock }: VolumeHostDeps): VolumeHost {
  const tokens = new Map<string, { readonly token: string; readonly renewAt: number }>();
  return {
    files, nodeName, hostIP: nodeIP,
    configMap: (namespace, name) => orAbsent(api.of(configMap).get(`${namespace}/${name}`)),
    secret: (namespace, name) => orAbsent(api.of(secret).get(`${namespace}/${name}`)),
    async token(p, audience, expirationSeconds) {
      const key = `${p.metadata.uid}/${audience}/${expirationSeconds}`;
      const known = tokens.get(key);
      if (known && known.renewAt > clock.now()) return known.token;
      const body = {
        apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest',
        spec: { audiences: audience ? [audience] : [], expirationSeconds, boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: p.metadata.name, uid: p.metadata.uid } },
      };
      const answer = (await api.of(serviceAccount).post(`${p.metadata.namespace}/${p.spec.serviceAccountName || 'default'}`, 'token', body)) as { status: { token: string } };
      tokens.set(key, { token: answer.status.token, renewAt: clock.now() + expirationSeconds * 800 });
      return answer.status.token;
    },
  };
}
