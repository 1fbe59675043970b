import type { Kind } from './kind.ts';
import type { ApiObject } from './meta.ts';

/** An object whose deletion was asked for goes with the last thing that held it: the write that took that off is its last. */
export function isFinished(object: ApiObject, kind: Kind<any>): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [] } = object.metadata;
  return (
    deletionTimestamp !== undefined &&
    (deletionGracePeriodSeconds ?? 0) === 0 &&
    finalizers.length === 0 &&
    !(kind.behaviour.holdsDeletion?.(object) ?? false)
  );
}
