import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Pod } from '@navarch/api';
import { linuxResources } from './container/resources.ts';
import { containerSecurity } from './container/security-context.ts';
import { forbiddenSysctl, sysctlsOf } from './container/sysctls.ts';
import { hugePages, withEviction } from './node-capacity.ts';
import { backOffSeconds } from './pod-machine/restart.ts';
import { ORDINARY_RULES, type PodRules } from './pod-rules.ts';

const podOf = (spec: object, container: object = {}): Pod =>
  ({
    metadata: { name: 'web', namespace: 'ns', uid: 'u' },
    spec: { containers: [{ name: 'c', image: 'i', ...container }], ...spec },
    status: {},
  }) as unknown as Pod;
const rules = (more: Partial<PodRules>): PodRules => ({ ...ORDINARY_RULES, ...more });
const sysctl = (name: string, more: object = {}): Pod =>
  podOf({ securityContext: { sysctls: [{ name, value: '1' }] }, ...more });

test('forbiddenSysctl() lets pods set what the node allows besides what is safe', () => {
  const allowed = rules({ allowedUnsafeSysctls: ['net.core.*', 'kernel/msgmax'] });
  assert.match(forbiddenSysctl(sysctl('net.core.somaxconn')) ?? '', /not allowlisted/);
  assert.equal(forbiddenSysctl(sysctl('net.core.somaxconn'), allowed), undefined);
  assert.equal(forbiddenSysctl(sysctl('kernel.msgmax'), allowed), undefined);
  assert.match(forbiddenSysctl(sysctl('kernel.msgmnb'), allowed) ?? '', /not allowlisted/);
  assert.match(forbiddenSysctl(sysctl('net.core.somaxconn', { hostNetwork: true }), allowed) ?? '', /host net enabled/);
});

test("sysctlsOf() gives pods the node's settings, unless they say otherwise or share with the host what they are of", () => {
  const usual = rules({ sysctls: { 'net.ipv4.tcp_syncookies': '0', 'kernel.shm_rmid_forced': '1' } });
  assert.deepEqual(sysctlsOf(sysctl('net.ipv4.tcp_syncookies').spec, usual), {
    'net.ipv4.tcp_syncookies': '1',
    'kernel.shm_rmid_forced': '1',
  });
  assert.deepEqual(sysctlsOf(podOf({ hostNetwork: true }).spec, usual), { 'kernel.shm_rmid_forced': '1' });
});

test("containerSecurity() confines by the runtime's profile where the node says so and the pod nothing", () => {
  const profileOf = (pod: Pod, isSeccompDefault: boolean): string | undefined =>
    containerSecurity(pod, pod.spec.containers[0] as Container, {
      image: { ref: 'i', username: '' },
      root: '/k',
      targetId: undefined,
      isSeccompDefault,
    }).seccomp?.profileType;
  const unconfined = podOf({ securityContext: { seccompProfile: { type: 'Unconfined' } } });
  assert.deepEqual(
    [profileOf(podOf({}), false), profileOf(podOf({}), true), profileOf(unconfined, true)],
    ['Unconfined', 'RuntimeDefault', 'Unconfined'],
  );
});

test('linuxResources() keeps to the period and the swap that the node has for pods', () => {
  const host = { memoryBytes: 8 * 2 ** 30, cgroupVersion: 2 as const, swap: { bytes: 4 * 2 ** 30, isCounted: true } };
  const half = podOf({}, { resources: { requests: { memory: '2Gi' }, limits: { memory: '4Gi', cpu: '1' } } });
  const resources = (pod: Pod, of: object, more: Partial<PodRules>) =>
    linuxResources(pod, pod.spec.containers[0] as Container, { ...host, ...of }, false, rules(more));
  const swapOf = (pod: Pod, of: object = {}, hasSwap = true) =>
    resources(pod, of, { hasSwap }).unified?.['memory.swap.max'];
  const critical = { ...half, spec: { ...half.spec, priorityClassName: 'system-cluster-critical' } };
  const equal = { memory: '2Gi', cpu: '1' };
  const guaranteed = podOf({}, { resources: { requests: equal, limits: equal } });
  assert.deepEqual(
    [swapOf(half), swapOf(half, {}, false), swapOf(critical), swapOf(guaranteed), swapOf(podOf({}))],
    [String(2 ** 30), '0', '0', '0', '0'],
  );
  assert.equal(swapOf(half, { swap: { bytes: 2 ** 30, isCounted: false } }), undefined);
  assert.equal(resources(half, { cgroupVersion: 1 }, {}).memorySwapLimitInBytes, 4 * 2 ** 30);
  const { cpuPeriod, cpuQuota } = resources(half, {}, { cpuPeriodUs: 10_000 });
  assert.deepEqual([cpuPeriod, cpuQuota], [10_000, 10_000]);
  assert.equal(resources(half, {}, { hasCpuQuota: false }).cpuQuota, undefined);
});

test('linuxResources() holds up and keeps memory for containers as the node has it, by the class of their pod', () => {
  const host = { memoryBytes: 2 ** 30, cgroupVersion: 2 as const };
  const memory = (requests: string | undefined, limits: string | undefined, cpu?: string): Pod => {
    const of = (text: string | undefined): object => ({ ...(text ? { memory: text } : {}), ...(cpu ? { cpu } : {}) });
    return podOf({}, { resources: { requests: of(requests), limits: of(limits) } });
  };
  const found = (pod: Pod, more: Partial<PodRules>, of: object = {}) => {
    const { unified = {} } = linuxResources(
      pod,
      pod.spec.containers[0] as Container,
      { ...host, ...of },
      false,
      rules(more),
    );
    return ['memory.high', 'memory.min', 'memory.low'].map((name) => unified[name]);
  };
  const [guaranteed, limited, open, best] = [
    memory('1Mi', '1Mi', '1'),
    memory('1Mi', '2Mi'),
    memory('1Mi', undefined),
    memory(undefined, undefined),
  ];
  const nothing = [undefined, undefined, undefined];
  const factor = { memoryThrottlingFactor: 0.9, memoryAllocatable: 2 ** 29 };
  const pages = (bytes: number): string => String(Math.floor(bytes / 4096) * 4096);
  assert.deepEqual(
    [guaranteed, limited, open, best].map((pod) => found(pod, {})),
    [nothing, nothing, nothing, nothing],
  );
  assert.deepEqual(
    [guaranteed, memory('1Mi', '1Mi'), limited, open, best].map((pod) => found(pod, factor)[0]),
    [undefined, undefined, pages(2 ** 20 * 1.9), pages(2 ** 20 + (2 ** 29 - 2 ** 20) * 0.9), pages(2 ** 29 * 0.9)],
  );
  assert.deepEqual(
    [guaranteed, limited, best].map((pod) => found(pod, { isMemoryTiered: true })),
    [[undefined, '1048576', undefined], [undefined, undefined, '1048576'], nothing],
  );
  assert.deepEqual(found(limited, { ...factor, isMemoryTiered: true }, { cgroupVersion: 1 }), nothing);
});

test('backOffSeconds() waits no longer than the node has it', () => {
  const ending = (failures: number) => ({ failures, startedAt: 0, finishedAt: 1000 }) as never;
  assert.deepEqual(
    [1, 2, 3, 9].map((failures) => backOffSeconds(ending(failures), { restartSecondsMax: 15 })),
    [10, 15, 15, 15],
  );
  assert.equal(backOffSeconds(ending(9), {}), 300);
});

test('withEviction() keeps from pods what must be left, and memory that is large pages', () => {
  const host = { cpus: 2, memoryBytes: 2 ** 30, diskBytes: 1000, hugePages: { '2Mi': 4 * 2 ** 20 } };
  const thresholds = [
    { signal: 'memory.available' as const, value: { count: 100 }, graceMs: 0 },
    { signal: 'memory.available' as const, value: { count: 900 }, graceMs: 1000 },
    { signal: 'nodefs.available' as const, value: { part: 0.1 }, graceMs: 0 },
  ];
  const eviction = { settings: { thresholds, transitionMs: 0, podGraceSecondsMax: 0 } };
  assert.deepEqual(withEviction({ cpu: 5, memory: 1 }, host, eviction), {
    cpu: 5,
    memory: 101 + 4 * 2 ** 20,
    'ephemeral-storage': 100,
  });
  assert.deepEqual(hugePages(host), { 'hugepages-2Mi': '4Mi' });
  assert.deepEqual(hugePages({ cpus: 2, memoryBytes: 1, diskBytes: 1 }), {
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
  });
});
