import type { Deployment, ReplicaSet } from '@navarch/api';
import { bounds, desiredOf } from './replica-counts.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
const HISTORY = 'deployment.kubernetes.io/revision-history';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAX = 'deployment.kubernetes.io/max-replicas';
/** A revision to go back to, by which the field of versions of old is kept. */
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to';

/** What is said of the deployment only, and is not copied to its replica sets. */
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  HISTORY,
  DESIRED,
  MAX,
  ROLLBACK_TO,
]);
/** Characters of the list of former revisions; the oldest go first. */
const HISTORY_LENGTH_MAX = 2000;

type Annotations = Readonly<Record<string, string>>;

/** 64 bits wide, as upstream's; 0 where it is absent or none. */
export const revisionOf = (object: { readonly metadata: { readonly annotations?: Annotations } }): bigint =>
  revisionIn(object.metadata.annotations?.[REVISION]);

const revisionIn = (text: string | undefined): bigint => (text !== undefined && /^\d+$/.test(text) ? BigInt(text) : 0n);

/** The numbers by which a later pass can tell that the deployment was scaled meanwhile. */
export const sizeAnnotations = (deployment: Deployment): Annotations => ({
  [DESIRED]: String(desiredOf(deployment)),
  [MAX]: String(desiredOf(deployment) + bounds(deployment).maxSurge),
});

export const desiredAnnotation = (set: ReplicaSet): number | undefined => numberIn(set, DESIRED);
export const maxAnnotation = (set: ReplicaSet): number | undefined => numberIn(set, MAX);

function numberIn(set: ReplicaSet, name: string): number | undefined {
  const text = set.metadata.annotations?.[name];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** Annotations of the replica set that is the deployment's newest, as of `revision`. */
export function newestAnnotations(deployment: Deployment, set: ReplicaSet | undefined, revision: bigint): Annotations {
  const before = set?.metadata.annotations ?? {};
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !NOT_COPIED.has(name));
  const after: Record<string, string> = { ...before, ...Object.fromEntries(copied) };
  const former = before[REVISION];
  if (revisionIn(former) < revision) {
    after[REVISION] = String(revision);
    if (former !== undefined) after[HISTORY] = trimmed(before[HISTORY] ? `${before[HISTORY]},${former}` : former);
  }
  return set ? after : { ...after, ...sizeAnnotations(deployment) };
}

function trimmed(history: string): string {
  let text = history;
  while (text.length > HISTORY_LENGTH_MAX && text.includes(',')) text = text.slice(text.indexOf(',') + 1);
  return text;
}

/** The deployment with what a replica set's annotations say in place of its own: as they were when that was the newest. */
export function withAnnotationsOf(deployment: Deployment, former: Annotations = {}): Deployment {
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => NOT_COPIED.has(name));
  const theirs = Object.entries(former).filter(([name]) => !NOT_COPIED.has(name));
  const annotations = Object.fromEntries([...own, ...theirs]);
  return { ...deployment, metadata: { ...deployment.metadata, annotations } };
}
