import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

// What a write of the status takes of the metadata differs by kind: the older ones take all of it, newer ones nothing
// (kubernetes/kubernetes#45539), and some are between.

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const selector = { matchLabels: { a: 'b' } };
const workload = { spec: { template, selector } };
const task = { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } };
const ALL = ['labels', 'annotations', 'finalizers', 'ownerReferences'];
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const hook = { matchResources: {}, validations: [{ expression: 'true' }] };

const kinds: readonly (readonly [path: string, object: object, taken: readonly string[]])[] = [
  ['/api/v1/namespaces', {}, ALL],
  ['/api/v1/nodes', {}, ALL],
  ['/api/v1/persistentvolumes', { spec: { ...claim, capacity: { storage: '1Gi' }, hostPath: { path: '/a' } } }, ALL],
  ['/api/v1/namespaces/d/persistentvolumeclaims', { spec: claim }, ALL],
  ['/api/v1/namespaces/d/replicationcontrollers', { spec: { template } }, ALL],
  ['/api/v1/namespaces/d/resourcequotas', {}, ALL],
  ['/api/v1/namespaces/d/services', { spec: { ports: [{ port: 1 }] } }, ALL],
  ['/apis/apps/v1/namespaces/d/daemonsets', workload, ALL],
  ['/apis/apps/v1/namespaces/d/replicasets', workload, ALL],
  ['/apis/apps/v1/namespaces/d/statefulsets', workload, ALL],
  ['/apis/batch/v1/namespaces/d/jobs', { spec: task }, ALL],
  ['/apis/batch/v1/namespaces/d/cronjobs', { spec: { schedule: '* * * * *', jobTemplate: { spec: task } } }, ALL],
  ['/apis/policy/v1/namespaces/d/poddisruptionbudgets', { spec: { selector } }, ALL],
  [
    '/apis/networking.k8s.io/v1/namespaces/d/ingresses',
    { spec: { defaultBackend: { service: { name: 'a', port: { number: 1 } } } } },
    ALL,
  ],
  ['/apis/networking.k8s.io/v1/servicecidrs', { spec: { cidrs: ['10.1.0.0/16'] } }, ALL],
  // Upstream's means to keep them, and does not (kubernetes/kubernetes#137681).
  [
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    {
      metadata: { name: 'as.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: { plural: 'as', kind: 'A' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
    ALL,
  ],
  ['/api/v1/namespaces/d/pods', template, ['labels', 'annotations', 'finalizers']],
  ['/apis/apps/v1/namespaces/d/deployments', workload, ['annotations', 'finalizers', 'ownerReferences']],
  [
    '/apis/storage.k8s.io/v1/volumeattachments',
    { spec: { attacher: 'a.b', nodeName: 'n', source: { persistentVolumeName: 'p' } } },
    [],
  ],
  [
    '/apis/apiregistration.k8s.io/v1/apiservices',
    {
      metadata: { name: 'v1.example.org' },
      spec: {
        group: 'example.org',
        version: 'v1',
        groupPriorityMinimum: 1,
        versionPriority: 1,
        insecureSkipTLSVerify: true,
        service: { namespace: 'd', name: 's' },
      },
    },
    [],
  ],
  [
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    {
      spec: {
        ...hook,
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        },
      },
    },
    [],
  ],
  ['/apis/resource.k8s.io/v1/namespaces/d/resourceclaims', { spec: { devices: {} } }, []],
  [
    '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    { spec: { priorityLevelConfiguration: { name: 'exempt' }, matchingPrecedence: 7 } },
    [],
  ],
  [
    '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
    { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
    [],
  ],
];

test('a write of the status takes what upstream takes of the metadata, kind by kind', async () => {
  const { ask } = await asked();
  await ask('POST', '/api/v1/namespaces/d/serviceaccounts', { metadata: { name: 'default' } });
  const metadata = {
    labels: { x: 'y' },
    annotations: { x: 'y' },
    finalizers: ['example.com/x'],
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }],
  };
  const found: (readonly [string, readonly string[]])[] = [];
  for (const [path, object] of kinds) {
    const made = await ask('POST', path, {
      ...object,
      metadata: { name: 'n1', ...(object as { metadata?: object }).metadata },
    });
    assert.equal(made.status, 201, made.text);
    const { status, body, text } = await ask(
      'PATCH',
      `${path}/${made.body.metadata.name}/status`,
      { metadata },
      { 'content-type': 'application/merge-patch+json' },
    );
    assert.equal(status, 200, text);
    found.push([
      path,
      Object.entries(metadata)
        .filter(([field, value]) =>
          JSON.stringify(body.metadata[field] ?? {}).includes(JSON.stringify(value).slice(1, -1)),
        )
        .map(([field]) => field),
    ]);
  }
  assert.deepEqual(
    found,
    kinds.map(([path, , taken]) => [path, taken]),
  );
});
