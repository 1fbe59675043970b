import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../user-error.ts';
import { evictionOf, evictionTexts } from './eviction-flags.ts';
import { effectiveConfig, heededFields, readKubeletConfig } from './kubelet-config.ts';

const folder = mkdtempSync('/tmp/nv-config-');
after(() => rmSync(folder, { recursive: true }));
const HEAD = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

function read(text: string): ReturnType<typeof readKubeletConfig> {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, text);
  return readKubeletConfig(file);
}

/** As `kubeadm init` writes it. */
const KUBEADM = `${HEAD}authentication:
  anonymous: {enabled: false}
  webhook: {cacheTTL: 0s, enabled: true}
  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
authorization:
  mode: Webhook
  webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}
cgroupDriver: systemd
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
containerRuntimeEndpoint: ""
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {}
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
httpCheckFrequency: 0s
imageMaximumGCAge: 0s
imageMinimumGCAge: 0s
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
memorySwap: {}
nodeStatusReportFrequency: 0s
nodeStatusUpdateFrequency: 0s
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
shutdownGracePeriodCriticalPods: 0s
staticPodPath: /etc/kubernetes/manifests
streamingConnectionIdleTimeout: 0s
syncFrequency: 0s
volumeStatsAggPeriod: 0s
`;

test("readKubeletConfig() takes what kubeadm writes, and the kubelet's own for everything that it leaves open", () => {
  const config = effectiveConfig(read(KUBEADM).said);
  const { staticPodPath, clusterDNS, maxPods, syncFrequency, authentication, port, evictionHard } = config;
  assert.deepEqual(
    [staticPodPath, clusterDNS, maxPods, syncFrequency, authentication.webhook.cacheTTL, port],
    ['/etc/kubernetes/manifests', ['10.96.0.10'], 110, '1m0s', '2m0s', 10250],
  );
  assert.equal(evictionHard['memory.available'], '100Mi');
});

test('readKubeletConfig() says in one sentence what it cannot read', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['{', /^failed to load kubelet config file, path: .*config.yaml, error: /],
    ['- a', /Object 'Kind' is missing/],
    ['kind: Pod', /Object 'apiVersion' is missing/],
    [
      `${HEAD}maxPods: many`,
      /json: cannot unmarshal string into Go struct field KubeletConfiguration.maxPods of type int32$/,
    ],
    [`${HEAD}syncFrequency: soon`, /failed to decode: time: invalid duration "soon"$/],
  ];
  for (const [text, message] of table)
    assert.throws(
      () => read(text),
      (error) => error instanceof UserError && message.test(error.message),
      text,
    );
  assert.throws(() => readKubeletConfig(join(folder, 'none')), /ENOENT/);
  assert.throws(
    () => effectiveConfig(read(`${HEAD}maxPods: -1`).said),
    (error) => error instanceof UserError && error.message.includes('maxPods (--max-pods) -1 must not be a negative'),
  );
});

test('readKubeletConfig() passes over what only a strict reader refuses, and says so', () => {
  const { said, remark } = read(`${HEAD}foo: 1\nauthentication: {bar: 2}\nmaxPods: 1\nmaxPods: 2`);
  assert.equal(said.maxPods, 2);
  assert.match(
    remark ?? '',
    /^Using lenient decoding as strict decoding failed: .*config.yaml: strict decoding error: line 6: key "maxPods" already set in map, unknown field "authentication.bar", unknown field "foo"$/,
  );
  assert.equal(read(`${HEAD}maxPods: 1`).remark, undefined);
});

test('evictionOf() takes the file where no flag says otherwise', () => {
  const { said: config } = read(`${HEAD}evictionHard: {memory.available: 1Gi}\nevictionPressureTransitionPeriod: 1m`);
  assert.deepEqual(evictionOf(effectiveConfig(config)).thresholds, [
    { signal: 'memory.available', value: { count: 2 ** 30 }, graceMs: 0 },
  ]);
  const { thresholds, transitionMs } = evictionOf(
    effectiveConfig({ ...config, ...evictionTexts({ evictionHard: 'pid.available<10' }) }),
  );
  assert.deepEqual([thresholds.map(({ signal }) => signal), transitionMs], [['pid.available'], 60_000]);
});

test('heededFields() keeps the fields that there are, and says which change nothing', () => {
  assert.deepEqual(heededFields({ maxPods: 5, cgroupDriver: 'systemd', keepTerminatedPodVolumes: true }), {
    fields: { maxPods: 5, cgroupDriver: 'systemd' },
    remarks: [
      'keepTerminatedPodVolumes is not heeded: there is no such field',
      'cgroupDriver is not heeded: control groups are always made as folders',
    ],
  });
  assert.throws(() => heededFields({ maxPods: 'x' }), /KubeletConfiguration: .*cannot unmarshal string/);
});
