import type { Pod } from '@navarch/api';
import type { Job } from './job-pods.ts';

type Rule = NonNullable<Job['spec']['podFailurePolicy']>['rules'][number];

/** What the job's pod failure policy (KEP-3329) says of a failed pod. */
export interface FailureVerdict {
  readonly action: Rule['action'] | undefined;
  /** Counts towards the limit of failures. */
  readonly counts: boolean;
  /** Why the whole job fails, where it does. */
  readonly failsJob?: string;
}

const PLAIN: FailureVerdict = { action: undefined, counts: true };

/** The first rule that matches decides; a failure that no rule knows counts. */
export function judgeFailure(owner: Job, failed: Pod): FailureVerdict {
  const rules = owner.spec.podFailurePolicy?.rules ?? [];
  for (const [index, rule] of rules.entries()) {
    const why = rule.onExitCodes ? exitCodeMatch(rule, failed) : conditionMatch(rule, failed);
    if (why === undefined) continue;
    const { action } = rule;
    const counts = action !== 'Ignore';
    return action === 'FailJob'
      ? { action, counts, failsJob: `${why} matching ${action} rule at index ${index}` }
      : { action, counts };
  }
  return PLAIN;
}

function exitCodeMatch({ onExitCodes }: Rule, { metadata, status }: Pod): string | undefined {
  const { containerName, operator } = onExitCodes ?? {};
  const values: readonly number[] = onExitCodes?.values ?? [];
  for (const { name, state } of [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]) {
    const code = state?.terminated?.exitCode ?? 0;
    if (code === 0 || (containerName !== undefined && containerName !== name)) continue;
    if (values.includes(code) === (operator === 'In'))
      return `Container ${name} for pod ${metadata.namespace}/${metadata.name} failed with exit code ${code}`;
  }
  return undefined;
}

function conditionMatch({ onPodConditions = [] }: Rule, { metadata, status }: Pod): string | undefined {
  for (const condition of status.conditions ?? []) {
    if (onPodConditions.some(({ type, status: wanted }) => type === condition.type && wanted === condition.status))
      return `Pod ${metadata.namespace}/${metadata.name} has condition ${condition.type}`;
  }
  return undefined;
}
