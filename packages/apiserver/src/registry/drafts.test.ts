import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

test('warnings come with a creation, and with updates when they are of what changes', async () => {
  const { ask } = await asked();
  const volume = (storage: string): object => ({
    metadata: { name: 'v' },
    spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } },
  });
  const FRACTION = '299 - "spec.capacity[storage]: fractional byte value \\"1500m\\" is invalid, must be an integer"';
  assert.equal((await ask('POST', '/api/v1/persistentvolumes', volume('1500m'))).headers['warning'], FRACTION);
  assert.equal((await ask('PUT', '/api/v1/persistentvolumes/v', volume('1500m'))).headers['warning'], FRACTION);
  assert.equal((await ask('PUT', '/api/v1/persistentvolumes/v', volume('2'))).headers['warning'], undefined);
  const at = '/api/v1/namespaces/d/podtemplates';
  const template = (terminationGracePeriodSeconds: number): object => ({
    metadata: { name: 't' },
    template: { spec: { terminationGracePeriodSeconds, containers: [{ name: 'c', image: 'i' }] } },
  });
  const GRACE =
    '299 - "template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"';
  assert.equal((await ask('POST', at, template(-1))).headers['warning'], GRACE);
  assert.equal((await ask('PUT', `${at}/t`, template(-1))).headers['warning'], undefined);
  assert.equal((await ask('PUT', `${at}/t`, template(-2))).headers['warning'], GRACE);
});

test('a namespace whose name is made up is labelled by it, as others are, and nobody owns that label', async () => {
  const { ask } = await asked();
  const { metadata } = (await ask('POST', '/api/v1/namespaces', { metadata: { generateName: 'a-' } })).body;
  assert.deepEqual(metadata.labels, { 'kubernetes.io/metadata.name': metadata.name });
  assert.equal(metadata.managedFields[0].fieldsV1['f:metadata']['f:labels'], undefined);
  assert.deepEqual(
    (await ask('GET', `/api/v1/namespaces?labelSelector=kubernetes.io/metadata.name%3D${metadata.name}`)).body.items
      .length,
    1,
  );
});

test('a refused write warns of nothing that the object would have', async () => {
  const { ask } = await asked();
  await ask('POST', '/api/v1/namespaces/d/serviceaccounts', { metadata: { name: 'default' } });
  const refused = await ask('POST', '/api/v1/namespaces/d/pods', {
    metadata: { name: 'a.b' },
    spec: { terminationGracePeriodSeconds: -1, containers: [] },
  });
  assert.deepEqual([refused.status, refused.headers['warning']], [422, undefined]);
});

test('what an object as a whole is refused for has no field', async () => {
  const { ask } = await asked();
  const { body } = await ask('POST', '/api/v1/namespaces/d/configmaps', {
    metadata: { name: 'a' },
    data: { a: 'x'.repeat(1024 * 1024 + 1) },
  });
  assert.deepEqual((body as { details: unknown }).details, {
    name: 'a',
    kind: 'ConfigMap',
    causes: [{ reason: 'FieldValueTooLong', message: 'Too long: may not be more than 1048576 bytes', field: '[]' }],
  });
});

test('a row of a table says that its pod is over', async () => {
  const { ask } = await asked();
  await ask('POST', '/api/v1/namespaces/d/serviceaccounts', { metadata: { name: 'default' } });
  const at = '/api/v1/namespaces/d/pods';
  for (const [name, phase] of Object.entries({ a: 'Running', b: 'Succeeded', c: 'Failed' })) {
    await ask('POST', at, { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    await ask(
      'PATCH',
      `${at}/${name}/status`,
      { status: { phase } },
      { 'content-type': 'application/merge-patch+json' },
    );
  }
  const { body } = await ask('GET', at, undefined, TABLE);
  const conditions = (body as { rows: readonly { conditions?: unknown }[] }).rows.map((row) => row.conditions);
  assert.deepEqual(conditions, [
    undefined,
    [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }],
    [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
  ]);
});

test('finalizers of Kubernetes kinds belong to a domain, where upstream looks', async () => {
  const { ask } = await asked();
  const of = async (at: string, kind: object, method = 'POST'): Promise<unknown> => {
    const { status, body } = await ask(method, at, {
      metadata: { name: 'a', finalizers: ['orphan', 'mine', 'a.b/c'] },
      ...kind,
    });
    return (body as { details?: { causes?: unknown } }).details?.causes ?? status;
  };
  const refused = [
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
      field: 'metadata.finalizers[1]',
    },
  ];
  assert.deepEqual(await of('/api/v1/namespaces/d/configmaps', {}), refused);
  await ask('POST', '/api/v1/namespaces/d/configmaps', { metadata: { name: 'a' } });
  assert.deepEqual(await of('/api/v1/namespaces/d/configmaps/a', {}, 'PUT'), refused);
  assert.equal(await of('/apis/coordination.k8s.io/v1/namespaces/d/leases', { spec: {} }), 201);
  assert.equal(await of('/apis/node.k8s.io/v1/runtimeclasses', { handler: 'h' }), 201);
});

test('what the server adds to what was sent belongs to nobody', async () => {
  const { ask } = await asked();
  const ownedIn = async (at: string, name: string, sent: object): Promise<any> => {
    const { status } = await ask('POST', `${at}?fieldManager=me`, { metadata: { name, labels: { a: 'b' } }, ...sent });
    assert.equal(status, 201, at);
    const { body } = await ask('GET', `${at}/${name}`);
    assert.equal(body.metadata.managedFields.length, 1);
    return body.metadata.managedFields[0].fieldsV1;
  };
  const spec = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] };
  const job = await ownedIn('/apis/batch/v1/namespaces/d/jobs', 'j', { spec: { template: { spec } } });
  assert.deepEqual([job['f:spec']['f:selector'], job['f:spec']['f:template']['f:metadata']], [undefined, undefined]);
  const namespace = await ownedIn('/api/v1/namespaces', 'n', {});
  assert.equal(namespace['f:spec'], undefined);
  const claim = await ownedIn('/api/v1/namespaces/d/persistentvolumeclaims', 'c', {
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      dataSource: { kind: 'PersistentVolumeClaim', name: 'other' },
    },
  });
  assert.deepEqual([claim['f:spec']['f:dataSource'], claim['f:spec']['f:dataSourceRef']], [{}, undefined]);
  const labels = { a: 'b' };
  const daemons = await ownedIn('/apis/apps/v1/namespaces/d/daemonsets', 'd', {
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  assert.deepEqual(daemons['f:metadata']['f:annotations'], {
    '.': {},
    'f:deprecated.daemonset.template.generation': {},
  });
});

test('a job that was created can be applied over, and stays as it is', async () => {
  const { ask } = await asked();
  const at = '/apis/batch/v1/namespaces/d/jobs';
  const sent = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
  };
  await ask('POST', `${at}?fieldManager=me`, sent);
  const { body: made } = await ask('GET', `${at}/j`);
  // As kubectl does who comes to apply on the server what was applied by the client.
  const [{ fieldsV1 }] = made.metadata.managedFields;
  await ask('PUT', `${at}/j`, {
    ...made,
    metadata: {
      ...made.metadata,
      managedFields: [{ manager: 'me', operation: 'Apply', apiVersion: 'batch/v1', fieldsType: 'FieldsV1', fieldsV1 }],
    },
  });
  const { status, body } = await ask('PATCH', `${at}/j?fieldManager=me`, sent, {
    'content-type': 'application/apply-patch+yaml',
  });
  assert.deepEqual([status, body.spec.selector], [200, made.spec.selector]);
});

test('the class of a pod is that of what plugins made of it', async () => {
  const { ask } = await asked();
  await ask('POST', '/api/v1/namespaces/d/serviceaccounts', { metadata: { name: 'default' } });
  const cpu = '1';
  const memory = '1Mi';
  await ask('POST', '/api/v1/namespaces/d/limitranges', {
    metadata: { name: 'l' },
    spec: { limits: [{ type: 'Container', default: { cpu, memory }, defaultRequest: { cpu, memory } }] },
  });
  const { body } = await ask('POST', '/api/v1/namespaces/d/pods', {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  assert.equal(body.status.qosClass, 'Guaranteed');
});
