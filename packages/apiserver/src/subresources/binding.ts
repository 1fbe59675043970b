import { pod, type Pod, type PodCondition } from '@navarch/api';
import { badRequest, conflict, done, Field, type Mutable } from '@navarch/machinery';
import { timestamp } from '../registry/meta.ts';
import { checkMeant } from '../registry/preconditions.ts';
import { bodyReader } from './body.ts';
import { defineSubresource, type Subresource } from './subresource.ts';
import { unexplained } from './unexplained.ts';

interface Binding {
  readonly metadata: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly target: { readonly kind?: string; readonly name?: string };
}
const readBinding = bodyReader<Binding>('io.k8s.api.core.v1.Binding', 'v1', 'Binding');
/** Refusals are of the binding, not of the pod. */
const BINDINGS = { group: '', plural: 'pods/binding', kind: 'Binding' };

/** The scheduler's word: this pod runs on that node. Once. */
const binding: Subresource['answer'] = async (body, { registry, info, call }) => {
  const sent = readBinding(body, call);
  const name = info.name || (sent.metadata.name ?? '');
  if (sent.metadata.name !== name) throw badRequest('name in URL does not match name in Binding object');
  checkTarget(sent.target);
  const pods = registry.of(pod);
  await pods.admitOther('CREATE', { namespace: info.namespace, name, subresource: 'binding' }, sent, call);
  for (;;) {
    const cached = pods.cached(info.namespace, name);
    const current = cached.object as Pod;
    checkMeant(pod, { key: cached.key, name }, sent.metadata, current);
    const problem = unbindable(current);
    if (problem !== undefined) throw conflict(BINDINGS, name, problem);
    if (call.isDryRun) return { status: 201, value: done() };
    const next = bound(current, sent, timestamp(registry.deps.clock.now()));
    if (await pods.overwrite(cached, next)) return { status: 201, value: done() };
  }
};

/** Throws what upstream's server makes of it: an error without a reason. */
function checkTarget({ kind, name }: Binding['target']): void {
  const at = new Field('target');
  if (kind && kind !== 'Node') at.at('kind').notSupported(kind, ['Node', '<empty>']);
  if (!name) at.at('name').required();
  const texts = at.errors.map(({ field, message }) => `${field}: ${message}`);
  if (texts.length === 0) return;
  throw unexplained(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`);
}

function unbindable({ metadata: { name, deletionTimestamp }, spec }: Pod): string | undefined {
  if (deletionTimestamp) return `pod ${name} is being deleted, cannot be assigned to a host`;
  if (spec.nodeName) return `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`;
  return spec.schedulingGates?.length ? `pod ${name} has non-empty .spec.schedulingGates` : undefined;
}

/** The pod on its node, with what the binding says of it; a node that was only hoped for is forgotten. */
function bound(current: Pod, { metadata: { annotations, labels }, target }: Binding, now: string): Pod {
  const { nominatedNodeName: _, ...status } = current.status;
  const draft = {
    ...current,
    metadata: { ...current.metadata },
    spec: { ...current.spec, nodeName: target.name },
    status: { ...status, conditions: scheduled(current, now) },
  } as unknown as Mutable<Pod>;
  for (const [field, more] of Object.entries({ annotations, labels } as const))
    if (more) draft.metadata[field as 'labels'] = { ...draft.metadata[field as 'labels'], ...more };
  return draft as unknown as Pod;
}

/** It is of the pod as it is bound: what a kubelet says of it later is of the same or a later one (KEP-5067). */
function scheduled({ metadata, status }: Pod, now: string): readonly PodCondition[] {
  const { conditions = [] } = status;
  const before = conditions.find(({ type }) => type === 'PodScheduled');
  const lastTransitionTime = before?.status === 'True' ? before.lastTransitionTime : now;
  const next = {
    type: 'PodScheduled',
    ...(metadata.generation ? { observedGeneration: metadata.generation } : {}),
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime,
  } as unknown as PodCondition;
  return before ? conditions.map((condition) => (condition === before ? next : condition)) : [...conditions, next];
}

export const bindings: readonly Subresource[] = [
  defineSubresource({ at: '/pods/binding', answer: binding }),
  defineSubresource({ at: '/bindings', answer: binding }),
];
