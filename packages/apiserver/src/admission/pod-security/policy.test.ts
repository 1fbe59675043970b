import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '@navarch/api';
import { findings, findingsText, type Level, policyOf } from './policy.ts';

const good = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const container = (securityContext: object = {}, more: object = {}) => ({
  name: 'c',
  image: 'i',
  securityContext: { ...good, ...securityContext },
  ...more,
});
const safe = { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } };
const spec = (of: object = {}, ...containers: readonly object[]): PodSpec =>
  ({ ...safe, containers: containers.length > 0 ? containers : [container()], ...of }) as unknown as PodSpec;
const told = (level: Level, of: PodSpec, minor = 37, annotations: Readonly<Record<string, string>> = {}): string =>
  findingsText(findings({ level, minor, version: 'latest' }, { annotations }, of));
const pod = (securityContext: object): PodSpec =>
  spec({ securityContext: { ...safe.securityContext, ...securityContext } });

test('a pod that keeps every control is let through everywhere', () => {
  for (const level of ['privileged', 'baseline', 'restricted'] as const) assert.equal(told(level, spec()), '');
});

for (const [text, of] of [
  [
    'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    pod({ appArmorProfile: { type: 'Unconfined' } }),
  ],
  [
    'non-default capabilities (container "c" must not include "NET_ADMIN", "SYS_TIME" in securityContext.capabilities.add)',
    spec({}, container({ capabilities: { drop: ['ALL'], add: ['SYS_TIME', 'NET_ADMIN', 'CHOWN'] } })),
  ],
  [
    'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
    spec({ hostNetwork: true, hostPID: true, hostIPC: true }),
  ],
  [
    'hostPath volumes (volumes "a", "b")',
    spec({
      volumes: [
        { name: 'a', hostPath: { path: '/' } },
        { name: 'b', hostPath: { path: '/' } },
        { name: 'e', emptyDir: {} },
      ],
    }),
  ],
  [
    'hostPort (container "c" uses hostPorts 80, 81)',
    spec(
      {},
      container(
        {},
        { ports: [{ containerPort: 1, hostPort: 80 }, { containerPort: 2, hostPort: 81 }, { containerPort: 3 }] },
      ),
    ),
  ],
  [
    'privileged (containers "i", "c" must not set securityContext.privileged=true)',
    spec({ initContainers: [{ name: 'i', securityContext: { privileged: true } }] }, container({ privileged: true })),
  ],
  [
    'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    spec({}, container({ procMount: 'Unmasked' })),
  ],
  [
    'seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    spec(
      { securityContext: { ...safe.securityContext, seLinuxOptions: { type: 'spc_t' } } },
      container({ seLinuxOptions: { user: 'u' } }),
    ),
  ],
  [
    'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    pod({ seccompProfile: { type: 'Unconfined' } }),
  ],
  [
    'forbidden sysctls (kernel.msgmax, net.core.somaxconn)',
    pod({ sysctls: [{ name: 'kernel.msgmax' }, { name: 'net.ipv4.tcp_rmem' }, { name: 'net.core.somaxconn' }] }),
  ],
  [
    'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
    pod({ windowsOptions: { hostProcess: true } }),
  ],
  [
    'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")',
    spec({}, container({}, { livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } } })),
  ],
] as const) {
  test(`baseline refuses: ${text}`, () => {
    assert.equal(told('baseline', of), text);
    assert.equal(told('privileged', of), '');
    assert.ok(told('restricted', of) !== '');
  });
}

for (const [text, of] of [
  [
    'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
    spec({}, container({ allowPrivilegeEscalation: undefined })),
  ],
  [
    'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "CHOWN" in securityContext.capabilities.add)',
    spec({}, container({ capabilities: { add: ['CHOWN', 'NET_BIND_SERVICE'] } })),
  ],
  [
    'restricted volume types (volume "n" uses restricted volume type "nfs")',
    spec({ volumes: [{ name: 'n', nfs: { server: 's', path: '/' } }] }),
  ],
  [
    'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
    spec({ securityContext: { seccompProfile: { type: 'Localhost' } } }),
  ],
  [
    'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
    spec({}, container({ runAsNonRoot: false })),
  ],
  ['runAsUser=0 (pod must not set runAsUser=0)', pod({ runAsUser: 0 })],
  [
    'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    spec({ securityContext: { runAsNonRoot: true } }),
  ],
] as const) {
  test(`restricted refuses: ${text}`, () => {
    assert.equal(told('restricted', of), text);
    assert.equal(told('baseline', of), '');
  });
}

test('a control holds since the release that brought it', () => {
  assert.equal(told('restricted', pod({ runAsUser: 0 }), 22), '');
  assert.equal(
    told('baseline', spec({}, container({}, { livenessProbe: { tcpSocket: { host: 'h', port: 1 } } })), 33),
    '',
  );
  assert.equal(
    told('baseline', pod({ sysctls: [{ name: 'net.ipv4.tcp_rmem' }] }), 31),
    'forbidden sysctls (net.ipv4.tcp_rmem)',
  );
  assert.match(
    told('restricted', spec({}, container({ capabilities: { add: ['SYS_TIME'] } })), 21),
    /^non-default capabilities/,
  );
});

test('pods for Windows need not keep what Windows does not have', () => {
  assert.equal(
    told(
      'restricted',
      spec({ os: { name: 'windows' }, securityContext: { runAsNonRoot: true } }, { name: 'c', image: 'i' }),
    ),
    '',
  );
});

test('AppArmor annotations count beside the fields', () => {
  const key = 'container.apparmor.security.beta.kubernetes.io/c';
  assert.equal(
    told('baseline', spec(), 37, { [key]: 'unconfined' }),
    `forbidden AppArmor profile (annotation "${key}"="unconfined")`,
  );
  assert.equal(told('baseline', spec(), 37, { [key]: 'localhost/x' }), '');
});

test('policyOf() takes what it cannot read for the strictest where pods are refused, and says what it could not read', () => {
  const { policy, errors } = policyOf({
    'pod-security.kubernetes.io/enforce': 'strict',
    'pod-security.kubernetes.io/warn': 'baseline',
    'pod-security.kubernetes.io/warn-version': 'v1.2.3',
  });
  assert.deepEqual(
    [policy.enforce.level, policy.audit.level, policy.warn.level, policy.warn.version],
    ['restricted', 'privileged', 'baseline', 'latest'],
  );
  assert.deepEqual(
    errors.map((error) => error.detail),
    ['must be one of privileged, baseline, restricted', 'must be "latest" or "v1.x"'],
  );
});
