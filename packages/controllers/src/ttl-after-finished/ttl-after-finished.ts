import { job } from '@navarch/api';
import { exponential } from '@navarch/base';
import { hasReason, keyOf } from '@navarch/machinery';
import { type Controller, defineController, self } from '../controller.ts';
import { conditionOf, type Job } from '../job/job-pods.ts';
import { spread } from '../shared/measure.ts';

const DELETION = spread(
  'ttl_after_finished_controller_job_deletion_duration_seconds',
  '[ALPHA] The time it took to delete the job since it became eligible for deletion',
  exponential(0.1, 2, 14),
);

/** Deletes finished jobs, with their pods, when the time that they say has passed (KEP-592). */
export const ttlAfterFinishedController: Controller = defineController({
  name: 'ttl-after-finished-controller',
  queueName: 'ttl_jobs_to_delete',
  watches: [self(job, ({ current }) => current !== undefined && expiryOf(current) !== undefined)],
  async reconcile(key, { api, cache, clock, metrics }) {
    const known = cache.get(job, key);
    const expiry = known && expiryOf(known);
    if (expiry === undefined) return undefined;
    if (expiry > clock.now()) return { requeueAfterMs: expiry - clock.now() };
    try {
      // Somebody may have given it more time, which the cache does not show yet.
      const live = await api.of(job).get(key);
      const latest = expiryOf(live);
      if (latest === undefined) return undefined;
      if (latest > clock.now()) return { requeueAfterMs: latest - clock.now() };
      const { uid, resourceVersion } = live.metadata;
      await api
        .of(job)
        .delete(keyOf(live), { propagationPolicy: 'Foreground', preconditions: { uid, resourceVersion } });
      DELETION.observe(metrics, (clock.now() - latest) / 1000);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
    return undefined;
  },
});

/** In ms since the epoch; undefined for a job that stays. */
function expiryOf({ metadata, spec, status }: Job): number | undefined {
  const end = conditionOf(status, 'Complete') ?? conditionOf(status, 'Failed');
  if (!end?.lastTransitionTime || spec.ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp)
    return undefined;
  return Date.parse(end.lastTransitionTime) + spec.ttlSecondsAfterFinished * 1000;
}
