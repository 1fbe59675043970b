import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Field } from '@navarch/machinery';
import { scheduleError } from '../../checks/cron.ts';
import type { Job } from '../../generated/types/batch-v1.ts';
import { created, kindOf, partRefusals, table, updateRefusals } from '../../testing/check.ts';
import { validateJobUpdate } from './job-validation.ts';

type Json = Readonly<Record<string, unknown>>;
const spec = (fields: Json): Json => ({ spec: fields });
const JOB = 'batch/v1.Job';

test('jobs: counts, indexes, policies, templates', () => {
  const policy = (rule: Json): Json => spec({ podFailurePolicy: { rules: [rule] } });
  const codes = (fields: Json): Json =>
    policy({ action: 'FailJob', onExitCodes: { operator: 'In', values: [1], ...fields } });
  const rule = 'spec.podFailurePolicy.rules[0]';
  const indexed = (rules: readonly Json[]): Json =>
    spec({ completionMode: 'Indexed', completions: 5, parallelism: 1, successPolicy: { rules } });
  table(JOB, [
    [spec({ parallelism: -1 }), 'spec.parallelism: Invalid value: -1: must be greater than or equal to 0'],
    [
      spec({ completionMode: 'X' }),
      'spec.completionMode: Unsupported value: "X": supported values: "NonIndexed", "Indexed"',
    ],
    [
      spec({ completionMode: 'Indexed', parallelism: 1 }),
      'spec.completions: Required value: when completion mode is Indexed',
    ],
    [
      spec({ completionMode: 'Indexed', completions: 1, maxFailedIndexes: 2, backoffLimitPerIndex: 1 }),
      'spec.maxFailedIndexes: Invalid value: 2: must be less than or equal to completions',
    ],
    [
      spec({ backoffLimitPerIndex: 1 }),
      'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
    ],
    [
      { metadata: { name: 'x'.repeat(62) }, spec: { completionMode: 'Indexed', completions: 11 } },
      `metadata.name: Invalid value: "${'x'.repeat(62)}": will not able to create pod with invalid DNS label: ${'x'.repeat(62)}-10`,
    ],
    [
      spec({ managedBy: 'x' }),
      'spec.managedBy: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
    ],
    [
      spec({ template: { spec: { restartPolicy: 'Always' } } }),
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
    [
      { spec: { podFailurePolicy: { rules: [] }, template: { spec: { restartPolicy: 'OnFailure' } } } },
      'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
    ],
    [
      policy({ action: 'Ignore' }),
      `${rule}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
    ],
    [
      policy({ action: 'FailIndex', onPodConditions: [{ type: 'A' }] }),
      `${rule}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
    ],
    [
      policy({ action: 'X', onPodConditions: [{ type: 'A', status: 'X' }] }),
      `${rule}.action: Unsupported value: "X": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
      `${rule}.onPodConditions[0].status: Unsupported value: "X": supported values: "False", "True", "Unknown"`,
    ],
    [
      codes({ containerName: 'y' }),
      `${rule}.onExitCodes.containerName: Invalid value: "y": must be one of the container or initContainer names in the pod template`,
    ],
    [codes({ values: [0] }), `${rule}.onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator`],
    [codes({ values: [3, 2, 1] }), `${rule}.onExitCodes.values: Invalid value: [3,2,1]: must be ordered`],
    [codes({ values: [2, 1] }), `${rule}.onExitCodes.values: Invalid value: [2,1]: must be ordered`],
    [
      spec({ successPolicy: { rules: [{}] } }),
      'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":null}]}: requires indexed completion mode',
    ],
    [
      indexed([{}]),
      'spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified',
    ],
    [
      indexed([{ succeededIndexes: '0-1,1', succeededCount: 9 }]),
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-1,1": error parsing succeededIndexes: non-increasing order, previous: 1, current: 1',
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 9: must be less than or equal to 5 (the number of specified completions)',
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 9: must be less than or equal to 0 (the number of indexes in the specified succeededIndexes field)',
    ],
    [
      indexed([{ succeededIndexes: '0,2-3', succeededCount: 4 }]),
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of indexes in the specified succeededIndexes field)',
    ],
    [
      indexed([{ succeededIndexes: '1-2-3' }]),
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "1-2-3": error parsing succeededIndexes: the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by \'-\'',
    ],
    [
      indexed([{ succeededIndexes: '5' }]),
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "5": error parsing succeededIndexes: too large index: "5"',
    ],
    [
      spec({ manualSelector: true }),
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
    ],
    [
      spec({ template: { metadata: { labels: { 'job-name': 'other' } } } }),
      'spec.template.metadata.labels[job-name]: Invalid value: {"batch.kubernetes.io/controller-uid":"uid","batch.kubernetes.io/job-name":"x","controller-uid":"uid","job-name":"other"}: must be \'x\'',
    ],
  ]);
});

test('jobs: a suspended one that has run may be placed anew once none of its pods runs any more', () => {
  const template = (nodeSelector: object): object => ({ metadata: {}, spec: { nodeSelector, containers: [] } });
  const refused = (status: object): number => {
    const at = new Field();
    const job = (nodeSelector: object): Job =>
      ({ metadata: {}, spec: { suspend: true, template: template(nodeSelector) }, status }) as unknown as Job;
    validateJobUpdate(job({ a: 'b' }), job({}), at);
    return at.errors.length;
  };
  const startTime = '2026-01-01T00:00:00Z';
  const conditions = [{ type: 'Suspended', status: 'True' }];
  assert.deepEqual(
    [{}, { startTime, conditions }, { startTime }, { startTime, conditions, active: 1 }].map(refused),
    [0, 0, 1, 1],
  );
});

test('jobs: a refusal shows templates and policies by their names in Go', () => {
  const template = { metadata: { labels: { a: 'c' } }, spec: { containers: [] } };
  const policy = { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'X', status: 'True' }] }] };
  const job = (fields: object): Job =>
    ({ metadata: {}, spec: { template: {}, ...fields }, status: {} }) as unknown as Job;
  const at = new Field();
  validateJobUpdate(job({ template, podFailurePolicy: policy }), job({}), at);
  const [first, second] = at.errors.map(({ message }) => message);
  assert.match(
    first ?? '',
    /^Invalid value: \{"labels":\{"a":"c"\},"Spec":\{"Volumes":null,"InitContainers":null,"Containers":\[\],.*: field is immutable$/,
  );
  assert.equal(
    second,
    'Invalid value: {"Rules":[{"Action":"Ignore","OnExitCodes":null,"OnPodConditions":[{"Type":"X","Status":"True"}]}]}: field is immutable',
  );
});

test('jobs: what stays, and what a suspended one may still change', () => {
  assert.deepEqual(
    updateRefusals(JOB, spec({ completions: 5, backoffLimitPerIndex: null, completionMode: 'Indexed' })),
    [
      'spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism',
      'spec.completionMode: Invalid value: "Indexed": field is immutable',
    ],
  );
  const indexed = spec({ completionMode: 'Indexed', completions: 2, parallelism: 2 });
  assert.deepEqual(updateRefusals(JOB, spec({ completions: 3, parallelism: 3 }), indexed), []);
  assert.deepEqual(updateRefusals(JOB, spec({ completions: 3 }), indexed), [
    'spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism',
  ]);
  assert.deepEqual(
    updateRefusals(
      JOB,
      spec({ completions: 2, parallelism: 2 }),
      spec({ completionMode: 'Indexed', completions: 5, parallelism: 1 }),
    ),
    [],
  );
  const sized = spec({
    template: { spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }] } },
  });
  assert.match(updateRefusals(JOB, sized)[0] ?? '', /^spec\.template: Invalid value/);
  assert.deepEqual(updateRefusals(JOB, sized, spec({ suspend: true })), []);
  const placed = spec({ template: { spec: { nodeSelector: { a: 'b' } } } });
  assert.match(updateRefusals(JOB, placed)[0] ?? '', /^spec\.template: Invalid value: \{.*\}: field is immutable$/);
  assert.deepEqual(updateRefusals(JOB, placed, spec({ suspend: true })), []);
});

test('jobs: a status does not take back an end', () => {
  const complete = {
    status: {
      conditions: [
        { type: 'SuccessCriteriaMet', status: 'True' },
        { type: 'Complete', status: 'True' },
      ],
      completionTime: '2026-11-21T12:00:00Z',
      startTime: '2026-11-21T11:00:00Z',
    },
  };
  assert.deepEqual(partRefusals(JOB, 'status', complete), []);
  assert.deepEqual(partRefusals(JOB, 'status', { status: { conditions: null } }, complete), [
    'status.completionTime: Invalid value: "2026-11-21T12:00:00Z": cannot set completionTime when there is no Complete=True condition',
    'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
    'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
  ]);
  const told = (change: Json, before: Json = {}, patch: Json = {}): readonly string[] =>
    partRefusals(JOB, 'status', { status: change }, { ...before, ...patch });
  const met = (...types: readonly string[]): Json => ({ conditions: types.map((type) => ({ type, status: 'True' })) });
  assert.deepEqual(told(met('SuccessCriteriaMet', 'Complete')), [
    'status.completionTime: Required value: completionTime is required for Complete jobs',
    'status.startTime: Required value: startTime is required for finished job',
  ]);
  assert.deepEqual(told({ ...met('Failed'), startTime: '2026-11-21T11:00:00Z', active: 1, terminating: 1 }), [
    'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
    'status.active: Invalid value: 1: active>0 is invalid for finished job',
    'status.terminating: Invalid value: 1: terminating>0 is invalid for finished job',
  ]);
  assert.deepEqual(told({ ready: 2, active: 1 }), [
    'status.ready: Invalid value: 2: cannot set more ready pods than active',
  ]);
  assert.deepEqual(told({ completedIndexes: '0' }), [
    'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
  ]);
  assert.deepEqual(
    told(
      { completedIndexes: '0-1', failedIndexes: '1' },
      {},
      spec({ completionMode: 'Indexed', completions: 3, backoffLimitPerIndex: 1 }),
    ),
    ['status.failedIndexes: Invalid value: "1": failedIndexes and completedIndexes overlap at index: 1'],
  );
  assert.deepEqual(told({ succeeded: 1 }, { status: { succeeded: 2 } }), [
    'status.succeeded: Invalid value: 1: cannot decrease the succeeded counter',
  ]);
  assert.deepEqual(
    told(
      { succeeded: 1 },
      { status: { succeeded: 2 } },
      spec({ completionMode: 'Indexed', completions: 3, parallelism: 3 }),
    ),
    [],
  );
  assert.deepEqual(told({ startTime: '2026-11-21T12:00:00Z' }, { status: { startTime: '2026-11-21T11:00:00Z' } }), [
    'status.startTime: Required value: startTime cannot be removed for unsuspended job',
  ]);
});

test('cron jobs: schedules, zones, names', () => {
  table('batch/v1.CronJob', [
    [spec({ schedule: '' }), 'spec.schedule: Required value'],
    [spec({ schedule: '* * *' }), 'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]'],
    [
      spec({ schedule: 'TZ=UTC * * * * *' }),
      'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
    ],
    [
      spec({ timeZone: 'Local' }),
      'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
    ],
    [
      spec({ timeZone: 'Mars/Olympus' }),
      'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus',
    ],
    [
      spec({ timeZone: 'europe/berlin' }),
      'spec.timeZone: Invalid value: "europe/berlin": unknown time zone europe/berlin',
    ],
    [spec({ timeZone: 'Asia/Calcutta' })],
    [
      spec({ timeZone: 'Europe//Berlin' }),
      'spec.timeZone: Invalid value: "Europe//Berlin": unknown time zone Europe//Berlin',
    ],
    [spec({ timeZone: 'Europe/Berlin' })],
    [
      spec({ concurrencyPolicy: 'X' }),
      'spec.concurrencyPolicy: Unsupported value: "X": supported values: "Allow", "Forbid", "Replace"',
    ],
    [
      spec({ jobTemplate: { spec: { template: { spec: { restartPolicy: 'Always' } } } } }),
      'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
    [
      { metadata: { name: 'x'.repeat(53) } },
      `metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`,
    ],
  ]);
  const zoned = spec({ schedule: 'TZ=UTC * * * * *' });
  assert.deepEqual(updateRefusals('batch/v1.CronJob', spec({ suspend: true }), zoned), []);
  assert.deepEqual(updateRefusals('batch/v1.CronJob', spec({ timeZone: 'Etc/UTC' }), zoned), [
    'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
  ]);
  assert.deepEqual(kindOf('batch/v1.CronJob').behaviour.warnings?.(created('batch/v1.CronJob', zoned), undefined), [
    'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
  ]);
});

test('scheduleError() reads what cron reads', () => {
  for (const schedule of [
    '* * * * *',
    '*/5 0-12 1,15 jan-DEC sun',
    '0 0 ? * 5',
    '@hourly',
    '@every 1h30m',
    '1/10 * * * *',
  ])
    assert.equal(scheduleError(schedule), undefined, schedule);
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
