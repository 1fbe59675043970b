import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinControllers } from './builtin.ts';
import { FORMER_NAMES } from './former-names.ts';
import { kindControllers } from './kind-controllers.ts';
import { selectControllers, selectionErrors } from './selection.ts';

const never = (): never => assert.fail('not asked');
const authority = { read: never, issue: never };
const all = [
  ...builtinControllers({
    rootCertificate: '',
    nodeIpam: { clusterCidr: '10.244.0.0/16' },
    joining: { clients: authority, kubeletServers: authority, review: never, sign: never },
    loadBalancers: { find: never, ensure: never, remove: never },
    hasNodeDns: true,
  }),
  ...kindControllers([]),
];
const names = (...selection: string[]): readonly string[] => selectControllers(all, selection).map(({ name }) => name);

test('selectControllers() takes all, some, or all but some', () => {
  assert.deepEqual(selectControllers(all, ['*']), all);
  assert.deepEqual(names(), []);
  assert.deepEqual(names('deployment-controller', 'replicaset-controller'), [
    'deployment-controller',
    'replicaset-controller',
  ]);
  assert.deepEqual(all.length - names('*', '-deployment-controller').length, 1);
  assert.ok(!names('*', '-deployment-controller').includes('deployment-controller'));
  assert.ok(
    names('-deployment-controller', 'deployment-controller', '*').every((name) => name !== 'deployment-controller'),
  );
});

test('selectControllers() takes the parts of a controller together', () => {
  assert.deepEqual(names('job-controller'), ['job-controller', 'job-tracking-finalizers']);
  assert.ok(!names('*', '-resourceclaim-controller').some((name) => name.startsWith('resourceclaim')));
});

test('selectControllers() takes controllers by their former names: there is one for each', () => {
  assert.deepEqual(names('deployment', 'job'), ['deployment-controller', 'job-controller', 'job-tracking-finalizers']);
  assert.ok(!names('*', '-attachdetach').includes('persistentvolume-attach-detach-controller'));
  assert.deepEqual(selectionErrors(all, ['*', 'bootstrapsigner', '-tokencleaner']), []);
  const known = new Set(all.map(({ name, partOf = name }) => partOf));
  assert.deepEqual(
    [...FORMER_NAMES.values()].filter((name) => !known.has(name)),
    [],
  );
});

test('selectionErrors() names what no controller is called', () => {
  assert.deepEqual(selectionErrors(all, ['*', '-job-controller']), []);
  assert.deepEqual(selectionErrors(all, ['*', '-nonsense', 'job-tracking-finalizers']), [
    '"nonsense" is not in the list of known controllers',
    '"job-tracking-finalizers" is not in the list of known controllers',
  ]);
});
