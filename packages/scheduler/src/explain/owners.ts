import {
  daemonSet,
  deployment,
  isTerminal,
  job,
  type Pod,
  pod as podKind,
  replicaSet,
  replicationController,
  statefulSet,
} from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { type ApiObject, isControlledBy, type Kind } from '@navarch/machinery';

export interface Workload {
  readonly kind: Kind<any>;
  /** Its pods are not made anew when its template changes, as long as they are there. */
  readonly leavesPods?: boolean;
  /** Its template cannot be changed. */
  readonly isFixed?: boolean;
}

/** What pods are made by. */
export const workloads: readonly Workload[] = [
  { kind: deployment },
  { kind: daemonSet },
  { kind: statefulSet, leavesPods: true },
  { kind: replicaSet, leavesPods: true },
  { kind: replicationController, leavesPods: true },
  { kind: job, isFixed: true },
];

export interface Templated extends ApiObject {
  readonly spec: {
    readonly replicas?: number;
    readonly parallelism?: number;
    readonly suspend?: boolean;
    readonly paused?: boolean;
    readonly template: {
      readonly spec: Pod['spec'];
      readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
    };
  };
  readonly status?: {
    readonly desiredNumberScheduled?: number;
    readonly succeeded?: number;
  };
}

/** Who makes the pods of a workload: itself, or the replica sets of a deployment, the newest first. */
export function makersOf(object: Templated, { kind }: Workload, objects: CacheReader): readonly ApiObject[] {
  if (kind !== (deployment as Kind<any>)) return [object];
  return objects
    .list(replicaSet, object.metadata.namespace)
    .filter((set) => isControlledBy(set, object))
    .sort((a, b) => ((a.metadata.creationTimestamp ?? '') > (b.metadata.creationTimestamp ?? '') ? -1 : 1));
}

export const podsOf = (makers: readonly ApiObject[], objects: CacheReader): readonly Pod[] => {
  const [first] = makers;
  const pods = first ? objects.list(podKind, first.metadata.namespace) : [];
  return pods.filter((pod) => !isTerminal(pod) && makers.some((maker) => isControlledBy(pod, maker)));
};

/** How many pods there should be now. */
export function wantedPods({ spec, status }: Templated): number {
  if (spec.suspend) return 0;
  if (status?.desiredNumberScheduled !== undefined) return status.desiredNumberScheduled;
  return spec.replicas ?? spec.parallelism ?? 1;
}
