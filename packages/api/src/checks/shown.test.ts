import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeJson } from '@navarch/machinery';
import { schemas } from '../built-in.ts';
import { keptFields } from './kept-layout.ts';
import { shown, shownDifference } from './shown.ts';

for (const [claim, type, value, wanted] of [
  [
    'names fields as Go does, and shows what is not there',
    'core.v1.Toleration',
    { key: 'k', operator: 'Exists', value: 'v' },
    '{"Key":"k","Operator":"Exists","Value":"v","Effect":"","TolerationSeconds":null}',
  ],
  [
    'goes into lists',
    'core.v1.NodeSelectorTerm',
    { matchExpressions: [{ key: 'b', operator: 'Exists' }] },
    '{"MatchExpressions":[{"Key":"b","Operator":"Exists","Values":null}],"MatchFields":null}',
  ],
  [
    'writes selectors as everywhere',
    'policy.v1.PodDisruptionBudgetSpec',
    { minAvailable: 1, maxUnavailable: '5%', selector: { matchLabels: { a: 'b' } } },
    '{"MinAvailable":1,"Selector":{"matchLabels":{"a":"b"}},"MaxUnavailable":"5%","UnhealthyPodEvictionPolicy":null}',
  ],
  [
    'says what a binding grants by acronyms',
    'rbac.v1.RoleRef',
    { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    '{"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"r"}',
  ],
  ['takes names of its own for some sources', 'core.v1.RBDVolumeSource', { monitors: ['a'], image: 'i' }, RBD()],
] as const) {
  test(`shown() ${claim}`, () => {
    assert.equal(writeJson(shown(type, value)), wanted);
  });
}

function RBD(): string {
  return '{"CephMonitors":["a"],"RBDImage":"i","FSType":"","RBDPool":"","RadosUser":"","Keyring":"","SecretRef":null,"ReadOnly":false}';
}

test('shown() has the metadata of a template in the template, and of its host in the security context', () => {
  const template = shown('core.v1.PodTemplateSpec', {
    metadata: { labels: { a: 'b' } },
    spec: { containers: [], hostNetwork: true, serviceAccount: 'x', serviceAccountName: 'x' },
  }) as { readonly labels: unknown; readonly Spec: Readonly<Record<string, unknown>> };
  assert.deepEqual(template.labels, { a: 'b' });
  assert.deepEqual(Object.keys(template.Spec).slice(0, 14), [
    'Volumes',
    'InitContainers',
    'Containers',
    'EphemeralContainers',
    'RestartPolicy',
    'TerminationGracePeriodSeconds',
    'ActiveDeadlineSeconds',
    'DNSPolicy',
    'NodeSelector',
    'ServiceAccountName',
    'AutomountServiceAccountToken',
    'NodeName',
    'SecurityContext',
    'ImagePullSecrets',
  ]);
  const context = template.Spec['SecurityContext'] as Readonly<Record<string, unknown>>;
  assert.deepEqual(Object.entries(context).slice(0, 6), [
    ['HostNetwork', true],
    ['HostPID', false],
    ['HostIPC', false],
    ['ShareProcessNamespace', null],
    ['HostUsers', null],
    ['SELinuxOptions', null],
  ]);
});

test('keptFields() loses no field that it moves', () => {
  const names = (type: string): readonly string[] => {
    const { fields } = schemas.object(`io.k8s.api.core.v1.${type}`);
    return keptFields(type, fields).map(({ name }) => name);
  };
  assert.deepEqual(names('PersistentVolumeSource').slice(0, 10), [
    'gcePersistentDisk',
    'awsElasticBlockStore',
    'hostPath',
    'glusterfs',
    'nfs',
    'rbd',
    'quobyte',
    'iscsi',
    'flexVolume',
    'cinder',
  ]);
  assert.equal(new Set(names('Volume')).size, schemas.object('io.k8s.api.core.v1.Volume').fields.length);
  assert.deepEqual(names('PodSpec').slice(16, 26), [
    'setHostnameAsFQDN',
    'affinity',
    'schedulerName',
    'tolerations',
    'hostAliases',
    'priorityClassName',
    'priority',
    'preemptionPolicy',
    'dnsConfig',
    'readinessGates',
  ]);
});

test('shownDifference() shows lines of a pod as upstream does', () => {
  const spec = {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    schedulerName: 'default-scheduler',
    containers: [{ name: 'c', image: 'busybox' }],
  };
  assert.equal(
    shownDifference(
      'core.v1.PodSpec',
      { ...spec, nodeSelector: { a: 'b' } },
      { ...spec, nodeSelector: { c: '<d>', a: 'b' } },
    ),
    '@@ -40,7 +40,8 @@\n  "ActiveDeadlineSeconds": null,\n  "DNSPolicy": "ClusterFirst",\n  "NodeSelector": {\n-  "a": "b"\n+  "a": "b",\n+  "c": "\\u003cd\\u003e"\n  },\n  "ServiceAccountName": "",\n  "AutomountServiceAccountToken": null,\n',
  );
});
