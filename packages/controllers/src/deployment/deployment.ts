import { deployment, type Deployment, isTerminal, pod, type ReplicaSet, replicaSet } from '@navarch/api';
import { byController } from '@navarch/client';
import { compileLabelSelector } from '@navarch/machinery';
import {
  type Controller,
  controllerKey,
  defineController,
  NOBODY,
  type Outcome,
  owned,
  self,
  type Watch,
} from '../controller.ts';
import { claim } from '../shared/claim.ts';
import { desiredOf, sizeOf } from './replica-counts.ts';
import { allOf, scaleAll, scaleNewest, scaleOld, wasScaled } from './rolling.ts';
import { rollBack, rollbackOf } from './roll-back.ts';
import { Rollout } from './rollout.ts';
import { deadlineLeftMs, deadlineSeconds, isComplete, progressOf, rolloutStatus, statusOf } from './status.ts';

/** Recreate waits for the last old pod to go; other strategies do not look at pods at all. */
const podsGone: Watch = {
  kind: pod,
  keys({ current, previous }, cache) {
    const gone = current ? (isTerminal(current) ? current : undefined) : previous;
    const setKey = gone && controllerKey(gone, replicaSet);
    const set = setKey && cache.get(replicaSet, setKey);
    const key = set && controllerKey(set, deployment);
    const isAwaited = key !== undefined && cache.get(deployment, key)?.spec.strategy.type === 'Recreate';
    return isAwaited ? [key] : NOBODY;
  },
};

export const deploymentController: Controller = defineController({
  name: 'deployment-controller',
  queueName: 'deployment',
  watches: [
    self(deployment),
    owned<ReplicaSet, Deployment>({
      dependent: replicaSet,
      owner: deployment,
      adopts: (owner, orphan) => compileLabelSelector(owner.spec.selector).matches(orphan.metadata.labels),
    }),
    podsGone,
  ],

  async reconcile(key, context) {
    const found = context.cache.get(deployment, key);
    if (!found) return undefined;
    const selector = compileLabelSelector(found.spec.selector);
    if (selector.requirements.length === 0) {
      context.events.record(found, {
        type: 'Warning',
        reason: 'SelectingAll',
        message: 'This deployment is selecting all pods. A non-empty selector is required.',
      });
      return undefined;
    }
    const sets = await claim({ kind: replicaSet, owner: found, ownerKind: deployment, selector }, context);
    const rollout = new Rollout(found, sets, context);
    if (found.metadata.deletionTimestamp) {
      await rollout.report(statusOf(found, rollout.sets, rollout.conditions, context.clock.now()));
      return undefined;
    }
    sayPaused(rollout);
    const revision = found.spec.paused ? undefined : rollbackOf(found);
    if (revision !== undefined) {
      await rollBack(rollout, revision);
      return undefined;
    }
    if (found.spec.paused || wasScaled(found, rollout.sets)) return resize(rollout);
    return found.spec.strategy.type === 'Recreate' ? recreate(rollout) : roll(rollout);
  },
});

/** A pause stops the clock of the deadline; going on starts it anew. */
function sayPaused(rollout: Rollout): void {
  const { spec } = rollout.deployment;
  if (deadlineSeconds(rollout.deployment) === undefined) return;
  const reason = progressOf(rollout.conditions)?.reason;
  if (reason === 'ProgressDeadlineExceeded') return;
  if (spec.paused && reason !== 'DeploymentPaused') rollout.say('Unknown', 'DeploymentPaused', 'Deployment is paused');
  if (!spec.paused && reason === 'DeploymentPaused')
    rollout.say('Unknown', 'DeploymentResumed', 'Deployment is resumed');
}

/** Paused, or scaled in the middle of a rollout: nothing new is begun. */
async function resize(rollout: Rollout): Promise<Outcome> {
  const { deployment: found, context } = rollout;
  await rollout.ensureNewest(false);
  await rollout.scale(scaleAll(found, rollout.sets));
  // Also the sets whose size stays must know the new numbers, or the next pass would scale again.
  await rollout.scale(
    allOf(rollout.sets)
      .filter((set) => sizeOf(set) > 0)
      .map((set) => ({ set, replicas: sizeOf(set) })),
  );
  if (found.spec.paused) await rollout.cleanUp();
  await rollout.report(statusOf(found, rollout.sets, rollout.conditions, context.clock.now()));
  return undefined;
}

async function roll(rollout: Rollout): Promise<Outcome> {
  const { deployment: found } = rollout;
  await rollout.ensureNewest(true);
  const up = scaleNewest(found, rollout.sets);
  if (up && (await rollout.scale([up]))) return progress(rollout);
  if (await rollout.scale(scaleOld(found, rollout.sets))) return progress(rollout);
  if (isComplete(found, found.status)) await rollout.cleanUp();
  return progress(rollout);
}

async function recreate(rollout: Rollout): Promise<Outcome> {
  const { deployment: found, context } = rollout;
  await rollout.ensureNewest(false);
  const running = rollout.sets.old.filter((set) => sizeOf(set) > 0);
  if (await rollout.scale(running.map((set) => ({ set, replicas: 0 })))) return progress(rollout);
  const isOldUp = rollout.sets.old.some((set) =>
    context.cache.find(pod, byController, set.metadata.uid).some((p) => !isTerminal(p)),
  );
  if (isOldUp) return progress(rollout);
  if (!rollout.sets.newest) await rollout.ensureNewest(true);
  const { newest } = rollout.sets;
  if (newest && sizeOf(newest) !== desiredOf(found)) await rollout.scale([{ set: newest, replicas: desiredOf(found) }]);
  if (isComplete(found, found.status)) await rollout.cleanUp();
  return progress(rollout);
}

/** Writes how far it is, and comes back when the deadline will have passed. */
async function progress(rollout: Rollout): Promise<Outcome> {
  const { deployment: found, context } = rollout;
  const status = rolloutStatus(found, rollout.sets, rollout.conditions, context.clock.now());
  await rollout.report(status);
  const left = isComplete(found, status) ? undefined : deadlineLeftMs(found, status, context.clock.now());
  return left === undefined || left < 0 ? undefined : { requeueAfterMs: left + 1000 };
}
