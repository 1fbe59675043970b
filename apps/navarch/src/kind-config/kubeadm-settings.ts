import type { Taint } from '@navarch/api';
import { writeJson } from '@navarch/machinery';
import { heededFields } from '../cluster/kubelet-config.ts';
import { nodePortAddressesOf } from '../cluster/flags.ts';
import { labelsOf, taintsOf } from '../cluster/node-flags.ts';
import { UserError } from '../user-error.ts';
import { isRecord } from './fields.ts';
import type { KubeadmDocuments } from './kubeadm.ts';
import { onHost } from './on-host.ts';
import type { NodeMount, NodePlan } from './cluster-plan.ts';

type Document = Readonly<Record<string, unknown>>;

const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';

/** Arguments of kube-apiserver that `server` has under the same name; those whose value is a path of the node. */
const SERVER_FLAGS: ReadonlySet<string> = new Set([
  'feature-gates',
  'runtime-config',
  'enable-admission-plugins',
  'disable-admission-plugins',
  'service-node-port-range',
  'audit-policy-file',
  'audit-log-path',
  'audit-log-format',
  'audit-log-maxage',
  'audit-log-maxbackup',
  'audit-log-maxsize',
]);
const PATHS: ReadonlySet<string> = new Set(['audit-policy-file', 'audit-log-path', 'config']);

/** Arguments of the kubelet that `agent` has under the same name. */
const AGENT_FLAGS: ReadonlySet<string> = new Set([
  'eviction-hard',
  'eviction-soft',
  'eviction-soft-grace-period',
  'eviction-minimum-reclaim',
  'eviction-max-pod-grace-period',
  'eviction-pressure-transition-period',
  'max-pods',
]);

/** What is written everywhere and asks for nothing. */
const IDLE: ReadonlySet<string> = new Set(['kind', 'apiVersion']);

/** As kind writes them, as far as patches are made against them. */
export function documentsOf(labels: Readonly<Record<string, string>>): KubeadmDocuments {
  const kubeletExtraArgs = {
    'node-labels': Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  };
  return {
    ClusterConfiguration: {
      apiServer: { certSANs: ['localhost', '127.0.0.1'], extraArgs: {}, extraVolumes: [] },
      controllerManager: { extraArgs: {} },
      scheduler: { extraArgs: {} },
      networking: {},
    },
    InitConfiguration: { nodeRegistration: { kubeletExtraArgs } },
    JoinConfiguration: { nodeRegistration: { kubeletExtraArgs } },
    KubeletConfiguration: {},
    KubeProxyConfiguration: {},
  };
}

/** What the documents ask of the control plane. What has no effect goes into the remarks. */
export function serverSettingsOf(
  { ClusterConfiguration: cluster, InitConfiguration: init, KubeProxyConfiguration: proxy }: KubeadmDocuments,
  mounts: readonly NodeMount[],
  remarks: string[],
): {
  readonly flags: readonly string[];
  /** Flags of every node's agent. */
  readonly proxyFlags: readonly string[];
  readonly hasServiceProxy: boolean;
} {
  const { apiServer, controllerManager, scheduler, networking, ...others } = cluster;
  const [api, controllers, scheduling] = [apiServer, controllerManager, scheduler].map(recordOf) as [
    Document,
    Document,
    Document,
  ];
  const told = (part: Document, path: string, known: (name: string) => string | undefined): readonly string[] =>
    argumentsOf({ part, path: `ClusterConfiguration.${path}`, known, mounts }, remarks);
  const { dnsDomain, ...network } = recordOf(networking);
  const flags = [
    ...told(api, 'apiServer', (name) => (SERVER_FLAGS.has(name) ? name : undefined)),
    ...told(controllers, 'controllerManager', (name) => (name === 'controllers' ? name : undefined)),
    ...told(scheduling, 'scheduler', (name) => (name === 'config' ? 'scheduler-config' : undefined)),
    ...textsOf(api['certSANs'], 'ClusterConfiguration.apiServer.certSANs').flatMap((name) =>
      name === 'localhost' || name === '127.0.0.1' ? [] : ['--tls-san', name],
    ),
    ...(typeof dnsDomain === 'string' ? ['--cluster-domain', dnsDomain] : []),
  ];
  unheeded(remarks, 'ClusterConfiguration', others);
  unheeded(remarks, 'ClusterConfiguration.networking', network);
  const { nodePortAddresses, ...unknown } = proxy;
  const path = 'KubeProxyConfiguration.nodePortAddresses';
  const places = nodePortAddressesOf(path, textsOf(nodePortAddresses, path));
  const proxyFlags = places.length === 0 ? [] : ['--nodeport-addresses', places.join(',')];
  unheeded(remarks, 'KubeProxyConfiguration', unknown);
  const skipped = textsOf(init['skipPhases'], 'InitConfiguration.skipPhases');
  return { flags, proxyFlags, hasServiceProxy: !skipped.includes('addon/kube-proxy') };
}

interface Part {
  readonly part: Document;
  readonly path: string;
  /** The flag of ours that an argument is; undefined where it is none. */
  readonly known: (name: string) => string | undefined;
  readonly mounts: readonly NodeMount[];
}

function argumentsOf({ part, path, known, mounts }: Part, remarks: string[]): readonly string[] {
  const { extraArgs, extraVolumes, certSANs: _, ...others } = part;
  unheeded(remarks, path, others);
  // What a component calls by one name its node has under another, and this machine under a third.
  const volumes = (Array.isArray(extraVolumes) ? extraVolumes : []).filter(isRecord).map((volume) => ({
    hostPath: String(volume['hostPath']),
    containerPath: String(volume['mountPath']),
    readOnly: false,
  }));
  return Object.entries(recordOf(extraArgs)).flatMap(([name, value]) => {
    const flag = known(name);
    if (flag === undefined) {
      remarks.push(`${path}.extraArgs.${name} is not heeded`);
      return [];
    }
    const text = String(value);
    return [`--${flag}`, PATHS.has(name) && text !== '-' ? onHost(onHost(text, volumes), mounts) : text];
  });
}

type NodeSettings = Pick<NodePlan, 'labels' | 'taints' | 'agentFlags' | 'kubelet'>;

/** What the documents ask of a node's kubelet. */
export function nodeSettingsOf(
  documents: KubeadmDocuments,
  { role, isTainted }: { readonly role: NodePlan['role']; readonly isTainted: boolean },
  remarks: string[],
): NodeSettings {
  const kind = role === 'control-plane' ? 'InitConfiguration' : 'JoinConfiguration';
  const { nodeRegistration, skipPhases: _, ...others } = documents[kind];
  unheeded(remarks, kind, others);
  const { kubeletExtraArgs, taints, ...rest } = recordOf(nodeRegistration);
  unheeded(remarks, `${kind}.nodeRegistration`, rest);
  const path = `${kind}.nodeRegistration.kubeletExtraArgs`;
  const given = recordOf(kubeletExtraArgs);
  const labels = labelsOf(`${path}.node-labels`, String(given['node-labels'] ?? ''));
  const registered = taintsOf(`${path}.register-with-taints`, String(given['register-with-taints'] ?? ''));
  const usual: readonly Taint[] =
    role === 'control-plane' && isTainted ? [{ key: CONTROL_PLANE, effect: 'NoSchedule' }] : [];
  const agentFlags: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (name === 'node-labels' || name === 'register-with-taints') continue;
    if (AGENT_FLAGS.has(name)) agentFlags.push(`--${name}`, String(value));
    else remarks.push(`${path}.${name} is not heeded`);
  }
  return {
    labels: role === 'control-plane' ? { [CONTROL_PLANE]: '', ...labels } : labels,
    taints: [...registered, ...(Array.isArray(taints) ? taintsIn(taints, `${kind}.nodeRegistration.taints`) : usual)],
    agentFlags,
    kubelet: kubeletOf(documents.KubeletConfiguration, remarks),
  };
}

function kubeletOf(document: Document, remarks: string[]): Document {
  const said = Object.entries(document).filter(([name]) => !IDLE.has(name));
  const { fields, remarks: unheeded } = heededFields(Object.fromEntries(said));
  remarks.push(...unheeded.map((remark) => `KubeletConfiguration.${remark}`));
  return fields;
}

function taintsIn(items: readonly unknown[], path: string): readonly Taint[] {
  return items.flatMap((item, i) => {
    const { key, value, effect } = recordOf(item);
    if (typeof key !== 'string' || typeof effect !== 'string')
      throw new UserError(`${path}[${i}] takes key, value and effect, not ${writeJson(item)}`);
    return taintsOf(`${path}[${i}]`, `${key}=${typeof value === 'string' ? value : ''}:${effect}`);
  });
}

function unheeded(remarks: string[], path: string, fields: Document): void {
  for (const [name, value] of Object.entries(fields)) {
    const isEmpty = isRecord(value) && Object.keys(value).length === 0;
    if (!IDLE.has(name) && !isEmpty) remarks.push(`${path}.${name} is not heeded`);
  }
}

const recordOf = (value: unknown): Document => (isRecord(value) ? value : {});

function textsOf(value: unknown, path: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new UserError(`${path} takes a list of texts, not ${writeJson(value)}`);
}
