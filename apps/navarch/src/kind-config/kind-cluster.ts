import { parseYaml } from '@navarch/node/yaml';
import { UserError } from '../user-error.ts';
import { choice, flag, list, mapOf, type Place, type Reader, record, text, whole } from './fields.ts';

const API_VERSION = 'kind.x-k8s.io/v1alpha4';
const PORT_MAX = 65_535;

const mount = record({
  containerPath: text,
  hostPath: text,
  readOnly: flag,
  selinuxRelabel: flag,
  propagation: choice('None', 'HostToContainer', 'Bidirectional'),
});

const portMapping = record({
  containerPort: whole(1, PORT_MAX),
  // 0 is any port that is free; so is -1, which leaves the choice to whoever opens it.
  hostPort: whole(-1, PORT_MAX),
  listenAddress: text,
  protocol: choice('TCP', 'UDP', 'SCTP'),
});

const jsonPatch = record({ group: text, version: text, kind: text, patch: text });

const patches = {
  kubeadmConfigPatches: list(text),
  kubeadmConfigPatchesJSON6902: list(jsonPatch),
};

/** A version may be switched on by a word that YAML takes for something else: `api/alpha: true`. */
const word: Reader<string> = ({ value }) => (value === undefined || value === null ? undefined : String(value));

const cluster = record({
  kind: choice('Cluster'),
  apiVersion: choice(API_VERSION),
  name: text,
  nodes: list(
    record({
      role: choice('control-plane', 'worker'),
      image: text,
      labels: mapOf(text),
      extraMounts: list(mount),
      extraPortMappings: list(portMapping),
      ...patches,
    }),
  ),
  networking: record({
    ipFamily: choice('ipv4', 'ipv6', 'dual'),
    apiServerPort: whole(-1, PORT_MAX),
    apiServerAddress: text,
    podSubnet: text,
    serviceSubnet: text,
    disableDefaultCNI: flag,
    kubeProxyMode: choice('iptables', 'ipvs', 'nftables', 'none'),
    dnsSearch: list(text),
  }),
  featureGates: mapOf(flag),
  runtimeConfig: mapOf(word),
  ...patches,
  containerdConfigPatches: list(text),
  containerdConfigPatchesJSON6902: list(text),
});

/** A cluster as kind's file describes it (kind.x-k8s.io/v1alpha4), each field where and as it is written there. */
export type KindCluster = NonNullable<ReturnType<typeof cluster>>;
export type KindNode = NonNullable<KindCluster['nodes']>[number];
export type KindPatch = NonNullable<KindCluster['kubeadmConfigPatchesJSON6902']>[number];

/** Reads the text of a file, which `name` tells people. Throws UserError: one sentence with every path that is wrong. */
export function readKindCluster(name: string, content: string): KindCluster {
  const refusals: string[] = [];
  const value = parsed(name, content, refusals);
  const at: Place = { path: '', value, refusals };
  const found = cluster(at) ?? {};
  if (found.apiVersion === undefined || found.kind === undefined) {
    const { apiVersion, kind } = (value ?? {}) as { readonly apiVersion?: unknown; readonly kind?: unknown };
    const holds = `it holds ${kind === undefined ? 'no kind' : String(kind)} of ${apiVersion === undefined ? 'no apiVersion' : String(apiVersion)}`;
    throw new UserError(`${name} describes no cluster: ${holds}, not Cluster of ${API_VERSION}`);
  }
  if (refusals.length > 0) throw new UserError(`${name} cannot be used: ${refusals.join('; ')}`);
  return found;
}

function parsed(name: string, content: string, refusals: string[]): unknown {
  try {
    return parseYaml(content, (key, line) => refusals.push(`line ${line} says ${key} a second time`));
  } catch (error) {
    throw new UserError(`${name} is no YAML: ${(error as Error).message.split('\n')[0]}`, { cause: error });
  }
}
