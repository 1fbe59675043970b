import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, parseVersion } from './checks/semantic-version.ts';
import { partRefusals, table, updateRefusals } from './testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const spec = (fields: Json): Json => ({ spec: fields });
const NOW = '2026-11-21T12:00:00Z';

test('lease candidates: versions and strategies', () => {
  table('coordination.k8s.io/v1beta1.LeaseCandidate', [
    [
      spec({ leaseName: '', binaryVersion: '', strategy: '' }),
      'spec.leaseName: Required value',
      'spec.binaryVersion: Required value',
      'spec.strategy: Required value',
    ],
    [
      spec({ binaryVersion: '1.37' }),
      'spec.binaryVersion: Invalid value: "1.37": must be a valid semantic version',
      'spec.binaryVersion: Invalid value: "1.37": must be greater than or equal to `emulationVersion`',
    ],
    [
      spec({ emulationVersion: '1.38.0' }),
      'spec.binaryVersion: Invalid value: "1.37.0": must be greater than or equal to `emulationVersion`',
    ],
    [
      spec({ emulationVersion: null }),
      "spec.emulationVersion: Required value: must be specified when `strategy` is 'OldestEmulationVersion'",
    ],
    [
      spec({ strategy: 'Newest' }),
      'spec.strategy.strategy: Unsupported value: "Newest": supported values: "OldestEmulationVersion"',
    ],
    [spec({ strategy: 'acme.io/newest' })],
  ]);
  assert.deepEqual(updateRefusals('coordination.k8s.io/v1beta1.LeaseCandidate', spec({ leaseName: 'm' })), [
    'spec.leaseName: Invalid value: "m": field is immutable',
  ]);
  table('coordination.k8s.io/v1.Lease', [
    [
      spec({ strategy: 'X' }),
      'spec.strategy.strategy: Unsupported value: "X": supported values: "OldestEmulationVersion"',
    ],
  ]);
});

test('compareVersions() orders releases, and what comes before them', () => {
  const ordered = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.2.0',
    '1.10.0',
  ];
  for (const [i, lower] of ordered.slice(0, -1).entries())
    assert.ok(compareVersions(parseVersion(lower), parseVersion(ordered[i + 1] ?? '')) < 0, lower);
  assert.equal(compareVersions(parseVersion('1.0.0+a'), parseVersion('1.0.0+b')), 0);
  assert.equal(parseVersion('01.0.0'), undefined);
});

test('pod groups and workloads: what is declared of them', () => {
  table('scheduling.k8s.io/v1beta1.PodGroup', [
    [
      spec({ schedulingPolicy: { basic: {} } }),
      'spec.schedulingPolicy: Invalid value: "{basic, gang}": must specify exactly one of: `basic`, `gang`',
    ],
    [spec({ schedulingPolicy: { gang: { minCount: 0 } } }), 'spec.schedulingPolicy.gang.minCount: Required value'],
    [
      spec({ workloadRef: { workloadName: 'A', templateName: '' } }),
      "spec.workloadRef.workloadName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'spec.workloadRef.templateName: Required value',
    ],
    [spec({ parentCompositePodGroupName: 'p' }), 'spec.parentCompositePodGroupName: Forbidden'],
    [
      spec({ priority: 1_000_000_001 }),
      'spec.priority: Invalid value: 1000000001: must be less than or equal to 1000000000',
    ],
  ]);
  assert.deepEqual(
    updateRefusals('scheduling.k8s.io/v1beta1.PodGroup', spec({ schedulingPolicy: { gang: { minCount: 5 } } })),
    [],
  );
  assert.deepEqual(updateRefusals('scheduling.k8s.io/v1beta1.PodGroup', spec({ priorityClassName: 'high' })), [
    'spec.priorityClassName: Invalid value: null: field is immutable',
  ]);
  const t = { name: 't', schedulingPolicy: { basic: {} } };
  table('scheduling.k8s.io/v1beta1.Workload', [
    [
      spec({ podGroupTemplates: [] }),
      'spec: Invalid value: "": must specify one of: `podGroupTemplates`, `compositePodGroupTemplates`',
    ],
    [
      spec({ podGroupTemplates: [t, t] }),
      'spec.podGroupTemplates[1]: Duplicate value: {"name":"t","schedulingPolicy":{"basic":{}},"schedulingConstraints":null}',
    ],
    [
      spec({ controllerRef: { kind: 'a/b', name: '' } }),
      'spec.controllerRef.kind: Invalid value: "a/b": may not contain \'/\'',
      'spec.controllerRef.name: Required value',
    ],
  ]);
  assert.deepEqual(
    updateRefusals('scheduling.k8s.io/v1beta1.Workload', spec({ podGroupTemplates: [t, { ...t, name: 'u' }] })),
    ['spec.podGroupTemplates[1]: Forbidden: item may not be added'],
  );
});

test('eviction requests: who, what, and what for', () => {
  table('lifecycle.k8s.io/v1alpha1.EvictionRequest', [
    [spec({ target: { pod: null } }), 'spec.target: Invalid value: "": must specify one of: `pod`'],
    [
      spec({ target: { pod: { uid: 'X' } } }),
      'spec.target.pod.uid: Invalid value: "X": must be a lowercase UUID in 8-4-4-4-12 format',
    ],
    [
      spec({ requester: 'drain', intent: 'Maybe' }),
      'spec.requester: Invalid value: "drain": must include a prefix (e.g. \'example.com/key\')',
      'spec.intent: Unsupported value: "Maybe": supported values: "Eviction", "Withdrawn"',
    ],
  ]);
  assert.deepEqual(
    updateRefusals(
      'lifecycle.k8s.io/v1alpha1.EvictionRequest',
      spec({ requester: 'acme.io/other', intent: 'Withdrawn' }),
    ),
    ['spec.requester: Invalid value: null: field is immutable'],
  );
});

test('evictions: responders take turns', () => {
  const key = 'lifecycle.k8s.io/v1alpha1.Eviction';
  const [a, b] = [
    { name: 'acme.io/a', priority: 200, state: 'Active' },
    { name: 'acme.io/b', priority: 100, state: 'Inactive' },
  ];
  const started = { name: 'acme.io/a', startTime: NOW };
  const status = (targetResponders: readonly Json[], responders: readonly Json[], more: Json = {}): Json => ({
    status: { targetResponders, responders, ...more },
  });
  const first = status([a, b], [started, { name: 'acme.io/b' }]);
  assert.deepEqual(partRefusals(key, 'status', first), []);
  assert.deepEqual(partRefusals(key, 'status', status([a], [])), [
    'status.targetResponders[0]: Invalid value: {"Name":"acme.io/a","Priority":200,"State":"Active"}: "acme.io/a" has to be tracked in status.responders first',
    'status.responders: Invalid value: []: must be the same length as status.targetResponders and contain the same keys in the same order',
  ]);
  assert.deepEqual(partRefusals(key, 'status', status([b], [{ name: 'acme.io/b' }])), [
    'status.targetResponders[0].state: Invalid value: "Inactive": must be one of: Active, because this responder is next in line',
  ]);
  const ended = { ...a, state: 'Completed' };
  assert.deepEqual(
    partRefusals(
      key,
      'status',
      status([ended, { ...b, state: 'Active' }], [started, { name: 'acme.io/b', startTime: NOW }]),
      first,
    ),
    [
      'status.targetResponders[0].state: Forbidden: must stay Active because the responder is in progress and it should report status.responders.heartbeatTime or status.responders.completionTime',
    ],
  );
  const done = { ...started, completionTime: NOW };
  assert.deepEqual(partRefusals(key, 'status', status([a, b], [done, { name: 'acme.io/b' }]), first), []);
  assert.deepEqual(
    partRefusals(key, 'status', status([{ ...a, priority: 1 }, b], [started, { name: 'acme.io/b' }]), first),
    ['status.targetResponders[0].priority: Invalid value: null: field cannot be modified once set'],
  );
});

test('storage versions: names, and what servers agree on', () => {
  const key = 'internal.apiserver.k8s.io/v1alpha1.StorageVersion';
  table(key, [
    [{ metadata: { name: 'x' } }, 'metadata.name: Invalid value: "x": name must be in the form of <group>.<resource>'],
  ]);
  const server = { apiServerID: 's', encodingVersion: 'apps/v1', decodableVersions: ['apps/v1'] };
  assert.deepEqual(
    partRefusals(key, 'status', { status: { storageVersions: [server], commonEncodingVersion: 'apps/v1' } }),
    [],
  );
  assert.deepEqual(
    partRefusals(key, 'status', { status: { storageVersions: [{ ...server, decodableVersions: [] }] } }),
    [
      'status.storageVersions[0].decodableVersions: Invalid value: null: decodableVersions must include encodingVersion apps/v1',
      'status.commonEncodingVersion: Invalid value: null: the common encoding version is apps/v1',
    ],
  );
});

test('questions about pools of devices: their limits', () => {
  table('resource.k8s.io/v1alpha3.ResourcePoolStatusRequest', [
    [spec({ limit: 1001 }), 'spec.limit: Invalid value: 1001: must be less than or equal to 1000'],
    [spec({ driver: '' }), 'spec.driver: Required value'],
    [spec({ poolName: 'a//b' }), 'spec.poolName: Invalid value: "a//b": segment 1: must not be empty'],
  ]);
  assert.deepEqual(updateRefusals('resource.k8s.io/v1alpha3.ResourcePoolStatusRequest', spec({ limit: 5 })), [
    'spec: Invalid value: null: field is immutable',
  ]);
});
