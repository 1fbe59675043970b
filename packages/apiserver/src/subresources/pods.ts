import { addressOf, node, pod, type Pod, podDisruptionBudget } from '@navarch/api';
import { badRequest, compileLabelSelector, conflict, failure, type LabelSelector, type Mutable, notFound, success } from '@navarch/machinery';
import { timestamp } from '../registry/meta.ts';
import type { ProxyTarget } from '../request.ts';
import { defineSubresource, type Subresource, type SubresourceContext } from './subresource.ts';

interface Binding {
  readonly metadata?: { readonly name?: string; readonly uid?: string; readonly annotations?: Readonly<Record<string, string>>; readonly labels?: Readonly<Record<string, string>> };
  readonly target?: { readonly kind?: string; readonly name?: string };
}

/** The scheduler's word: this pod runs on that node. Once. */
const binding: Subresource['answer'] = async (body, { registry, info }) => {
  const sent = body as Binding;
  const nodeName = sent.target?.name ?? '';
  if (nodeName === '') throw badRequest('target.name: Required value');
  const pods = registry.of(pod);
  const name = info.name || (sent.metadata?.name ?? '');
  for (;;) {
    const cached = pods.cached(info.namespace, name);
    const current = cached.object as Pod;
    if (sent.metadata?.uid && sent.metadata.uid !== current.metadata.uid) throw conflict(pod, name, `Precondition failed: UID in precondition: ${sent.metadata.uid}, UID in object meta: ${current.metadata.uid}`);
    if (current.metadata.deletionTimestamp) throw conflict(pod, name, `pod ${name} is being deleted, cannot be assigned to a host`);
    if (current.spec.nodeName) throw conflict(pod, name, `pod ${name} is already assigned to node ${JSON.stringify(current.spec.nodeName)}`);
    const draft = { ...current, spec: { ...current.spec, nodeName }, status: scheduled(current, timestamp(registry.deps.clock.now())) } as unknown as Mutable<Pod>;
    if (sent.metadata?.annotations) draft.metadata = { ...draft.metadata, annotations: { ...draft.metadata.annotations, ...sent.metadata.annotations } };
    if (await pods.overwrite(cached, draft as unknown as Pod)) return { status: 201, value: success() };
  }
};

function scheduled(current: Pod, now: string): Pod['status'] {
  const others = (current.status.conditions ?? []).filter((c) => c.type !== 'PodScheduled');
  return { ...current.status, conditions: [...others, { type: 'PodScheduled', status: 'True', lastTransitionTime: now }] };
}

/** Deletes the pod unless a disruption budget forbids it (policy/v1 Eviction). */
const eviction: Subresource['answer'] = async (body, context) => {
  const { registry, info, call } = context;
  const target = registry.of(pod).get(info.namespace, info.name);
  const options = (body as { deleteOptions?: Record<string, never> }).deleteOptions ?? {};
  const budgets = registry.of(podDisruptionBudget);
  for (const cached of budgets.shelf.cache.range(budgets.shelf.prefixOf(info.namespace))) {
    const budget = budgets.view(cached.object);
    if (!compileLabelSelector(budget.spec.selector as LabelSelector | undefined).matches(target.metadata.labels)) continue;
    if ((budget.status.disruptionsAllowed ?? 0) > 0) continue;
    throw failure('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${budget.metadata.name} needs ${budget.status.desiredHealthy} healthy pods and has ${budget.status.currentHealthy} currently` }],
    });
  }
  await registry.of(pod).delete(info.namespace, info.name, options, call);
  return { status: 201, value: success() };
};

/** Where the kubelet of the pod's node answers. Throws BadRequest while the pod has no node. */
function kubelet({ registry, info }: SubresourceContext): { readonly host: string; readonly port: number; readonly found: Pod } {
  const found = registry.of(pod).get(info.namespace, info.name);
  if (!found.spec.nodeName) throw badRequest(`pod ${found.metadata.name} does not have a host assigned`);
  return { ...nodeAddress(registry, found.spec.nodeName), found };
}

export function nodeAddress(registry: SubresourceContext['registry'], name: string): { readonly host: string; readonly port: number } {
  const held = registry.of(node).find('', name);
  if (!held) throw notFound(node, name);
  const host = addressOf(held, 'InternalIP');
  const port = held.status.daemonEndpoints?.kubeletEndpoint?.Port;
  if (!host || !port) throw failure('ServiceUnavailable', `node ${name} does not say where its kubelet is`);
  return { host, port };
}

function containerOf(found: Pod, asked: string | null): string {
  const names = [...found.spec.containers, ...(found.spec.initContainers ?? []), ...(found.spec.ephemeralContainers ?? [])].map((c) => c.name);
  if (asked) {
    if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${found.metadata.name}`);
    return asked;
  }
  const standard = found.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (standard && names.includes(standard)) return standard;
  if (found.spec.containers.length > 1) {
    throw badRequest(`a container name must be specified for pod ${found.metadata.name}, choose one of: [${names.join(' ')}]`);
  }
  return found.spec.containers[0]?.name ?? '';
}

const STREAM_OPTIONS: Readonly<Record<string, string>> = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' };

/** exec and attach: the options by the names the kubelet knows them by. */
const streaming = (what: 'exec' | 'attach') => (context: SubresourceContext): ProxyTarget => {
  const { host, port, found } = kubelet(context);
  const container = containerOf(found, context.query.get('container'));
  const query = new URLSearchParams();
  for (const [option, name] of Object.entries(STREAM_OPTIONS)) if (isTrue(context.query.get(option))) query.set(name, '1');
  for (const command of context.query.getAll('command')) query.append('command', command);
  if (what === 'exec' && context.query.getAll('command').length === 0) throw badRequest('you must specify at least 1 command for the container');
  return kubeletTarget(host, port, `/${what}/${found.metadata.namespace}/${found.metadata.name}/${found.metadata.uid}/${container}`, query);
};

const isTrue = (value: string | null): boolean => value === 'true' || value === '1';

const kubeletTarget = (host: string, port: number, path: string, query: URLSearchParams): ProxyTarget =>
  ({ scheme: 'https', host, port, path: query.toString() === '' ? path : `${path}?${query.toString()}`, asKubeletClient: true });

const log = (context: SubresourceContext): ProxyTarget => {
  const { host, port, found } = kubelet(context);
  const container = containerOf(found, context.query.get('container'));
  const query = new URLSearchParams();
  for (const name of ['follow', 'previous', 'sinceSeconds', 'sinceTime', 'timestamps', 'tailLines', 'limitBytes']) {
    const value = context.query.get(name);
    if (value !== null) query.set(name, value);
  }
  return kubeletTarget(host, port, `/containerLogs/${found.metadata.namespace}/${found.metadata.name}/${container}`, query);
};

const portForward = (context: SubresourceContext): ProxyTarget => {
  const { host, port, found } = kubelet(context);
  const query = new URLSearchParams();
  for (const value of context.query.getAll('ports')) query.append('port', value);
  return kubeletTarget(host, port, `/portForward/${found.metadata.namespace}/${found.metadata.name}/${found.metadata.uid}`, query);
};

/** `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. */
function proxied({ registry, info, query }: SubresourceContext): ProxyTarget {
  const parts = info.name.split(':');
  const [scheme, name = '', portText] = parts.length === 3 ? parts : ['http', parts[0], parts[1]];
  const found = registry.of(pod).get(info.namespace, name);
  const ports = found.spec.containers.flatMap((c) => c.ports ?? []);
  const port = portText ? (ports.find((p) => p.name === portText)?.containerPort ?? Number(portText)) : (ports[0]?.containerPort ?? 80);
  if (!found.status.podIP) throw failure('ServiceUnavailable', `pod ${name} has no address yet`);
  return { scheme: scheme === 'https' ? 'https' : 'http', host: found.status.podIP, port, path: withQuery(`/${info.rest}`, query), asKubeletClient: false };
}

export const withQuery = (path: string, query: URLSearchParams): string => (query.toString() === '' ? path : `${path}?${query.toString()}`);

export const podSubresources: readonly Subresource[] = [
  defineSubresource({ at: '/pods/binding', answer: binding }),
  defineSubresource({ at: '/bindings', answer: binding }),
  defineSubresource({ at: '/pods/eviction', answer: eviction }),
  defineSubresource({ at: '/pods/exec', connect: streaming('exec') }),
  defineSubresource({ at: '/pods/attach', connect: streaming('attach') }),
  defineSubresource({ at: '/pods/log', connect: log }),
  defineSubresource({ at: '/pods/portforward', connect: portForward }),
  defineSubresource({ at: '/pods/proxy', connect: proxied }),
];
