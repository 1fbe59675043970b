import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../user-error.ts';
import { evictionOf } from './eviction-flags.ts';
import { readKubeletConfig, syncOf } from './kubelet-config.ts';

const folder = mkdtempSync('/tmp/nv-config-');
after(() => rmSync(folder, { recursive: true }));
const HEAD = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

function read(text: string): ReturnType<typeof readKubeletConfig> {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, text);
  return readKubeletConfig(file);
}

test('readKubeletConfig() reads what the kubelet heeds', () => {
  assert.deepEqual(
    read(
      `${HEAD}staticPodPath: /m\nmaxPods: 20\nevictionHard: {memory.available: 1Gi}\nshutdownGracePeriodByPodPriority: [{priority: 0, shutdownGracePeriodSeconds: 5}]`,
    ),
    {
      staticPodPath: '/m',
      maxPods: 20,
      evictionHard: { 'memory.available': '1Gi' },
      shutdownGracePeriodByPodPriority: [{ priority: 0, shutdownGracePeriodSeconds: 5 }],
    },
  );
});

test('readKubeletConfig() says what it cannot read, and what it would not heed', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['{', /cannot be used/],
    ['- a', /no mapping/],
    ['kind: Pod', /it holds undefined Pod/],
    [`${HEAD}cgroupDriver: systemd\nmaxPods: 1`, /the fields cgroupDriver are not heeded/],
    [`${HEAD}reservedMemory: [{numaNode: 0}]`, /reservedMemory takes a list of numaNode and limits/],
    [`${HEAD}maxPods: many`, /maxPods takes a number, not "many"/],
    [`${HEAD}evictionHard: {memory.available: 5}`, /evictionHard takes texts by signal/],
    [`${HEAD}shutdownGracePeriodByPodPriority: [{priority: x}]`, /takes a list of priority/],
  ];
  for (const [text, message] of table)
    assert.throws(
      () => read(text),
      (error) => error instanceof UserError && message.test(error.message),
      text,
    );
  assert.throws(() => readKubeletConfig(join(folder, 'none')), /ENOENT/);
});

test('evictionOf() takes the file where no flag says otherwise', () => {
  const config = read(`${HEAD}evictionHard: {memory.available: 1Gi}\nevictionPressureTransitionPeriod: 1m`);
  assert.deepEqual(evictionOf({}, config).thresholds, [
    { signal: 'memory.available', value: { count: 2 ** 30 }, graceMs: 0 },
  ]);
  const { thresholds, transitionMs } = evictionOf({ evictionHard: 'pid.available<10' }, config);
  assert.deepEqual([thresholds.map(({ signal }) => signal), transitionMs], [['pid.available'], 60_000]);
});

test('syncOf() takes a duration, and leaves the kubelet its own where there is none', () => {
  assert.deepEqual(syncOf(read(`${HEAD}syncFrequency: 5s`)), { syncMs: 5000 });
  for (const text of ['', 'syncFrequency: 0s']) assert.deepEqual(syncOf(read(`${HEAD}${text}`)), {});
  assert.throws(
    () => syncOf(read(`${HEAD}syncFrequency: soon`)),
    /syncFrequency takes a duration such as 1m0s, not "soon"/,
  );
});
