import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partRefusals, table, updateRefusals } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const spec = (fields: Json): Json => ({ spec: fields });
const PERCENT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

test('deployments: selector, template, strategy, deadlines', () => {
  const rolling = (fields: Json): Json => spec({ strategy: { rollingUpdate: fields } });
  table('apps/v1.Deployment', [
    [spec({ replicas: -1 }), 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    [
      spec({ selector: null }),
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`',
    ],
    [
      spec({ selector: { matchLabels: null } }),
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ],
    [
      spec({ selector: { matchLabels: { a: 'b' } } }),
      'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`',
    ],
    [
      spec({ selector: { matchExpressions: [{ key: 'a', operator: 'X' }] } }),
      'spec.selector.matchExpressions[0].operator: Invalid value: "X": not a valid selector operator',
      'spec.selector: Invalid value: {"matchLabels":{"app":"x"},"matchExpressions":[{"key":"a","operator":"X"}]}: invalid label selector',
    ],
    [spec({ template: { spec: { containers: [] } } }), 'spec.template.spec.containers: Required value'],
    [
      spec({ template: { spec: { restartPolicy: 'Never', activeDeadlineSeconds: 1 } } }),
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
    ],
    [
      spec({ strategy: { type: 'X' } }),
      'spec.strategy: Unsupported value: {"Type":"X","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
    ],
    [
      spec({ strategy: { type: 'Recreate', rollingUpdate: {} } }),
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ],
    [
      rolling({ maxSurge: 0, maxUnavailable: '0%' }),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
    ],
    [
      rolling({ maxUnavailable: '101%' }),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ],
    [rolling({ maxSurge: 'x' }), `spec.strategy.rollingUpdate.maxSurge: Invalid value: "x": ${PERCENT}`],
    [
      spec({ minReadySeconds: 700 }),
      'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds',
    ],
  ]);
  const moved = { matchLabels: { app: 'x', b: 'c' } };
  assert.deepEqual(
    updateRefusals(
      'apps/v1.Deployment',
      spec({ selector: moved, template: { metadata: { labels: moved.matchLabels } } }),
    ),
    ['spec.selector: Invalid value: {"matchLabels":{"app":"x","b":"c"}}: field is immutable'],
  );
  assert.deepEqual(
    partRefusals('apps/v1.Deployment', 'status', { status: { replicas: 1, updatedReplicas: 2, availableReplicas: 1 } }),
    [
      'status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas',
    ],
  );
});

test('daemon sets: selector and update strategy', () => {
  const rolling = (fields: Json): Json => spec({ updateStrategy: { rollingUpdate: fields } });
  table('apps/v1.DaemonSet', [
    [
      spec({ selector: { matchLabels: null } }),
      'spec.selector: Invalid value: {}: empty selector is invalid for daemonset',
    ],
    [
      spec({ updateStrategy: { type: 'X' } }),
      'spec.updateStrategy: Unsupported value: {"Type":"X","RollingUpdate":null}: supported values: "RollingUpdate", "OnDelete"',
    ],
    [
      spec({ updateStrategy: { type: 'X', rollingUpdate: { maxSurge: '5%' } } }),
      'spec.updateStrategy: Unsupported value: {"Type":"X","RollingUpdate":{"MaxUnavailable":0,"MaxSurge":"5%"}}: supported values: "RollingUpdate", "OnDelete"',
    ],
    [
      spec({ selector: null }),
      'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`',
    ],
    [
      rolling({ maxSurge: 1 }),
      'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
    ],
    [
      rolling({ maxUnavailable: 0 }),
      'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
    ],
    [
      spec({ template: { spec: { restartPolicy: 'Never' } } }),
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
  ]);
});

test('stateful sets: what may be said, and what may be changed', () => {
  const key = 'apps/v1.StatefulSet';
  table(key, [
    [{ metadata: { name: 'a.b' } }, 'metadata.name: Invalid value: "a.b": must not contain dots'],
    [
      spec({ template: { metadata: { annotations: { 'a b': '' } } } }),
      "spec.template.annotations: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
    [
      spec({ podManagementPolicy: 'X' }),
      "spec.podManagementPolicy: Invalid value: \"X\": must be 'OrderedReady' or 'Parallel'",
    ],
    [
      spec({ updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } }),
      'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}: only allowed for updateStrategy \'RollingUpdate\'',
    ],
    [
      spec({ updateStrategy: { rollingUpdate: { partition: -1 } } }),
      'spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0',
    ],
    [
      spec({ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
      'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0',
    ],
    [
      spec({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'X' } }),
      'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "X": supported values: "Retain", "Delete"',
    ],
    [
      spec({
        template: {
          spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'claimed', mountPath: '/m' }] }] },
        },
      }),
    ],
  ]);
  assert.deepEqual(updateRefusals(key, spec({ serviceName: 'other' })), [
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ]);
  assert.deepEqual(
    updateRefusals(key, spec({ replicas: 5, minReadySeconds: 1, ordinals: { start: 2 }, revisionHistoryLimit: 1 })),
    [],
  );
});

test('counts of collisions are never counted down', () => {
  for (const kind of ['Deployment', 'DaemonSet', 'StatefulSet']) {
    assert.deepEqual(
      partRefusals(
        `apps/v1.${kind}`,
        'status',
        { status: { collisionCount: null } },
        { status: { collisionCount: 2 } },
      ),
      ['status.collisionCount: Invalid value: 0: cannot be decremented'],
      kind,
    );
  }
});

test('replica sets and controller revisions', () => {
  table('apps/v1.ReplicaSet', [
    [
      spec({ selector: { matchLabels: null } }),
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ],
  ]);
  table('apps/v1.ControllerRevision', [
    [
      { data: null, revision: -1 },
      'data: Required value: data is mandatory',
      'revision: Invalid value: -1: must be greater than or equal to 0',
    ],
  ]);
  assert.deepEqual(updateRefusals('apps/v1.ControllerRevision', { data: { a: 1 } }), [
    'data: Invalid value: {"a":1}: field is immutable',
  ]);
});
