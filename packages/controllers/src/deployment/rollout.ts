import {
  type Deployment,
  type DeploymentCondition,
  type DeploymentStatus,
  deployment as deploymentKind,
  type PodTemplateSpec,
  type ReplicaSet,
  replicaSet,
} from '@navarch/api';
import {
  controllerReference,
  type Draft,
  equalJson,
  hasReason,
  isControlledBy,
  keyIn,
  keyOf,
} from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { withCondition } from '../shared/conditions.ts';
import { revisionHash } from '../shared/hash.ts';
import { isNamespaceTerminating, messageOf } from '../shared/pods.ts';
import { remove } from '../shared/remove.ts';
import { newestAnnotations, REVISION, revisionOf, sizeAnnotations } from './annotations.ts';
import { byAge, sizeOf } from './replica-counts.ts';
import { allOf, newestSize, type Scale, type Sets } from './rolling.ts';
import { condition, deadlineSeconds, progressOf } from './status.ts';

export const HASH_LABEL = 'pod-template-hash';

/** One pass over one deployment: what it found, what it has done so far, and what the status will say of it. */
export class Rollout {
  readonly deployment: Deployment;
  readonly context: Context;
  sets: Sets;
  #conditions: readonly DeploymentCondition[];
  #revision: string | undefined;
  #collisionCount: number | undefined;

  constructor(deployment: Deployment, sets: readonly ReplicaSet[], context: Context) {
    this.deployment = deployment;
    this.context = context;
    // Of several with an equal template (a controller of old made them) the oldest counts, as upstream has it.
    const newest = byAge(sets).find((set) => hasTemplate(set, deployment.spec.template));
    this.sets = { newest, old: sets.filter((set) => set !== newest) };
    this.#conditions = deployment.status.conditions ?? [];
    this.#revision = deployment.metadata.annotations?.[REVISION];
    this.#collisionCount = deployment.status.collisionCount;
  }

  get conditions(): readonly DeploymentCondition[] {
    return this.#conditions;
  }

  say(status: 'True' | 'False' | 'Unknown', reason: string, message: string): void {
    this.#conditions = withCondition(
      this.#conditions,
      condition('Progressing', status, reason, message, this.context.clock.now()),
    );
  }

  /** Brings the newest set's annotations up to date; makes the set where there is none and `mayCreate`. */
  async ensureNewest(mayCreate: boolean): Promise<void> {
    const {
      deployment,
      sets: { newest, old },
    } = this;
    const revision = old.map(revisionOf).reduce((most, one) => (one > most ? one : most), 0n) + 1n;
    if (!newest) {
      if (mayCreate) await this.#createNewest(revision);
      return;
    }
    const annotations = newestAnnotations(deployment, newest, revision);
    const { minReadySeconds } = deployment.spec;
    if (
      !equalJson(annotations, newest.metadata.annotations ?? {}) ||
      (minReadySeconds ?? 0) !== (newest.spec.minReadySeconds ?? 0)
    ) {
      await this.#change(newest, (current) => ({
        ...current,
        metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } },
        spec: { ...current.spec, minReadySeconds: minReadySeconds ?? 0 },
      }));
    }
    this.#revision = annotations[REVISION];
    if (deadlineSeconds(deployment) !== undefined && !progressOf(this.#conditions)) {
      this.say('True', 'FoundNewReplicaSet', `Found new replica set ${JSON.stringify(newest.metadata.name)}`);
    }
  }

  /** True when a size has changed. */
  async scale(scales: readonly Scale[]): Promise<boolean> {
    let hasChanged = false;
    for (const { set, replicas } of scales) hasChanged = (await this.#resize(set, replicas)) || hasChanged;
    return hasChanged;
  }

  /** Writes the status where it differs, and what belongs with it. */
  async report(status: DeploymentStatus): Promise<void> {
    const { deployment } = this;
    const next = { ...status, ...(this.#collisionCount === undefined ? {} : { collisionCount: this.#collisionCount }) };
    const revision = this.#revision;
    const isSame = equalJson(next, deployment.status) && revision === deployment.metadata.annotations?.[REVISION];
    if (isSame) return;
    await this.context.api.of(deploymentKind).update(
      keyOf(deployment),
      (current) => {
        if (current.metadata.uid !== deployment.metadata.uid) return current;
        const annotations = {
          ...current.metadata.annotations,
          ...(revision === undefined ? {} : { [REVISION]: revision }),
        };
        return { ...current, metadata: { ...current.metadata, annotations }, status: next };
      },
      { subresource: 'status' },
    );
  }

  /** Sets beyond the history limit go, the oldest revision first; none that still has pods or a change to see. */
  async cleanUp(): Promise<void> {
    const limit = this.deployment.spec.revisionHistoryLimit;
    if (limit === undefined || limit === 2 ** 31 - 1) return;
    const kept = this.sets.old.filter((set) => !set.metadata.deletionTimestamp);
    const excess = [...kept]
      .sort((a, b) => (revisionOf(a) < revisionOf(b) ? -1 : 1))
      .slice(0, Math.max(0, kept.length - limit));
    for (const set of excess) {
      const isInUse =
        set.status.replicas !== 0 ||
        sizeOf(set) !== 0 ||
        (set.metadata.generation ?? 0) > (set.status.observedGeneration ?? 0);
      if (isInUse) continue;
      await remove(replicaSet, set, this.context);
    }
  }

  async #createNewest(revision: bigint): Promise<void> {
    const { deployment, context } = this;
    const draft = this.#newest(revision);
    const name = (draft.metadata as { readonly name: string }).name;
    try {
      const created = await context.api.of(replicaSet).create(draft);
      this.sets = { ...this.sets, newest: created };
      if (sizeOf(created) > 0) this.#sayScaled(name, 0, sizeOf(created));
      if (deadlineSeconds(deployment) !== undefined)
        this.say('True', 'NewReplicaSetCreated', `Created new replica set ${JSON.stringify(name)}`);
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) await this.#resolveCollision(name, error);
      else {
        if (!isNamespaceTerminating(error)) await this.#sayCreateFailed(name, error);
        throw error;
      }
    }
    this.#revision = String(revision);
  }

  #newest(revision: bigint): Draft<ReplicaSet> {
    const { deployment, sets } = this;
    const { template, selector, minReadySeconds } = deployment.spec;
    const hash = revisionHash(template, deployment.status.collisionCount);
    const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
    return {
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace: deployment.metadata.namespace,
        labels,
        annotations: newestAnnotations(deployment, undefined, revision),
        ownerReferences: [controllerReference(deploymentKind, deployment)],
      },
      spec: {
        replicas: newestSize(deployment, allOf(sets), 0),
        ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
  }

  /** Ours from a pass whose answer was lost, or another template with the same hash: then the next pass takes another. */
  async #resolveCollision(name: string, cause: unknown): Promise<void> {
    const { deployment, context } = this;
    const existing = await context.api.of(replicaSet).get(keyIn(deployment.metadata.namespace, name));
    if (isControlledBy(existing, deployment) && hasTemplate(existing, deployment.spec.template)) {
      this.sets = { ...this.sets, newest: existing };
      return;
    }
    this.#collisionCount = (deployment.status.collisionCount ?? 0) + 1;
    await this.report(deployment.status);
    throw cause;
  }

  async #sayCreateFailed(name: string, error: unknown): Promise<void> {
    const message = `Failed to create new replica set ${JSON.stringify(name)}: ${messageOf(error)}`;
    this.context.events.record(this.deployment, { type: 'Warning', reason: 'ReplicaSetCreateError', message });
    if (deadlineSeconds(this.deployment) === undefined) return;
    this.say('False', 'ReplicaSetCreateError', message);
    await this.report({ ...this.deployment.status, conditions: this.#conditions });
  }

  async #resize(set: ReplicaSet, replicas: number): Promise<boolean> {
    const from = sizeOf(set);
    const wanted = sizeAnnotations(this.deployment);
    const isNoted = Object.entries(wanted).every(([name, value]) => set.metadata.annotations?.[name] === value);
    if (from === replicas && isNoted) return false;
    await this.#change(set, (current) => ({
      ...current,
      metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...wanted } },
      spec: { ...current.spec, replicas },
    }));
    if (from !== replicas) this.#sayScaled(set.metadata.name, from, replicas);
    return from !== replicas;
  }

  async #change(set: ReplicaSet, change: (current: ReplicaSet) => ReplicaSet): Promise<void> {
    const held = [this.sets.newest, ...this.sets.old].find((s) => s?.metadata.uid === set.metadata.uid) ?? set;
    // Insists on the version that was looked at: sizes follow from what the whole looked like.
    const changed = await this.context.api.of(replicaSet).replace(change(held));
    const swap = (other: ReplicaSet): ReplicaSet => (other.metadata.uid === changed.metadata.uid ? changed : other);
    this.sets = { newest: this.sets.newest && swap(this.sets.newest), old: this.sets.old.map(swap) };
  }

  #sayScaled(name: string, from: number, to: number): void {
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`;
    this.context.events.record(this.deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
  }
}

/** Equal but for the label that tells revisions apart. */
export function hasTemplate(set: ReplicaSet, template: PodTemplateSpec): boolean {
  const plain = ({ metadata, spec }: PodTemplateSpec): unknown => {
    const { [HASH_LABEL]: _, ...labels } = metadata.labels ?? {};
    return { spec, metadata: { ...metadata, labels } };
  };
  return set.spec.template !== undefined && equalJson(plain(set.spec.template), plain(template));
}
