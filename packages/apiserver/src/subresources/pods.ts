import { addressOf, node, pod, type Pod } from '@navarch/api';
import { badRequest, conflict, failure, Field, invalid, type Mutable, notFound, success } from '@navarch/machinery';
import { MIRROR } from '../admission/pods.ts';
import { timestamp } from '../registry/meta.ts';
import type { ProxyTarget } from '../request.ts';
import { bodyReader } from './body.ts';
import { defineSubresource, type Subresource, type SubresourceContext } from './subresource.ts';

interface Binding {
  readonly metadata: {
    readonly name?: string;
    readonly uid?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly target: { readonly kind?: string; readonly name?: string };
}
const readBinding = bodyReader<Binding>('io.k8s.api.core.v1.Binding', 'v1', 'Binding');

/** The scheduler's word: this pod runs on that node. Once. */
const binding: Subresource['answer'] = async (body, { registry, info, call }) => {
  const sent = readBinding(body);
  const nodeName = sent.target.name ?? '';
  const at = new Field('target');
  if (sent.target.kind && !['Node', 'Minion'].includes(sent.target.kind))
    at.at('kind').notSupported(sent.target.kind, ['Node', '<empty>']);
  if (nodeName === '') at.at('name').required();
  if (at.errors.length > 0) throw invalid({ group: '', kind: 'Binding' }, sent.metadata.name ?? '', at.errors);
  const pods = registry.of(pod);
  const name = info.name || (sent.metadata.name ?? '');
  if (sent.metadata.name && sent.metadata.name !== name)
    throw badRequest('name in URL does not match name in Binding object');
  await pods.admitOther('CREATE', { namespace: info.namespace, name, subresource: 'binding' }, sent, call);
  const { uid, annotations, labels } = sent.metadata;
  for (;;) {
    const cached = pods.cached(info.namespace, name);
    const current = cached.object as Pod;
    if (uid && uid !== current.metadata.uid)
      throw conflict(
        pod,
        name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`,
      );
    if (current.metadata.deletionTimestamp)
      throw conflict(pod, name, `pod ${name} is being deleted, cannot be assigned to a host`);
    if (current.spec.nodeName)
      throw conflict(pod, name, `pod ${name} is already assigned to node ${JSON.stringify(current.spec.nodeName)}`);
    if (current.spec.schedulingGates?.length)
      throw conflict(pod, name, `pod ${name} has non-empty .spec.schedulingGates`);
    if (call.isDryRun) return { status: 201, value: success() };
    const draft = {
      ...current,
      spec: { ...current.spec, nodeName },
      status: scheduled(current, timestamp(registry.deps.clock.now())),
    } as unknown as Mutable<Pod>;
    if (annotations)
      draft.metadata = { ...draft.metadata, annotations: { ...draft.metadata.annotations, ...annotations } };
    if (labels) draft.metadata = { ...draft.metadata, labels: { ...draft.metadata.labels, ...labels } };
    if (await pods.overwrite(cached, draft as unknown as Pod)) return { status: 201, value: success() };
  }
};

function scheduled(current: Pod, now: string): Pod['status'] {
  const others = (current.status.conditions ?? []).filter((c) => c.type !== 'PodScheduled');
  return {
    ...current.status,
    conditions: [...others, { type: 'PodScheduled', status: 'True', lastTransitionTime: now }],
  };
}

/** Where the kubelet of the pod's node answers. Throws BadRequest while the pod has no node. */
function kubelet({ registry, info }: SubresourceContext): {
  readonly host: string;
  readonly port: number;
  readonly found: Pod;
} {
  const found = registry.of(pod).get(info.namespace, info.name);
  if (!found.spec.nodeName) throw badRequest(`pod ${found.metadata.name} does not have a host assigned`);
  return { ...nodeAddress(registry, found.spec.nodeName), found };
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

function containerOf(found: Pod, asked: string | null): string {
  const names = [
    ...found.spec.containers,
    ...(found.spec.initContainers ?? []),
    ...(found.spec.ephemeralContainers ?? []),
  ].map((c) => c.name);
  if (asked) {
    if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${found.metadata.name}`);
    return asked;
  }
  const standard = found.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (standard && names.includes(standard)) return standard;
  if (found.spec.containers.length > 1) {
    throw badRequest(
      `a container name must be specified for pod ${found.metadata.name}, choose one of: [${names.join(' ')}]`,
    );
  }
  return found.spec.containers[0]?.name ?? '';
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
    const { host, port, found } = kubelet(context);
    const container = containerOf(found, context.query.get('container'));
    const query = new URLSearchParams();
    for (const [option, name] of Object.entries(STREAM_OPTIONS))
      if (isTrue(context.query.get(option))) query.set(name, '1');
    for (const command of context.query.getAll('command')) query.append('command', command);
    if (what === 'exec' && context.query.getAll('command').length === 0)
      throw badRequest('you must specify at least 1 command for the container');
    return kubeletTarget(
      host,
      port,
      `/${what}/${onItsNode(found)}/${container}`,
      query,
    );
  };

/** As its node knows it: what a mirror shows has an identity of its own there. */
const onItsNode = ({ metadata }: Pod): string =>
  `${metadata.namespace}/${metadata.name}/${metadata.annotations?.[MIRROR] ?? metadata.uid}`;

const isTrue = (value: string | null): boolean => value === 'true' || value === '1';

const kubeletTarget = (host: string, port: number, path: string, query: URLSearchParams): ProxyTarget => ({
  scheme: 'https',
  host,
  port,
  path: query.toString() === '' ? path : `${path}?${query.toString()}`,
  asKubeletClient: true,
});

const log = (context: SubresourceContext): ProxyTarget => {
  const { host, port, found } = kubelet(context);
  const container = containerOf(found, context.query.get('container'));
  const query = new URLSearchParams();
  for (const name of ['follow', 'previous', 'sinceSeconds', 'sinceTime', 'timestamps', 'tailLines', 'limitBytes']) {
    const value = context.query.get(name);
    if (value !== null) query.set(name, value);
  }
  return kubeletTarget(
    host,
    port,
    `/containerLogs/${found.metadata.namespace}/${found.metadata.name}/${container}`,
    query,
  );
};

const portForward = (context: SubresourceContext): ProxyTarget => {
  const { host, port, found } = kubelet(context);
  const query = new URLSearchParams();
  for (const value of context.query.getAll('ports')) query.append('port', value);
  return kubeletTarget(
    host,
    port,
    `/portForward/${onItsNode(found)}`,
    query,
  );
};

const STREAMED = ['GET', 'POST'];

export const podSubresources: readonly Subresource[] = [
  defineSubresource({ at: '/pods/binding', answer: binding }),
  defineSubresource({ at: '/bindings', answer: binding }),
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
