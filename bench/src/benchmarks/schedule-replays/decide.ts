import type { Node, Pod } from '@navarch/api';
import { invariant, seededRandom } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { keyOf } from '@navarch/machinery';
import { CandidateMemory, defaultProfile, errandsOf, Memory, place, preempt, Snapshot } from '@navarch/scheduler';
import { FixedObjects } from './fixed-objects.ts';
import type { Body, Pods, Replay } from './replay.ts';

/** How many pods a second the scheduler's decision alone places: without API server, queue, binding, and what goes on meanwhile. */
export function decide({ nodes, objects, before, measured }: Replay): number {
  const earlier = before.filter(({ stayPending }) => !stayPending).flatMap((pods) => withClaims(allOf(pods), objects));
  const later = withClaims(allOf(measured), objects);
  const claims = [...earlier, ...later].flatMap(({ claims }) => claims);
  const cluster = new Decided(nodes, new FixedObjects([...objects.map(settled), ...claims]));
  for (const { pod } of earlier) cluster.put(pod);
  const pods = later.map(({ pod }) => pod);
  const began = performance.now();
  for (const pod of pods) cluster.put(pod);
  return (pods.length * 1000) / (performance.now() - began);
}

/** As controllers leave it: a claim that names its volume is bound. */
const settled = (object: Body): Body =>
  object.kind === 'PersistentVolumeClaim'
    ? {
        ...object,
        metadata: { ...object.metadata, annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
        status: { phase: 'Bound' },
      }
    : object;

/** As they come from the server: each a value of its own. */
const allOf = ({ count, body }: Pods): readonly Pod[] =>
  Array.from({ length: count }, (_, i) => {
    const pod = JSON.parse(JSON.stringify(body(i))) as Pod;
    const metadata = { ...pod.metadata, uid: keyOf(pod) };
    return { ...pod, metadata, status: { phase: 'Pending' } } as Pod;
  });

interface Claiming {
  readonly pod: Pod;
  readonly claims: readonly Body[];
}

/** As a controller leaves them: a pod that names templates of claims has a claim of each, and says so. */
function withClaims(pods: readonly Pod[], objects: readonly Body[]): readonly Claiming[] {
  const templates = new Map(
    objects.filter(({ kind }) => kind === 'ResourceClaimTemplate').map((body) => [body.metadata.name, body]),
  );
  return pods.map((pod) => {
    const { name, namespace = '', uid } = pod.metadata;
    const claims: Body[] = [];
    const resourceClaimStatuses = (pod.spec.resourceClaims ?? []).map((entry) => {
      const template = templates.get(entry.resourceClaimTemplateName ?? '');
      invariant(template, `pod ${name} names a template that is there`);
      const resourceClaimName = `${name}-${entry.name}`;
      const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true }];
      claims.push({
        apiVersion: template.apiVersion,
        kind: 'ResourceClaim',
        metadata: { name: resourceClaimName, namespace, uid: `${uid}-${entry.name}`, ownerReferences },
        spec: (template['spec'] as { readonly spec: object }).spec,
        status: {},
      });
      return { name: entry.name, resourceClaimName };
    });
    return claims.length === 0
      ? { pod, claims }
      : { pod: { ...pod, status: { ...pod.status, resourceClaimStatuses } }, claims };
  });
}

class Decided {
  readonly #snapshot: Snapshot;
  readonly #random = seededRandom(1);
  readonly #memory = new Memory();
  readonly #candidates = new CandidateMemory();
  #start = 0;

  constructor(nodes: readonly Body[], objects: CacheReader) {
    this.#snapshot = new Snapshot(objects);
    // Nothing of them changes from here on, and the scheduler is told where it does.
    this.#snapshot.storage.follow();
    for (const node of nodes) this.#snapshot.setNode(JSON.parse(JSON.stringify(node)) as Node);
  }

  /** Others go at once where they have to. Throws where the pod fits nowhere all the same: no workload is meant to. */
  put(pod: Pod): void {
    const snapshot = this.#snapshot;
    const search = { random: this.#random, start: this.#start, memory: this.#memory };
    const found = place(pod, snapshot, defaultProfile, search);
    this.#start = (this.#start + found.looked) % snapshot.nodes.length;
    if (found.node !== undefined) return this.#place(pod, found.node);
    const room = preempt({
      pod,
      unfit: found,
      snapshot,
      profile: defaultProfile,
      random: this.#random,
      budgets: [],
      memory: this.#candidates,
    });
    invariant(room.node !== undefined, `pod ${keyOf(pod)} fits somewhere`);
    for (const victim of room.victims) snapshot.unplace(victim);
    const nominated = { ...pod, status: { ...pod.status, nominatedNodeName: room.node } };
    const again = place(nominated, snapshot, defaultProfile, { ...search, start: this.#start });
    invariant(again.node !== undefined, `pod ${keyOf(pod)} fits where others have gone`);
    this.#place(pod, again.node);
  }

  /** What the pod claims is given to nobody else from now on. */
  #place(pod: Pod, node: string): void {
    this.#snapshot.place(pod, node);
    if (!pod.spec.resourceClaims?.length) return;
    for (const errand of errandsOf(pod, this.#snapshot.node(node), defaultProfile, this.#snapshot)) errand.reserve?.();
  }
}
