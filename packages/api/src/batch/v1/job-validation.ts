import { compileLabelSelector, dnsLabelErrors, equalJson, type Field, qualifiedNameErrors } from '@navarch/machinery';
import { labelSelector } from '../../checks/selectors.ts';
import { shown } from '../../checks/shown.ts';
import {
  domainPrefixedPath,
  each,
  IMMUTABLE,
  named,
  notNegative,
  supportedValue,
  unchanged,
} from '../../checks/values.ts';
import { validatePodTemplate } from '../../core/v1/pod-validation.ts';
import type { Container } from '../../generated/types/core-v1.ts';
import type { Job, JobSpec, PodFailurePolicyRule } from '../../generated/types/batch-v1.ts';
import { countIndexes } from './index-intervals.ts';

const UID_LABEL = 'batch.kubernetes.io/controller-uid';
const NAME_LABEL = 'batch.kubernetes.io/job-name';
const INDEXES_MAX = 100_000;
const MANAGED_BY_MAX = 63;
const RULES_MAX = 20;
const CODES_MAX = 255;
const PATTERNS_MAX = 20;
const INDEXES_BYTES_MAX = 64 * 1024;

export function validateJob(job: Job, at: Field): void {
  const { spec } = job;
  const here = at.at('spec');
  if (!spec.manualSelector && spec.selector) validateGenerated(job, at);
  validateJobSpec(spec, here);
  if (!spec.selector) here.at('selector').required();
  else labelSelector(spec.selector, here.at('selector'));
  if (!compileLabelSelector(spec.selector).matches(spec.template.metadata.labels)) {
    here
      .at('template', 'metadata', 'labels')
      .invalid(spec.template.metadata.labels ?? null, '`selector` does not match template `labels`');
  }
  validateHostnames(job, at.at('metadata', 'name'));
}

/** Pods of an indexed job are called after it and their index; the last one has the longest name. */
function validateHostnames({ metadata, spec: { completionMode, completions = 0 } }: Job, at: Field): void {
  const name = metadata.name ?? '';
  if (completionMode !== 'Indexed' || completions <= 0) return;
  const longest = `${name}-${completions - 1}`;
  if (dnsLabelErrors(longest).length > 0)
    at.invalid(name, `will not able to create pod with invalid DNS label: ${longest}`);
}

/** Labels that the server chose and the client must not have chosen otherwise. */
function validateGenerated({ metadata, spec }: Job, at: Field): void {
  const labelsAt = at.at('spec', 'template', 'metadata', 'labels');
  const { labels = {} } = spec.template.metadata;
  const { uid, name = '' } = metadata as { readonly uid: string; readonly name?: string };
  const expected = [
    ['controller-uid', uid],
    ['job-name', name],
    [UID_LABEL, uid],
    [NAME_LABEL, name],
  ] as const;
  for (const [key, value] of expected) {
    if (labels[key] === undefined) labelsAt.key(key).required(`must be '${value}'`);
    else if (labels[key] !== value) labelsAt.key(key).invalid(labels, `must be '${value}'`);
  }
  const ours = Object.fromEntries(expected);
  if (spec.selector && !compileLabelSelector(spec.selector).matches(ours))
    at.at('spec', 'selector').invalid(spec.selector, '`selector` not auto-generated');
}

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/** The spec of a job or of a cron job's template. */
export function validateJobSpec(spec: JobSpec, at: Field): void {
  for (const name of COUNTS) notNegative(spec[name], at.at(name));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    at.at('backoffLimitPerIndex').required('when maxFailedIndexes is specified');
  }
  if (spec.managedBy !== undefined) {
    domainPrefixedPath(spec.managedBy, at.at('managedBy'));
    if (spec.managedBy.length > MANAGED_BY_MAX) at.at('managedBy').tooLong(MANAGED_BY_MAX);
  }
  validateIndexes(spec, at);
  validateFailurePolicy(spec, at.at('podFailurePolicy'));
  validateSuccessPolicy(spec, at.at('successPolicy'));
  const { podReplacementPolicy: replacement } = spec;
  if (replacement !== undefined) {
    const supported = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
    if (!supported.includes(replacement)) at.at('podReplacementPolicy').notSupported(replacement, supported);
  }
  validatePodTemplate(spec.template, at.at('template'));
  const { restartPolicy } = spec.template.spec;
  const restartAt = at.at('template', 'spec', 'restartPolicy');
  // Always is what it defaults to, so saying nothing is no better.
  if (!restartPolicy || restartPolicy === 'Always') restartAt.required('valid values: "OnFailure", "Never"');
  else if (restartPolicy !== 'OnFailure' && restartPolicy !== 'Never')
    restartAt.notSupported(restartPolicy, ['OnFailure', 'Never']);
  else if (spec.podFailurePolicy && restartPolicy !== 'Never')
    restartAt.invalid(restartPolicy, 'only "Never" is supported when podFailurePolicy is specified');
}

function validateIndexes(spec: JobSpec, at: Field): void {
  const { completionMode, completions, parallelism = 0, maxFailedIndexes: failures, backoffLimitPerIndex } = spec;
  if (completionMode !== undefined && completionMode !== 'Indexed' && completionMode !== 'NonIndexed') {
    at.at('completionMode').notSupported(completionMode, ['NonIndexed', 'Indexed']);
  }
  if (completionMode !== 'Indexed') {
    if (completionMode !== undefined && completionMode !== 'NonIndexed') return;
    if (backoffLimitPerIndex !== undefined)
      at.at('backoffLimitPerIndex').invalid(backoffLimitPerIndex, 'requires indexed completion mode');
    if (failures !== undefined) at.at('maxFailedIndexes').invalid(failures, 'requires indexed completion mode');
    return;
  }
  if (completions === undefined) at.at('completions').required('when completion mode is Indexed');
  if (parallelism > INDEXES_MAX)
    at.at('parallelism').invalid(
      parallelism,
      `must be less than or equal to ${INDEXES_MAX} when completion mode is Indexed`,
    );
  if (completions !== undefined && failures !== undefined && failures > completions)
    at.at('maxFailedIndexes').invalid(failures, 'must be less than or equal to completions');
  if (failures !== undefined && failures > INDEXES_MAX)
    at.at('maxFailedIndexes').invalid(failures, `must be less than or equal to ${INDEXES_MAX}`);
  if (completions !== undefined && completions > INDEXES_MAX && backoffLimitPerIndex !== undefined) {
    if (failures === undefined)
      at.at('maxFailedIndexes').required(`must be specified when completions is above ${INDEXES_MAX}`);
    if (parallelism > 10_000)
      at.at('parallelism').invalid(
        parallelism,
        `must be less than or equal to 10000 when completions are above ${INDEXES_MAX} and used with backoff limit per index`,
      );
    if (failures !== undefined && failures > 10_000)
      at.at('maxFailedIndexes').invalid(
        failures,
        `must be less than or equal to 10000 when completions are above ${INDEXES_MAX} and used with backoff limit per index`,
      );
  }
}

function validateFailurePolicy(spec: JobSpec, at: Field): void {
  if (!spec.podFailurePolicy) return;
  const { rules } = spec.podFailurePolicy;
  const names = new Set(
    [...spec.template.spec.containers, ...(spec.template.spec.initContainers ?? [])].map((container) => container.name),
  );
  if (rules.length > RULES_MAX) at.at('rules').tooMany(rules.length, RULES_MAX);
  each(rules, at.at('rules'), (rule, here) => validateFailureRule(rule, spec, names, here));
}

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

function validateFailureRule(rule: PodFailurePolicyRule, spec: JobSpec, names: ReadonlySet<string>, at: Field): void {
  const { action, onExitCodes: codes, onPodConditions: conditions } = rule;
  if (!action) at.at('action').required(`valid values: [${ACTIONS.map((word) => JSON.stringify(word)).join(' ')}]`);
  else if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    at.at('action').invalid(action, 'requires the backoffLimitPerIndex to be set');
  else if (!ACTIONS.includes(action)) at.at('action').notSupported(action, ACTIONS);
  if (codes) {
    const here = at.at('onExitCodes');
    if (!codes.operator) here.at('operator').required('valid values: ["In" "NotIn"]');
    else supportedValue(codes.operator, ['In', 'NotIn'], here.at('operator'));
    if (codes.containerName !== undefined && !names.has(codes.containerName)) {
      here
        .at('containerName')
        .invalid(codes.containerName, 'must be one of the container or initContainer names in the pod template');
    }
    validateCodes(codes.operator, codes.values, here.at('values'));
  }
  const patterns = conditions ?? [];
  if (patterns.length > PATTERNS_MAX) at.at('onPodConditions').tooMany(patterns.length, PATTERNS_MAX);
  each(patterns, at.at('onPodConditions'), ({ type, status }, here) => {
    named(type, qualifiedNameErrors, here.at('type'));
    if (!status) here.at('status').required('valid values: ["False" "True" "Unknown"]');
    else supportedValue(status, ['False', 'True', 'Unknown'], here.at('status'));
  });
  if (codes && patterns.length > 0)
    at.invalidOmitted('specifying both OnExitCodes and OnPodConditions is not supported');
  if (!codes && patterns.length === 0)
    at.invalidOmitted('specifying one of OnExitCodes and OnPodConditions is required');
}

function validateCodes(operator: string, values: readonly number[], at: Field): void {
  if (values.length === 0) at.invalid(values, 'at least one value is required');
  if (values.length > CODES_MAX) at.tooMany(values.length, CODES_MAX);
  const seen = new Set<number>();
  each(values, at, (value, here) => {
    if (operator === 'In' && value === 0) here.invalid(value, 'must not be 0 for the In operator');
    if (seen.has(value)) here.duplicate(value);
    seen.add(value);
  });
  if (values.some((value, i) => i > 0 && (values[i - 1] as number) > value)) at.invalid(values, 'must be ordered');
}

function validateSuccessPolicy(spec: JobSpec, at: Field): void {
  if (!spec.successPolicy) return;
  const { rules } = spec.successPolicy;
  if (spec.completionMode !== 'Indexed')
    return at.invalid(shown('batch.v1.SuccessPolicy', spec.successPolicy), 'requires indexed completion mode');
  if (rules.length === 0)
    at.at('rules').required('at least one rules must be specified when the successPolicy is specified');
  if (rules.length > RULES_MAX) at.at('rules').tooMany(rules.length, RULES_MAX);
  each(rules, at.at('rules'), ({ succeededCount: count, succeededIndexes: indexes }, here) => {
    if (count === undefined && indexes === undefined)
      here.required('at least one of succeededCount or succeededIndexes must be specified');
    const total =
      indexes === undefined
        ? undefined
        : validateSucceeded(indexes, spec.completions ?? 0, here.at('succeededIndexes'));
    if (count === undefined) return;
    const countAt = here.at('succeededCount');
    notNegative(count, countAt);
    if (spec.completions !== undefined && count > spec.completions)
      countAt.invalid(count, `must be less than or equal to ${spec.completions} (the number of specified completions)`);
    if (total !== undefined && count > total)
      countAt.invalid(
        count,
        `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
      );
  });
}

/** How many indexes are named; none where they cannot be read. */
function validateSucceeded(indexes: string, completions: number, at: Field): number {
  if (indexes.length > INDEXES_BYTES_MAX) at.tooLong(INDEXES_BYTES_MAX);
  const total = countIndexes(indexes, completions);
  if (typeof total === 'number') return total;
  at.invalid(indexes, `error parsing succeededIndexes: ${total}`);
  return 0;
}

/** While a job is suspended and none of its pods runs, a queue may say where they go and what they get (KEP-2926, KEP-5440). */
export function validateJobUpdate(next: Job, previous: Job, at: Field): void {
  const spec = at.at('spec');
  validateCompletions(next.spec, previous.spec, spec.at('completions'));
  unchanged(next.spec.selector, previous.spec.selector, spec.at('selector'));
  const { startTime, active = 0, conditions = [] } = previous.status;
  const isAtRest =
    startTime === undefined || conditions.some(({ type, status }) => type === 'Suspended' && status === 'True');
  const isOpen = previous.spec.suspend === true && active === 0 && isAtRest;
  if (!equalJson(templatePart(next.spec, isOpen), templatePart(previous.spec, isOpen)))
    spec.at('template').invalid(shown('core.v1.PodTemplateSpec', next.spec.template), IMMUTABLE);
  for (const name of ['completionMode', 'backoffLimitPerIndex', 'managedBy'] as const)
    unchanged(next.spec[name], previous.spec[name], spec.at(name));
  for (const [name, type] of [
    ['podFailurePolicy', 'batch.v1.PodFailurePolicy'],
    ['successPolicy', 'batch.v1.SuccessPolicy'],
  ] as const) {
    if (!equalJson(next.spec[name], previous.spec[name]))
      spec.at(name).invalid(shown(type, next.spec[name]), IMMUTABLE);
  }
}

/** An indexed job may be given more or fewer indexes, where it runs all of them at once (KEP-3715). */
function validateCompletions(
  { completionMode, completions, parallelism }: JobSpec,
  previous: JobSpec,
  at: Field,
): void {
  if (completionMode !== 'Indexed') return unchanged(completions, previous.completions, at);
  if (completions === undefined || completions === previous.completions) return;
  if (completions !== parallelism) at.invalid(completions, 'can only be modified in tandem with spec.parallelism');
}

function templatePart({ template }: JobSpec, isOpen: boolean): unknown {
  if (!isOpen) return template;
  const { nodeSelector: _a, tolerations: _b, schedulingGates: _c, affinity, ...rest } = template.spec;
  const { labels: _l, annotations: _n, ...metadata } = template.metadata;
  // What containers are to get may be said anew as well (KEP-5440).
  const sized = (containers: readonly Container[] | undefined): readonly object[] | undefined =>
    containers?.map(({ resources: _r, ...container }) => container);
  return {
    metadata,
    spec: {
      ...rest,
      containers: sized(rest.containers),
      initContainers: sized(rest.initContainers),
      affinity: { ...affinity, nodeAffinity: undefined },
    },
  };
}
