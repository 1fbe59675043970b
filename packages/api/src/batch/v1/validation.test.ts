import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleError } from '../../checks/cron.ts';
import { created, kindOf, partRefusals, table, updateRefusals } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const spec = (fields: Json): Json => ({ spec: fields });
const JOB = 'batch/v1.Job';

test('jobs: counts, indexes, policies, templates', () => {
  const policy = (rule: Json): Json => spec({ podFailurePolicy: { rules: [rule] } });
  const codes = (fields: Json): Json => policy({ action: 'FailJob', onExitCodes: { operator: 'In', values: [1], ...fields } });
  const rule = 'spec.podFailurePolicy.rules[0]';
  table(JOB, [
    [spec({ parallelism: -1 }), 'spec.parallelism: Invalid value: -1: must be greater than or equal to 0'],
    [spec({ completionMode: 'X' }), 'spec.completionMode: Unsupported value: "X": supported values: "NonIndexed", "Indexed"'],
    [spec({ completionMode: 'Indexed', parallelism: 1 }), 'spec.completions: Required value: when completion mode is Indexed'],
    [spec({ completionMode: 'Indexed', completions: 1, maxFailedIndexes: 2, backoffLimitPerIndex: 1 }), 'spec.maxFailedIndexes: Invalid value: 2: must be less than or equal to completions'],
    [spec({ backoffLimitPerIndex: 1 }), 'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode'],
    [{ metadata: { name: 'x'.repeat(62) }, spec: { completionMode: 'Indexed', completions: 11 } },
      `metadata.name: Invalid value: "${'x'.repeat(62)}": will not able to create pod with invalid DNS label: ${'x'.repeat(62)}-10`],
    [spec({ managedBy: 'x' }), 'spec.managedBy: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")'],
    [spec({ template: { spec: { restartPolicy: 'Always' } } }), 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    [{ spec: { podFailurePolicy: { rules: [] }, template: { spec: { restartPolicy: 'OnFailure' } } } }, 'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified'],
    [policy({ action: 'Ignore' }), `${rule}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`],
    [policy({ action: 'FailIndex', onPodConditions: [{ type: 'A' }] }), `${rule}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`],
    [policy({ action: 'X', onPodConditions: [{ type: 'A', status: 'X' }] }), `${rule}.action: Unsupported value: "X": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
      `${rule}.onPodConditions[0].status: Unsupported value: "X": supported values: "False", "True", "Unknown"`],
    [codes({ containerName: 'y' }), `${rule}.onExitCodes.containerName: Invalid value: "y": must be one of the container or initContainer names in the pod template`],
    [codes({ values: [0] }), `${rule}.onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator`],
    [codes({ values: [2, 1] }), `${rule}.onExitCodes.values: Invalid value: [2,1]: must be ordered`],
    [spec({ successPolicy: { rules: [{}] } }), 'spec.successPolicy: Invalid value: {"rules":[{}]}: requires indexed completion mode',
      'spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified'],
    [spec({ manualSelector: true }), 'spec.selector: Required value', 'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`'],
    [spec({ template: { metadata: { labels: { 'job-name': 'other' } } } }), 'spec.template.metadata.labels[job-name]: Invalid value: {"batch.kubernetes.io/controller-uid":"uid","batch.kubernetes.io/job-name":"x","controller-uid":"uid","job-name":"other"}: must be \'x\''],
  ]);
});

test('jobs: what stays, and what a suspended one may still change', () => {
  assert.deepEqual(updateRefusals(JOB, spec({ completions: 5, backoffLimitPerIndex: null, completionMode: 'Indexed' })), [
    'spec.completions: Invalid value: 5: field is immutable', 'spec.completionMode: Invalid value: "Indexed": field is immutable',
  ]);
  const indexed = spec({ completionMode: 'Indexed', completions: 2, parallelism: 2 });
  assert.deepEqual(updateRefusals(JOB, spec({ completions: 3, parallelism: 3 }), indexed), []);
  const placed = spec({ template: { spec: { nodeSelector: { a: 'b' } } } });
  assert.match(updateRefusals(JOB, placed)[0] ?? '', /^spec\.template: Invalid value: \{.*\}: field is immutable$/);
  assert.deepEqual(updateRefusals(JOB, placed, spec({ suspend: true })), []);
});

test('jobs: a status does not take back an end', () => {
  const complete = { status: { conditions: [{ type: 'Complete', status: 'True' }], completionTime: '2026-11-21T12:00:00Z', startTime: '2026-11-21T11:00:00Z' } };
  assert.deepEqual(partRefusals(JOB, 'status', complete), []);
  assert.deepEqual(partRefusals(JOB, 'status', { status: { conditions: null } }, complete), [
    'status.completionTime: Invalid value: "2026-11-21T12:00:00Z": cannot set completionTime when there is no Complete=True condition',
    'status.conditions: Invalid value: null: cannot disable the terminal Complete=True condition',
  ]);
});

test('cron jobs: schedules, zones, names', () => {
  table('batch/v1.CronJob', [
    [spec({ schedule: '' }), 'spec.schedule: Required value'],
    [spec({ schedule: '* * *' }), 'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]'],
    [spec({ schedule: 'TZ=UTC * * * * *' }), 'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
    [spec({ timeZone: 'Local' }), 'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'],
    [spec({ timeZone: 'Mars/Olympus' }), 'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'],
    [spec({ timeZone: 'Europe/Berlin' })],
    [spec({ concurrencyPolicy: 'X' }), 'spec.concurrencyPolicy: Unsupported value: "X": supported values: "Allow", "Forbid", "Replace"'],
    [spec({ jobTemplate: { spec: { template: { spec: { restartPolicy: 'Always' } } } } }), 'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    [{ metadata: { name: 'x'.repeat(53) } }, `metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`],
  ]);
  assert.deepEqual(kindOf('batch/v1.CronJob').behaviour.warnings?.(created('batch/v1.CronJob', spec({ schedule: 'TZ=UTC * * * * *' })), undefined), [
    'spec.schedule: cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
  ]);
});

test('scheduleError() reads what cron reads', () => {
  for (const schedule of ['* * * * *', '*/5 0-12 1,15 jan-DEC sun', '0 0 ? * 5', '@hourly', '@every 1h30m', '1/10 * * * *']) assert.equal(scheduleError(schedule), undefined, schedule);
  const wrong: Readonly<Record<string, string>> = {
    '60 * * * *': 'end of range (60) above maximum (59): 60',
    '* * 0 * *': 'beginning of range (0) below minimum (1): 0',
    '5-1 * * * *': 'beginning of range (5) beyond end of range (1): 5-1',
    '*/0 * * * *': 'step of range should be a positive number: */0',
    'x * * * *': 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax',
    '1-2-3 * * * *': 'too many hyphens: 1-2-3',
    '1/2/3 * * * *': 'too many slashes: 1/2/3',
    '@never': 'unrecognized descriptor: @never',
  };
  for (const [schedule, expected] of Object.entries(wrong)) assert.equal(scheduleError(schedule), expected);
});
