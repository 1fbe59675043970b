import { job, type Pod, pod } from '@navarch/api';
import { defineIndex } from '@navarch/client';
import { controllerOf, hasReason, keyIn, keyOf } from '@navarch/machinery';
import { type Context, type Controller, controllerKey, defineController, self } from '../controller.ts';
import { untrack } from './accounting.ts';
import { countTracked } from './measures.ts';
import { isFinished, isTracked } from './job-pods.ts';

/** Tracked pods by the key of the job that manages them. */
const trackedByJob = defineIndex((object) => {
  const key = controllerKey(object, job);
  return key !== undefined && isTracked(object as Pod) ? [key] : [];
});

/** Lets pods go that no job will count: of jobs that are gone or over, and those that were taken from theirs. */
export const trackingFinalizersController: Controller = defineController({
  name: 'job-tracking-finalizers',
  queueName: 'job_orphan_pod',
  partOf: 'job-controller',
  eventSource: 'job-controller',
  watches: [
    { ...self(pod, ({ current }) => current !== undefined && isTracked(current)), count: countTracked },
    {
      kind: job,
      keys({ current, previous }, cache) {
        const gone = current === undefined || isFinished(current) ? (current ?? previous) : undefined;
        return gone ? cache.find(pod, trackedByJob, keyOf(gone)).map(keyOf) : [];
      },
    },
  ],
  async reconcile(key, context) {
    const tracked = context.cache.get(pod, key);
    if (!tracked || !isTracked(tracked)) return undefined;
    if (!(await isCountedBySome(tracked, context))) await untrack(tracked, context);
    return undefined;
  },
});

/** Asks the server where the cache knows no job: the cache may know the pod before the job. */
async function isCountedBySome(tracked: Pod, { api, cache }: Context): Promise<boolean> {
  const reference = controllerOf(tracked);
  if (!reference || controllerKey(tracked, job) === undefined) return false;
  const key = keyIn(tracked.metadata.namespace, reference.name);
  const known = cache.get(job, key);
  if (known?.metadata.uid === reference.uid) return !isFinished(known);
  try {
    const live = await api.of(job).get(key);
    return live.metadata.uid === reference.uid && !isFinished(live);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}
