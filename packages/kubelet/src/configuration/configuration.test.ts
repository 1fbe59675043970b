import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeConfiguration, type CompleteConfiguration } from './complete.ts';
import { ConfigurationError, decodeConfiguration } from './decode.ts';
import { idleFields } from './idle.ts';
import { settingsOf } from './settings.ts';
import { validateConfiguration } from './validate.ts';

const HEAD = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' };
const whole = (said: object = {}): CompleteConfiguration =>
  completeConfiguration(decodeConfiguration({ ...HEAD, ...said }));

function refusal(said: object): string {
  try {
    validateConfiguration(whole(said));
    return 'accepted';
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
}

test('completeConfiguration() is valid and asks for nothing in vain where nothing is said', () => {
  const config = whole();
  validateConfiguration(config);
  assert.deepEqual(idleFields(config), []);
});

test('completeConfiguration() tells what is empty from what is left out', () => {
  const { evictionHard, enforceNodeAllocatable, healthzPort, resolvConf, authentication } = whole({
    evictionHard: {},
    enforceNodeAllocatable: [],
    healthzPort: 0,
    resolvConf: '',
    authentication: { anonymous: { enabled: true } },
  });
  assert.deepEqual(
    [evictionHard, enforceNodeAllocatable, healthzPort, resolvConf, authentication.anonymous],
    [{}, [], 0, '', { enabled: true }],
  );
  const merged = whole({
    evictionHard: { 'memory.available': '1Gi' },
    mergeDefaultEvictionSettings: true,
  }).evictionHard;
  assert.deepEqual([merged['memory.available'], merged['nodefs.available']], ['1Gi', '10%']);
});

test('validateConfiguration() refuses what upstream refuses, in its words', () => {
  const table: readonly (readonly [object, string])[] = [
    [{ maxPods: -1 }, 'maxPods (--max-pods) -1 must not be a negative number'],
    [{ oomScoreAdj: 2000 }, 'oomScoreAdj (--oom-score-adj) 2000 must be between -1000 and 1000, inclusive'],
    [{ readOnlyPort: 70_000 }, 'readOnlyPort (--read-only-port) 70000 must be between 0 and 65535, inclusive'],
    [{ nodeLeaseDurationSeconds: -4 }, 'nodeLeaseDurationSeconds must be greater than 0'],
    [
      { imageGCLowThresholdPercent: 85 },
      'imageGCLowThresholdPercent (--image-gc-low-threshold) 85 must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) 85',
    ],
    [{ imageMaximumGCAge: '1m' }, 'imageMaximumGCAge 1m must be greater than imageMinimumGCAge 2m0s'],
    [{ maxParallelImagePulls: 0 }, 'maxParallelImagePulls 0 must be a positive number'],
    [
      { serializeImagePulls: true, maxParallelImagePulls: 2 },
      'maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false',
    ],
    [
      { topologyManagerPolicy: 'best' },
      'topologyManagerPolicy (--topology-manager-policy) "best" must be one of: ["none" "best-effort" "restricted" "single-numa-node"]',
    ],
    [
      { memorySwap: { swapBehavior: 'UnlimitedSwap' } },
      'memorySwap.swapBehavior "UnlimitedSwap" must be one of: "", "LimitedSwap" or "NoSwap"',
    ],
    [{ configMapAndSecretChangeDetectionStrategy: 'Poll' }, 'unknown configmap and secret manager mode: "Poll"'],
    [
      { shutdownGracePeriod: '10s', shutdownGracePeriodCriticalPods: '20s' },
      'shutdownGracePeriodCriticalPods 20s must be <= shutdownGracePeriod 10s',
    ],
    [
      { crashLoopBackOff: { maxContainerRestartPeriod: '10m' } },
      'CrashLoopBackOff.MaxContainerRestartPeriod (got: 600 seconds) must be set between 1s and 300s',
    ],
    [{ containerLogMaxFiles: 1 }, 'containerLogMaxFiles must be greater than 1'],
    [
      { enforceNodeAllocatable: ['pods', 'system-reserved'] },
      'systemReservedCgroup (--system-reserved-cgroup) must be specified when "system-reserved" or "system-reserved-compressible" included in enforceNodeAllocatable (--enforce-node-allocatable)',
    ],
    [
      { hairpinMode: 'veth' },
      'option "veth" specified for hairpinMode (--hairpin-mode). Valid options are "none", "hairpin-veth" or "promiscuous-bridge"',
    ],
    [{ runOnce: true }, 'runOnce (--runOnce) true, Runonce mode has been deprecated and should not be set'],
  ];
  for (const [said, problem] of table)
    assert.equal(
      refusal(said),
      `failed to validate kubelet configuration, error: invalid configuration: ${problem}`,
      JSON.stringify(said),
    );
  assert.match(refusal({ maxPods: -1, port: -1 }), /error: \[invalid configuration: .*, invalid configuration: .*\]$/);
});

test('idleFields() says what is asked for in vain, and nothing of what is so already', () => {
  assert.deepEqual(idleFields(whole({ hairpinMode: 'promiscuous-bridge', rotateCertificates: true, maxPods: 3 })), []);
  assert.deepEqual(
    idleFields(whole({ enableServer: false, tracing: { samplingRatePerMillion: 1 } })).map(
      (remark) => remark.split(' ')[0],
    ),
    ['enableServer', 'tracing'],
  );
});

test('settingsOf() makes of a file what the kubelet goes by', () => {
  const { podsMax, pullsMax, pullRate, rules, logLimits, statusTimes, imageThresholds, verification } = settingsOf(
    whole({
      podsPerCore: 10,
      serializeImagePulls: true,
      registryPullQPS: 3,
      podPidsLimit: 500,
      userNamespaces: { idsPerPod: 131_072 },
      cpuCFSQuotaPeriod: '5ms',
      crashLoopBackOff: { maxContainerRestartPeriod: '20s' },
      memorySwap: { swapBehavior: 'LimitedSwap' },
      memoryThrottlingFactor: 0.8,
      memoryReservationPolicy: 'TieredReservation',
      containerLogMaxSize: '1Mi',
      containerLogMonitorInterval: '5s',
      nodeStatusUpdateFrequency: '4s',
      imageMaximumGCAge: '1h',
      imagePullCredentialsVerificationPolicy: 'NeverVerifyAllowlistedImages',
      preloadedImagesVerificationAllowlist: ['registry.example/team/*', 'busybox'],
    }),
    { cpus: 4 },
  );
  assert.deepEqual([podsMax, pullsMax, statusTimes], [40, 1, { lookMs: 4000, reportMs: 300_000 }]);
  assert.deepEqual(pullRate, { perSecond: 3, burst: 10 });
  assert.equal(settingsOf(whole({ registryPullQPS: 0 }), { cpus: 1 }).pullRate, undefined);
  assert.deepEqual(rules, {
    allowedUnsafeSysctls: [],
    sysctls: {},
    pidsMax: 500,
    hasCpuQuota: true,
    cpuPeriodUs: 5000,
    isSeccompDefault: false,
    hasSwap: true,
    memoryThrottlingFactor: 0.8,
    isMemoryTiered: true,
    restartSecondsMax: 20,
    userIdsPerPod: 131_072,
  });
  assert.deepEqual(logLimits, { fileBytesMax: 2 ** 20, filesMax: 5, workers: 1, lookMs: 5000 });
  assert.equal(imageThresholds?.unusedMsMax, 3_600_000);
  assert.deepEqual(
    ['registry.example/team/app:1', 'registry.example/other:1', 'busybox:latest'].map((image) =>
      verification?.allowed(image),
    ),
    [true, false, true],
  );
});
