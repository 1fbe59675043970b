import type { Client, Scenario } from './scenario.ts';

const collectionOf = (namespace: string): string => `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;

async function make({ namespace, quietly }: Client, name: string, finalizers: readonly string[] = []): Promise<any> {
  return (
    await quietly('POST', collectionOf(namespace), {
      body: { apiVersion: 'oracle.dev/v1', kind: 'Widget', metadata: { name, finalizers } },
    })
  ).json;
}

const QUERIES = [
  '',
  'propagationPolicy=Foreground',
  'propagationPolicy=Background',
  'propagationPolicy=Orphan',
  'propagationPolicy=foreground',
  'propagationPolicy=',
  'propagationPolicy=x',
  'orphanDependents=true',
  'orphanDependents=false',
  'orphanDependents=x',
  'orphanDependents=true&propagationPolicy=Orphan',
  'gracePeriodSeconds=0',
  'gracePeriodSeconds=5',
  'gracePeriodSeconds=-1',
  'gracePeriodSeconds=x',
  'gracePeriodSeconds=',
  'dryRun=All',
  'dryRun=x',
  'dryRun=',
  'ignoreStoreReadErrorWithClusterBreakingPotential=true',
  'ignoreStoreReadErrorWithClusterBreakingPotential=x',
  'unknown=1',
];
const BODIES: readonly unknown[] = [
  {},
  { kind: 'DeleteOptions', apiVersion: 'v1' },
  { kind: 'DeleteOptions', apiVersion: 'oracle.dev/v1' },
  { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
  { kind: 'DeleteOptions', apiVersion: 'x/v1' },
  { kind: 'Other', apiVersion: 'v1' },
  { apiVersion: 'v1' },
  { kind: 'DeleteOptions' },
  { gracePeriodSeconds: -1 },
  { gracePeriodSeconds: 0 },
  { gracePeriodSeconds: 'x' },
  { gracePeriodSeconds: null },
  { propagationPolicy: 'Foreground' },
  { propagationPolicy: 'Orphan' },
  { propagationPolicy: 'x' },
  { propagationPolicy: '' },
  { propagationPolicy: 'Orphan', orphanDependents: true },
  { orphanDependents: true },
  { orphanDependents: false },
  { preconditions: {} },
  { preconditions: { uid: 'x' } },
  { preconditions: { resourceVersion: 'x' } },
  { preconditions: { uid: 'x', resourceVersion: 'y' } },
  { dryRun: ['All'] },
  { dryRun: ['x'] },
  { dryRun: ['All', 'x'] },
  { dryRun: 'All' },
  { dryRun: [] },
  { unknown: 1 },
  { ignoreStoreReadErrorWithClusterBreakingPotential: true },
  [],
  null,
  'x',
  '1',
  '{',
  '{} x',
  '',
  ' ',
];

export const deleting: readonly Scenario[] = [
  {
    name: 'deletions',
    async run(client) {
      const { namespace, ask, quietly } = client;
      const list = collectionOf(namespace);
      const anew = async (): Promise<void> => {
        for (const name of ['a', 'f']) {
          await quietly('PATCH', `${list}/${name}`, {
            type: 'application/merge-patch+json',
            body: { metadata: { finalizers: null } },
          });
          await quietly('DELETE', `${list}/${name}`);
        }
        await make(client, 'a');
        await make(client, 'f', ['x.dev/f']);
      };
      for (const query of QUERIES) {
        await anew();
        for (const path of [`${list}/a`, `${list}/f`, `${list}/f`, `${list}/none`, list])
          await ask('DELETE', `${path}?${query}`);
        await ask('GET', `${list}/f`);
        await ask('GET', `${list}/a`);
      }
      for (const body of BODIES) {
        await anew();
        for (const path of [`${list}/a`, `${list}/f`, `${list}/none`, list]) await ask('DELETE', path, { body });
        await ask('GET', `${list}/f`);
      }
      for (const query of ['propagationPolicy=Orphan', 'dryRun=All', 'gracePeriodSeconds=7']) {
        await anew();
        await ask('DELETE', `${list}/f?${query}`, { body: { propagationPolicy: 'Foreground' } });
        await ask('GET', `${list}/f`);
      }
    },
  },
  {
    name: 'what is going',
    async run(client) {
      const { namespace, ask } = client;
      const list = collectionOf(namespace);
      const made = await make(client, 'a', ['x.dev/f', 'y.dev/g']);
      const uid = made.metadata.uid as string;
      await ask('DELETE', `${list}/a`, {
        body: { preconditions: { uid, resourceVersion: made.metadata.resourceVersion } },
      });
      await ask('DELETE', `${list}/a`, { body: { preconditions: { resourceVersion: made.metadata.resourceVersion } } });
      const patch = (body: object): Promise<unknown> =>
        ask('PATCH', `${list}/a`, { type: 'application/merge-patch+json', body });
      await patch({ spec: { name: 'x' } });
      await patch({ metadata: { finalizers: ['x.dev/f', 'z.dev/h'] } });
      await patch({ metadata: { deletionTimestamp: null } });
      await patch({ metadata: { deletionGracePeriodSeconds: 100 } });
      await ask('POST', list, { body: { apiVersion: 'oracle.dev/v1', kind: 'Widget', metadata: { name: 'a' } } });
      await ask('DELETE', `${list}/a?propagationPolicy=Foreground`);
      await ask('DELETE', `${list}/a?propagationPolicy=Orphan`);
      await ask('GET', `${list}/a`);
      await patch({ metadata: { finalizers: ['x.dev/f'] } });
      await ask('PATCH', `${list}/a?dryRun=All`, {
        type: 'application/merge-patch+json',
        body: { metadata: { finalizers: [] } },
      });
      await patch({ metadata: { finalizers: [] } });
      await ask('GET', `${list}/a`);
      await make(client, 'b', ['x.dev/f']);
      await make(client, 'c');
      await ask('DELETE', list);
      await ask('GET', list);
      await ask('DELETE', `${list}?labelSelector=a%3Db`);
      await ask('DELETE', `${list}?limit=1`);
      await ask('DELETE', '/apis/oracle.dev/v1/widgets');
    },
  },
];
