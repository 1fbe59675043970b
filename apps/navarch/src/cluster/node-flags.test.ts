import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOfTheKubelet, labelsOf, taintsOf } from './node-flags.ts';

test('labelsOf() reads labels, also without a value', () =>
  assert.deepEqual(labelsOf('--f', 'zone=a, example.com/disk=ssd,ready='), {
    zone: 'a',
    'example.com/disk': 'ssd',
    ready: '',
  }));

test('labelsOf() refuses what is no label', () => {
  for (const text of ['a=b=c', '-a=b', 'a=b c', '/a=b', 'a=.'])
    assert.throws(() => labelsOf('--f', text), /^UserError: --f takes labels such as zone=a,disk=ssd, not "/, text);
});

test('taintsOf() reads taints, with and without a value', () =>
  assert.deepEqual(taintsOf('--f', 'dedicated=db:NoSchedule,a/b:NoExecute'), [
    { key: 'dedicated', value: 'db', effect: 'NoSchedule' },
    { key: 'a/b', effect: 'NoExecute' },
  ]));

test('taintsOf() refuses what is no taint', () => {
  for (const text of ['a', 'a=b', 'a=b:Never', ':NoSchedule', 'a=b=c:NoSchedule'])
    assert.throws(
      () => taintsOf('--f', text),
      /^UserError: --f takes taints such as dedicated=db:NoSchedule, not "/,
      text,
    );
});

test('isOfTheKubelet() leaves names of Kubernetes to administrators, but those that a kubelet knows best', () => {
  const mine = [
    'zone',
    'example.com/a',
    'topology.kubernetes.io/zone',
    'node.kubernetes.io/x',
    'a.kubelet.kubernetes.io/x',
  ];
  const theirs = ['node-role.kubernetes.io/worker', 'kubernetes.io/x', 'k8s.io/x', 'node-restriction.kubernetes.io/x'];
  assert.deepEqual([...mine, ...theirs].filter(isOfTheKubelet), mine);
});
