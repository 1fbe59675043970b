import type { ApiObject, Kind } from '@navarch/machinery';

/** An object whose deletion was asked for goes with the last thing that held it. */
export function isFinished(object: ApiObject, kind: Kind<any>): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [] } = object.metadata;
  return (
    deletionTimestamp !== undefined &&
    (deletionGracePeriodSeconds ?? 0) === 0 &&
    finalizers.length === 0 &&
    !(kind.behaviour.holdsDeletion?.(object) ?? false)
  );
}
