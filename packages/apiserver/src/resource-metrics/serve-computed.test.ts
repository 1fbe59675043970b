import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';
import { usageColumns } from './usage-columns.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

const REFUSED = 'Get "https://127.0.0.1:10257/healthz": dial tcp 127.0.0.1:10257: connect: connection refused';

test('computed resources can be had as tables and as metadata', async () => {
  const { ask } = await asked();
  const { body, headers } = await ask('GET', '/api/v1/componentstatuses', undefined, { accept: TABLE });
  assert.equal(headers['warning'], '299 - "v1 ComponentStatus is deprecated in v1.19+"');
  assert.equal(body.kind, 'Table');
  assert.deepEqual(
    body.columnDefinitions.map(({ name }: { readonly name: string }) => name),
    ['Name', 'Status', 'Message', 'Error'],
  );
  assert.deepEqual(
    body.rows.map(({ cells }: { readonly cells: unknown }) => cells),
    [
      ['controller-manager', 'Unhealthy', REFUSED, ''],
      ['etcd-0', 'Healthy', 'ok', ''],
      ['scheduler', 'Unhealthy', REFUSED.replaceAll('10257', '10259'), ''],
    ],
  );
  assert.deepEqual(body.rows[1].object, {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { name: 'etcd-0' },
  });
  const one = await ask('GET', '/api/v1/componentstatuses/etcd-0?includeObject=None', undefined, { accept: TABLE });
  assert.deepEqual(one.body.rows, [{ cells: ['etcd-0', 'Healthy', 'ok', ''], object: null }]);
  const metadata = await ask('GET', '/api/v1/componentstatuses', undefined, {
    accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  });
  assert.deepEqual([metadata.body.kind, metadata.body.items.length], ['PartialObjectMetadataList', 3]);
  const refused = await ask('GET', '/api/v1/componentstatuses', undefined, {
    accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  });
  assert.equal(refused.status, 406);
});

test('usageColumns() adds up what the containers of a pod use', () => {
  const pod = (name: string, containers: readonly object[]) =>
    ({
      apiVersion: 'metrics.k8s.io/v1beta1',
      kind: 'PodMetrics',
      metadata: { name },
      window: '15.5s',
      timestamp: '',
      containers,
    }) as never;
  const objects = [
    pod('a', [
      { name: 'x', usage: { cpu: '250m', memory: '1Mi' } },
      { name: 'y', usage: { cpu: '1', memory: '512Ki' } },
    ]),
    pod('b', [{ name: 'x', usage: { cpu: '0' } }]),
  ];
  const columns = usageColumns(objects);
  assert.deepEqual(
    columns.map(({ name }) => name),
    ['Name', 'cpu', 'memory', 'Window'],
  );
  assert.deepEqual(
    objects.map((object) => columns.map((column) => column.value(object, { now: 0 }))),
    [
      ['a', '1250m', '1536Ki', '15.5s'],
      ['b', '0', '0', '15.5s'],
    ],
  );
  assert.deepEqual(usageColumns([]), []);
});
