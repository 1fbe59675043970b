import { type Deployment, deployment as deploymentKind, type ReplicaSet } from '@navarch/api';
import { revisionOf, ROLLBACK_TO, withAnnotationsOf } from './annotations.ts';
import { allOf } from './rolling.ts';
import { hasTemplate, HASH_LABEL, type Rollout } from './rollout.ts';

/** The revision that an annotation asks to go back to, 0 for the one before; undefined where it asks for none. */
export function rollbackOf({ metadata }: Deployment): bigint | undefined {
  const text = metadata.annotations?.[ROLLBACK_TO] ?? '';
  return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}

/** Gives the deployment the template of a former revision, as versions of old could ask for, and takes the wish off. */
export async function rollBack(rollout: Rollout, wanted: bigint): Promise<void> {
  await rollout.ensureNewest(true);
  const { name } = rollout.deployment.metadata;
  const all = allOf(rollout.sets);
  const revision = wanted === 0n ? revisionBefore(all) : wanted;
  const target = revision === undefined ? undefined : all.find((set) => revisionOf(set) === revision);
  if (!target) {
    const message =
      revision === undefined ? 'Unable to find last revision.' : 'Unable to find the revision to rollback to.';
    warn(rollout, 'DeploymentRollbackRevisionNotFound', message);
    return change(rollout, (current) => current);
  }
  if (hasTemplate(target, rollout.deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment ${JSON.stringify(name)}`;
    warn(rollout, 'DeploymentRollbackTemplateUnchanged', message);
    return change(rollout, (current) => current);
  }
  await change(rollout, (current) => withTemplateOf(current, target));
  rollout.context.events.record(rollout.deployment, {
    type: 'Normal',
    reason: 'DeploymentRollback',
    message: `Rolled back deployment ${JSON.stringify(name)} to revision ${revision}`,
  });
}

/** The second highest; undefined where there is one only. */
function revisionBefore(sets: readonly ReplicaSet[]): bigint | undefined {
  const revisions = sets.map(revisionOf).sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  return revisions[1] === 0n ? undefined : revisions[1];
}

function withTemplateOf(current: Deployment, { metadata, spec }: ReplicaSet): Deployment {
  const { [HASH_LABEL]: _, ...labels } = spec.template?.metadata?.labels ?? {};
  const template = { ...spec.template, metadata: { ...spec.template?.metadata, labels } };
  return {
    ...withAnnotationsOf(current, metadata.annotations),
    spec: { ...current.spec, template: template as Deployment['spec']['template'] },
  };
}

/** Insists on the deployment that was looked at: a template that somebody wrote meanwhile stays. */
async function change({ deployment, context }: Rollout, next: (current: Deployment) => Deployment): Promise<void> {
  const { [ROLLBACK_TO]: _, ...annotations } = deployment.metadata.annotations ?? {};
  const cleared = { ...deployment, metadata: { ...deployment.metadata, annotations } };
  await context.api.of(deploymentKind).replace(next(cleared));
}

function warn({ deployment, context }: Rollout, reason: string, message: string): void {
  context.events.record(deployment, { type: 'Warning', reason, message });
}
