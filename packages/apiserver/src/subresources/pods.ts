import { addressOf, node, pod, type Pod } from '@navarch/api';
import { badRequest, failure, notFound } from '@navarch/machinery';
import { MIRROR } from '../admission/pods.ts';
import type { ProxyTarget } from '../request.ts';
import { bindings } from './binding.ts';
import { isOn, logQuery } from './log-options.ts';
import { defineSubresource, type Subresource, type SubresourceContext } from './subresource.ts';

const podOf = ({ registry, info }: SubresourceContext): Pod => registry.of(pod).get(info.namespace, info.name);

/** Where the kubelet of the pod's node answers. Throws BadRequest while the pod has no node. */
function kubeletOf(
  found: Pod,
  registry: SubresourceContext['registry'],
): { readonly host: string; readonly port: number } {
  if (!found.spec.nodeName) throw badRequest(`pod ${found.metadata.name} does not have a host assigned`);
  return nodeAddress(registry, found.spec.nodeName);
}

export function nodeAddress(
  registry: SubresourceContext['registry'],
  name: string,
): { readonly host: string; readonly port: number } {
  const held = registry.of(node).find('', name);
  if (!held) throw notFound(node, name);
  const host = addressOf(held, 'InternalIP');
  const port = held.status.daemonEndpoints?.kubeletEndpoint?.Port;
  if (!host || !port) throw failure('ServiceUnavailable', `node ${name} does not say where its kubelet is`);
  return { host, port };
}

function containerOf({ metadata: { name }, spec }: Pod, asked: string | null): string {
  const names = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])].map(
    (c) => c.name,
  );
  if (asked) {
    if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  if (spec.containers.length > 1)
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`);
  return spec.containers[0]?.name ?? '';
}

const STREAM_OPTIONS: Readonly<Record<string, string>> = {
  stdin: 'input',
  stdout: 'output',
  stderr: 'error',
  tty: 'tty',
};

/** exec and attach: the options by the names the kubelet knows them by. */
const streaming =
  (what: 'exec' | 'attach') =>
  (context: SubresourceContext): ProxyTarget => {
    const found = podOf(context);
    const container = containerOf(found, context.query.get('container'));
    const { host, port } = kubeletOf(found, context.registry);
    const query = new URLSearchParams();
    for (const [option, name] of Object.entries(STREAM_OPTIONS)) if (isOn(context.query, option)) query.set(name, '1');
    for (const command of context.query.getAll('command')) query.append('command', command);
    if (what === 'exec' && context.query.getAll('command').length === 0)
      throw badRequest('you must specify at least 1 command for the container');
    return kubeletTarget(host, port, `/${what}/${onItsNode(found)}/${container}`, query);
  };

/** As its node knows it: what a mirror shows has an identity of its own there. */
const onItsNode = ({ metadata }: Pod): string =>
  `${metadata.namespace}/${metadata.name}/${metadata.annotations?.[MIRROR] ?? metadata.uid}`;

const kubeletTarget = (host: string, port: number, path: string, query: URLSearchParams): ProxyTarget => ({
  scheme: 'https',
  host,
  port,
  path: query.toString() === '' ? path : `${path}?${query.toString()}`,
  asKubeletClient: true,
});

/** Nothing yet, of a pod that is on no node. */
const log = (context: SubresourceContext): ProxyTarget | undefined => {
  const { registry, info } = context;
  const query = logQuery(context.query, info.name, registry.features.isEnabled('PodLogsQuerySplitStreams'));
  const found = podOf(context);
  const container = containerOf(found, context.query.get('container'));
  if (!found.spec.nodeName) return undefined;
  const { host, port } = kubeletOf(found, registry);
  const path = `/containerLogs/${found.metadata.namespace}/${found.metadata.name}/${container}`;
  return kubeletTarget(host, port, path, query);
};

const portForward = (context: SubresourceContext): ProxyTarget => {
  const found = podOf(context);
  const { host, port } = kubeletOf(found, context.registry);
  const query = new URLSearchParams();
  for (const value of context.query.getAll('ports')) query.append('port', value);
  return kubeletTarget(host, port, `/portForward/${onItsNode(found)}`, query);
};

const STREAMED = ['GET', 'POST'];

export const podSubresources: readonly Subresource[] = [
  ...bindings,
  defineSubresource({
    at: '/pods/exec',
    methods: STREAMED,
    opensStreams: true,
    options: 'PodExecOptions',
    query: 'PodExecOptions',
    connect: streaming('exec'),
  }),
  defineSubresource({
    at: '/pods/attach',
    methods: STREAMED,
    opensStreams: true,
    options: 'PodAttachOptions',
    query: 'PodAttachOptions',
    connect: streaming('attach'),
  }),
  defineSubresource({ at: '/pods/log', methods: ['GET', 'HEAD'], query: 'PodLogOptions', isText: true, connect: log }),
  defineSubresource({
    at: '/pods/portforward',
    methods: STREAMED,
    opensStreams: true,
    options: 'PodPortForwardOptions',
    query: 'PodPortForwardOptions',
    connect: portForward,
  }),
];
