import { neededFeatures, occupiedSpec, type Pod, type PodSpec, podRequests, podRequestsAtLeast } from '@navarch/api';
import { equalJson, quantityMilliValue, quantityValue, writeJson } from '@navarch/machinery';

/** Amounts in fixed units: milli-CPUs for cpu, whole units (bytes, pods) for everything else. */
export type Amounts = ReadonlyMap<string, number>;

/** All pods that are alike to a node: whatever a single node is asked of a pod, the answer is the same for all of them. */
export interface Shape {
  readonly key: string;
}

/** All pods that are alike for a scheduler: made from one template, as a rule. They share whatever is computed of them. */
export interface Template {
  readonly key: string;
  /** The same for pods that differ only in what they are called, whose they are, and whom they want near. */
  readonly shape: Shape;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the first such pod. Only what `key` is made of may be read from it. */
  readonly spec: PodSpec;
  readonly requests: Amounts;
  readonly cpu: number;
  readonly memory: number;
  /** With a floor for containers that do not say what they need, so that scores spread them too. */
  readonly scoredCpu: number;
  readonly scoredMemory: number;
  /** `TCP/0.0.0.0/80`. */
  readonly hostPorts: readonly string[];
  /** What nodes must have said that they have. */
  readonly features: readonly string[];
  /** Names of persistent volume claims in the pod's namespace. */
  readonly claims: readonly string[];
}

/** A pod on a node, or in thought on one. */
export interface Placed {
  readonly pod: Pod;
  readonly template: Template;
}

/** It is on its way out. */
export const isLeaving = ({ pod }: Placed): boolean => pod.metadata.deletionTimestamp !== undefined;

/** Nothing but labels tells them apart, as far as a node that has such a pod is concerned. */
export const isRelabelled = (before: Template, after: Template): boolean =>
  before.shape === after.shape &&
  before.claims.length === after.claims.length &&
  before.claims.every((claim, i) => claim === after.claims[i]);

/** What a container is taken to ask for by those who score, where it does not say. */
const FLOOR = { cpu: '100m', memory: '200Mi' } as const;
/** More kinds of pods than this at a time are a cluster of single pods: the longest unused is forgotten. */
const TEMPLATES_MAX = 4096;
/** Other sets of labels that pods of one template are known to get: as many as there are zones, as a rule. */
const RELABELLED_MAX = 64;

/** Finds the template of a pod; the same value for all pods that are alike. */
export class Templates {
  readonly #byKey = new Map<string, Template>();
  readonly #shapes = new Map<string, Shape>();
  /** By the list of containers, which a pod's next version shares with the one it was made from in the same process. */
  readonly #known = new WeakMap<object, Known>();
  /** What pods of a template become with other labels, by these: every pod that is bound gets those of its node's zone. */
  readonly #relabelled = new WeakMap<Template, Map<string, Template>>();

  of(pod: Pod): Template {
    const occupied = occupiedSpec(pod);
    // While it is resized in place a pod is like no other, and not for long.
    if (occupied !== pod.spec) return this.#made({ ...pod, spec: occupied });
    const known = this.#known.get(pod.spec.containers);
    const isSame = known !== undefined && isKnown(pod, known);
    if (isSame && equalJson(pod.metadata.labels, known.labels)) return known.template;
    const template = isSame ? this.#withLabels(known.template, pod) : this.#made(pod);
    const { uid, labels, ownerReferences } = pod.metadata;
    this.#known.set(pod.spec.containers, { spec: pod.spec, uid, labels, ownerReferences, template });
    return template;
  }

  #made(pod: Pod): Template {
    const shapeKey = keyOfShape(pod);
    const key = `${keyBesideShape(pod)}${shapeKey}`;
    return found(this.#byKey, key, () => templateOf(pod, key, this.#shapeOf(shapeKey)));
  }

  /** As `#made`, of a pod that differs from one of the template in nothing but labels. */
  #withLabels(template: Template, pod: Pod): Template {
    let byLabels = this.#relabelled.get(template);
    if (!byLabels) this.#relabelled.set(template, (byLabels = new Map()));
    const labels = writeJson(pod.metadata.labels ?? {});
    const known = byLabels.get(labels);
    // One that was forgotten is made anew: two templates of one key would be two sorts of pods.
    if (known && this.#byKey.get(known.key) === known) return known;
    const made = this.#made(pod);
    byLabels.set(labels, made);
    if (byLabels.size > RELABELLED_MAX) byLabels.delete(byLabels.keys().next().value ?? '');
    return made;
  }

  #shapeOf(key: string): Shape {
    return found(this.#shapes, key, () => Object.freeze({ key }));
  }
}

/** A pod whose template was found, without what no key is made of. */
interface Known {
  readonly spec: PodSpec;
  readonly uid: string;
  readonly labels: Pod['metadata']['labels'];
  readonly ownerReferences: Pod['metadata']['ownerReferences'];
  readonly template: Template;
}

/** Whether everything that the keys are made of but labels is the very same, without a look into the spec. */
const isKnown = ({ spec, metadata }: Pod, known: Known): boolean =>
  (spec === known.spec || PLANNED.every((field) => spec[field] === known.spec[field])) &&
  metadata.uid === known.uid &&
  equalJson(metadata.ownerReferences, known.ownerReferences);

/** The fields of a spec that are read for the keys. */
const PLANNED = [
  'containers',
  'initContainers',
  'resources',
  'overhead',
  'nodeSelector',
  'affinity',
  'tolerations',
  'topologySpreadConstraints',
  'priority',
  'preemptionPolicy',
  'hostNetwork',
  'hostUsers',
  'volumes',
] as const;

/** What is known under a key, or is from now on; beyond the bound the first that came is forgotten. */
function found<T>(byKey: Map<string, T>, key: string, make: () => T): T {
  const known = byKey.get(key);
  if (known !== undefined) return known;
  const made = make();
  byKey.set(key, made);
  if (byKey.size > TEMPLATES_MAX) byKey.delete(byKey.keys().next().value ?? '');
  return made;
}

/** Everything that a plugin may look at that looks at one node only (`scope: 'node'`), but that node. */
function keyOfShape({ spec }: Pod): string {
  return writeJson([
    containersOf(spec.containers),
    containersOf(spec.initContainers ?? []),
    spec.resources,
    spec.overhead,
    spec.nodeSelector,
    spec.affinity?.nodeAffinity,
    spec.tolerations,
    spec.priority,
    spec.preemptionPolicy,
    spec.hostNetwork,
    neededFeatures(spec),
  ]);
}

/**
 * With the shape, everything that any plugin may look at but the nodes: a pod is the same before and after it is bound.
 * A projected token's volume has a name of its own in every pod, so volumes are named by what they use.
 */
function keyBesideShape({ metadata, spec }: Pod): string {
  return writeJson([
    metadata.namespace,
    metadata.labels,
    metadata.ownerReferences?.find((owner) => owner.controller)?.uid,
    spec.affinity?.podAffinity,
    spec.affinity?.podAntiAffinity,
    spec.topologySpreadConstraints,
    claimsOf(metadata.name, spec),
    (spec.volumes ?? []).map(inlineDisk).filter(Boolean),
    (spec.volumes ?? []).flatMap(({ image }) => image?.reference ?? []),
  ]);
}

const containersOf = (containers: PodSpec['containers']): readonly unknown[] =>
  containers.map(({ image, resources, ports, restartPolicy }) => [
    image,
    resources?.requests,
    ports?.filter((port) => port.hostPort),
    restartPolicy,
  ]);

type Volume = NonNullable<PodSpec['volumes']>[number];

/** Volumes that only so many pods, or pods of one node, may use. */
const inlineDisk = ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd, azureDisk, csi }: Volume): unknown =>
  gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd ?? azureDisk ?? csi;

/** The claims of a pod; a generic ephemeral volume has one named after pod and volume (KEP-1698). */
function claimsOf(podName: string, { volumes = [] }: PodSpec): readonly string[] {
  return volumes.flatMap(({ name, persistentVolumeClaim, ephemeral }) =>
    persistentVolumeClaim ? [persistentVolumeClaim.claimName] : ephemeral ? [`${podName}-${name}`] : [],
  );
}

function templateOf(pod: Pod, key: string, shape: Shape): Template {
  const { metadata, spec } = pod;
  const requests = amountsOf(podRequests(spec));
  const [cpu, memory] = [requests.get('cpu') ?? 0, requests.get('memory') ?? 0];
  const scored = amountsOf(podRequestsAtLeast(spec, floorOf(spec, requests)));
  return Object.freeze({
    key,
    shape,
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? {},
    spec,
    requests,
    cpu,
    memory,
    scoredCpu: scored.get('cpu') ?? 0,
    scoredMemory: scored.get('memory') ?? 0,
    hostPorts: hostPortsOf(spec),
    features: neededFeatures(spec),
    claims: claimsOf(metadata.name, spec),
  });
}

/** Where the pod speaks for all its containers (KEP-2837), only what nobody names has a floor. */
const floorOf = ({ resources }: PodSpec, requests: Amounts): Readonly<Record<string, string>> =>
  Object.keys(resources?.requests ?? {}).length === 0
    ? FLOOR
    : Object.fromEntries(Object.entries(FLOOR).filter(([name]) => !requests.has(name)));

export function amountsOf(list: Readonly<Record<string, string>>): Amounts {
  return new Map(
    Object.entries(list).map(([name, text]) => [name, name === 'cpu' ? quantityMilliValue(text) : quantityValue(text)]),
  );
}

function hostPortsOf(spec: PodSpec): readonly string[] {
  const ports: string[] = [];
  for (const container of [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always'),
  ]) {
    for (const { hostPort, hostIP, protocol } of container.ports ?? [])
      if (hostPort) ports.push(`${protocol ?? 'TCP'}/${hostIP || '0.0.0.0'}/${hostPort}`);
  }
  return ports;
}

/** Computes something of a template once, for as long as the template is in use. */
export function perTemplate<T>(compute: (template: Template) => T): (template: Template) => T {
  const known = new WeakMap<Template, { readonly value: T }>();
  return (template) => {
    let found = known.get(template);
    if (!found) known.set(template, (found = { value: compute(template) }));
    return found.value;
  };
}
