import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Pod } from '@navarch/api';
import { plainPart } from '../node-resources/container-part.ts';
import { cgroupParent, containerConfig, sandboxConfig } from '../container-config.ts';
import type { ContainerConfig, Input, LinuxContainerSecurityContext } from '../cri/index.ts';
import { textOfBytes } from '../environment/byte-text.ts';
import type { HeldImage } from '../images/images.ts';
import type { HostFacts } from '../ports.ts';
import { dnsConfig, dnsProblems } from './dns-config.ts';
import { hostsFile, nodeHostsFile } from './hosts-file.ts';
import { linuxResources } from './resources.ts';
import { refuseRoot } from './security-context.ts';
import { forbiddenSysctl } from './sysctls.ts';

const host = {
  memoryBytes: 8 * 2 ** 30,
  cgroupVersion: 1,
  resolvers: ['192.0.2.53'],
  searches: ['corp.example'],
  resolverOptions: ['edns0'],
} as unknown as HostFacts;
const dirs = { root: '/kubelet', podLogs: '/logs', cgroupRoot: '/nv' };
const dns = { clusterDns: '10.96.0.10', clusterDomain: 'cluster.local' };
const image: HeldImage = { ref: 'sha256:i', username: '' };

const podOf = (spec: object = {}, container: object = {}): Pod =>
  ({
    metadata: { name: 'web', namespace: 'ns', uid: 'u', labels: { app: 'x' }, annotations: { a: 'b' } },
    spec: { containers: [{ name: 'c', image: 'nginx', ...container }], dnsPolicy: 'ClusterFirst', ...spec },
    status: {},
  }) as unknown as Pod;

function configOf(pod: Pod, held: HeldImage = image, targetId?: string): Input<ContainerConfig> {
  const [container] = pod.spec.containers as [Container];
  return containerConfig(
    {
      pod,
      container,
      attempt: 2,
      image: held,
      environment: new Map([['A', '1']]),
      mounts: [],
      devices: [],
      part: plainPart,
      targetId,
    },
    dirs,
    host,
  );
}
const securityOf = (pod: Pod, held?: HeldImage): Input<LinuxContainerSecurityContext> =>
  configOf(pod, held).linux?.securityContext ?? {};

test("containerConfig() hands the container's own words on", () => {
  const { metadata, command, args, workingDir, envs, logPath, stdin, stdinOnce, tty, stopSignal, labels, annotations } =
    configOf(
      podOf(
        { terminationGracePeriodSeconds: 5 },
        {
          command: ['sh', '$(A)$(B)'],
          args: ['$$(A)'],
          workingDir: '/w',
          stdin: true,
          stdinOnce: true,
          tty: true,
          lifecycle: { stopSignal: 'SIGRTMIN+3' },
          terminationMessagePath: '/t',
          terminationMessagePolicy: 'File',
        },
      ),
    );
  assert.deepEqual(
    { metadata, command, args, workingDir, logPath, stdin, stdinOnce, tty, stopSignal },
    {
      metadata: { name: 'c', attempt: 2 },
      command: ['sh', '1$(B)'],
      args: ['$(A)'],
      workingDir: '/w',
      logPath: 'c/2.log',
      stdin: true,
      stdinOnce: true,
      tty: true,
      stopSignal: 'SIGNAL_SIGRTMINPLUS3',
    },
  );
  assert.deepEqual(envs, [{ key: 'A', value: new TextEncoder().encode('1') }]);
  assert.deepEqual(labels, {
    'io.kubernetes.pod.name': 'web',
    'io.kubernetes.pod.namespace': 'ns',
    'io.kubernetes.pod.uid': 'u',
    'io.kubernetes.container.name': 'c',
  });
  assert.equal(annotations?.['io.kubernetes.pod.terminationGracePeriod'], '5');
});

test('containerConfig() gives variables that are no UTF-8 as they are, and makes no words of commands of them', () => {
  const made = (container: object): Input<ContainerConfig> => {
    const pod = podOf({}, container);
    return containerConfig(
      {
        pod,
        container: pod.spec.containers[0] as Container,
        attempt: 0,
        image,
        environment: new Map([['A', textOfBytes(Uint8Array.of(0xff))]]),
        mounts: [],
        devices: [],
        part: plainPart,
        targetId: undefined,
      },
      dirs,
      host,
    );
  };
  assert.deepEqual(made({}).envs, [{ key: 'A', value: Uint8Array.of(0xff) }]);
  for (const words of [{ command: ['$(A)'] }, { args: ['$(A)'] }])
    assert.throws(() => made(words), {
      reason: 'CreateContainerError',
      message: /string field contains invalid UTF-8$/,
    });
});

test("a container's security context wins over its pod's, and its image has the last word on users", () => {
  const pod = podOf(
    {
      securityContext: {
        runAsUser: 1,
        runAsGroup: 2,
        fsGroup: 3,
        supplementalGroups: [4],
        supplementalGroupsPolicy: 'Strict',
        seccompProfile: { type: 'RuntimeDefault' },
        seLinuxOptions: { level: 's0' },
      },
    },
    {
      securityContext: {
        runAsUser: 9,
        capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        appArmorProfile: { type: 'Localhost', localhostProfile: 'p' },
      },
    },
  );
  const { namespaceOptions, maskedPaths, readonlyPaths, ...rest } = securityOf(pod);
  assert.deepEqual(rest, {
    privileged: false,
    readonlyRootfs: true,
    capabilities: { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] },
    noNewPrivs: true,
    seccomp: { profileType: 'RuntimeDefault' },
    apparmor: { profileType: 'Localhost', localhostRef: 'p' },
    selinuxOptions: { level: 's0' },
    supplementalGroups: [3, 4],
    supplementalGroupsPolicy: 'Strict',
    runAsUser: { value: 9 },
    runAsGroup: { value: 2 },
  });
  assert.deepEqual(namespaceOptions, { network: 'POD', pid: 'CONTAINER', ipc: 'POD' });
  assert.ok(maskedPaths?.includes('/proc/kcore') && readonlyPaths?.includes('/proc/sys'));
  assert.deepEqual(
    [
      securityOf(podOf(), { ...image, uid: 7 }).runAsUser,
      securityOf(podOf(), { ...image, username: 'me' }).runAsUsername,
    ],
    [{ value: 7 }, 'me'],
  );
});

test('profiles, masks and namespaces are as the pod asks', () => {
  const own = (securityContext: object, spec: object = {}): Input<LinuxContainerSecurityContext> =>
    securityOf(podOf(spec, { securityContext }));
  assert.deepEqual(own({}).seccomp, { profileType: 'Unconfined' });
  assert.deepEqual(own({ seccompProfile: { type: 'Localhost', localhostProfile: 'a/b.json' } }).seccomp, {
    profileType: 'Localhost',
    localhostRef: '/kubelet/seccomp/a/b.json',
  });
  assert.throws(() => own({ seccompProfile: { type: 'Localhost' } }), { reason: 'CreateContainerConfigError' });
  assert.deepEqual(
    [
      own({ privileged: true }).maskedPaths,
      own({ procMount: 'Unmasked' }).readonlyPaths,
      own({ privileged: true }).privileged,
    ],
    [[], [], true],
  );
  assert.deepEqual(own({}, { hostNetwork: true, hostPID: true, hostIPC: true }).namespaceOptions, {
    network: 'NODE',
    pid: 'NODE',
    ipc: 'NODE',
  });
  assert.deepEqual(configOf(podOf(), image, 'id').linux?.securityContext?.namespaceOptions, {
    network: 'POD',
    pid: 'TARGET',
    ipc: 'POD',
    targetId: 'id',
  });
  assert.deepEqual(own({}, { shareProcessNamespace: true }).namespaceOptions, {
    network: 'POD',
    pid: 'POD',
    ipc: 'POD',
  });
});

test('refuseRoot() refuses root, and whom it cannot tell from root', () => {
  const where = '(pod: "web_ns(u)", container: c)';
  const check = (held: HeldImage, own: object = {}, shared: object = { runAsNonRoot: true }): string | undefined => {
    const pod = podOf({ securityContext: shared }, { securityContext: own });
    try {
      refuseRoot(pod, pod.spec.containers[0] as Container, held);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(check(image), `container has runAsNonRoot and image will run as root ${where}`);
  assert.equal(check({ ...image, uid: 0 }), `container has runAsNonRoot and image will run as root ${where}`);
  assert.equal(
    check({ ...image, username: 'app' }),
    `container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root ${where}`,
  );
  assert.equal(check(image, { runAsUser: 0 }), `container's runAsUser breaks non-root policy ${where}`);
  for (const [held, own, shared] of [
    [{ ...image, uid: 5 }],
    [image, { runAsUser: 5 }],
    [image, {}, { runAsNonRoot: true, runAsUser: 5 }],
    [image, { runAsNonRoot: false }],
    [image, {}, {}],
  ] as const)
    assert.equal(check(held, own, shared), undefined);
});

test("sandboxConfig() is the pod's names, ports, settings and cgroup", () => {
  const pod = podOf(
    {
      hostname: 'h',
      subdomain: 's',
      securityContext: {
        runAsGroup: 5,
        sysctls: [
          { name: 'net/ipv4/tcp_rmem', value: '1' },
          { name: 'kernel.shm_rmid_forced', value: '0' },
        ],
      },
    },
    { ports: [{ containerPort: 80 }, { containerPort: 53, hostPort: 5353, protocol: 'UDP', hostIP: '127.0.0.1' }] },
  );
  const config = sandboxConfig(pod, 1, dirs, dns, host);
  assert.deepEqual(
    [config.hostname, config.logDirectory, config.portMappings, config.linux?.sysctls, config.linux?.cgroupParent],
    [
      'h',
      '/logs/ns_web_u',
      [{ protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIp: '127.0.0.1' }],
      { 'net.ipv4.tcp_rmem': '1', 'kernel.shm_rmid_forced': '0' },
      '/nv/kubepods/besteffort/podu',
    ],
  );
  assert.deepEqual(
    [config.linux?.securityContext?.runAsGroup, config.linux?.securityContext?.seccomp],
    [undefined, { profileType: 'RuntimeDefault' }],
  );
  assert.deepEqual(
    [
      sandboxConfig(podOf({ hostNetwork: true }), 0, dirs, dns, host).hostname,
      sandboxConfig(podOf({ hostname: 'h', subdomain: 's', setHostnameAsFQDN: true }), 0, dirs, dns, host).hostname,
    ],
    ['', 'h.s.ns.svc.cluster.local'],
  );
  assert.equal(
    sandboxConfig(podOf({ hostname: 'h', subdomain: 's', hostnameOverride: 'other.example' }), 0, dirs, dns, host)
      .hostname,
    'other.example',
  );
  assert.throws(
    () =>
      sandboxConfig(podOf({ hostname: 'h'.repeat(60), subdomain: 's', setHostnameAsFQDN: true }), 0, dirs, dns, host),
    /FQDN h+\.s\.ns\.svc\.cluster\.local is too long \(64 characters is the max, 83 characters requested\)/,
  );
  const mapped = sandboxConfig(podOf({ hostUsers: false }), 0, dirs, dns, host, undefined, {
    first: 131_072,
    count: 65_536,
  });
  const ids = [{ hostId: 131_072, containerId: 0, length: 65_536 }];
  assert.deepEqual(mapped.linux?.securityContext?.namespaceOptions?.usernsOptions, {
    mode: 'POD',
    uids: ids,
    gids: ids,
  });
  const long = podOf();
  assert.equal(
    sandboxConfig({ ...long, metadata: { ...long.metadata, name: `${'n'.repeat(62)}-tail` } }, 0, dirs, dns, host)
      .hostname,
    'n'.repeat(62),
  );
});

test('cgroupParent() is below the class of service', () => {
  const limits = { cpu: '1', memory: '1Gi' };
  assert.deepEqual(
    [
      podOf({}, { resources: { limits, requests: limits } }),
      podOf({}, { resources: { requests: { cpu: '1m' } } }),
      podOf(),
    ].map((pod) => cgroupParent(pod, '/nv')),
    ['/nv/kubepods/podu', '/nv/kubepods/burstable/podu', '/nv/kubepods/besteffort/podu'],
  );
});

test('linuxResources() turns requests into shares, limits into quotas, and asks into scores', () => {
  const of = (resources: object, spec: object = {}, more: object = {}): object => {
    const pod = podOf(spec, { resources, ...more });
    const {
      cpuPeriod: _,
      hugepageLimits: __,
      unified: ___,
      ...rest
    } = linuxResources(pod, pod.spec.containers[0] as Container, host);
    return rest;
  };
  assert.deepEqual(of({}), { cpuShares: 2, memoryLimitInBytes: 0, oomScoreAdj: 1000 });
  assert.deepEqual(of({ requests: { cpu: '250m', memory: '2Gi' } }), {
    cpuShares: 256,
    memoryLimitInBytes: 0,
    oomScoreAdj: 750,
  });
  assert.deepEqual(of({ limits: { cpu: '1500m', memory: '64Mi' }, requests: { cpu: '1m', memory: '1Mi' } }), {
    cpuShares: 2,
    cpuQuota: 150_000,
    memoryLimitInBytes: 2 ** 26,
    oomScoreAdj: 999,
  });
  assert.deepEqual(of({ limits: { cpu: '5m', memory: '1Gi' }, requests: { cpu: '5m', memory: '1Gi' } }), {
    cpuShares: 5,
    cpuQuota: 1000,
    memoryLimitInBytes: 2 ** 30,
    oomScoreAdj: -997,
  });
  assert.deepEqual(of({ requests: { memory: '8Gi' } }), { cpuShares: 2, memoryLimitInBytes: 0, oomScoreAdj: 3 });
  assert.deepEqual(of({ requests: { memory: '70Mi' } }), { cpuShares: 2, memoryLimitInBytes: 0, oomScoreAdj: 992 });
  assert.deepEqual(of({}, { priorityClassName: 'system-node-critical' }), {
    cpuShares: 2,
    memoryLimitInBytes: 0,
    oomScoreAdj: -997,
  });
  const pages = podOf({}, { resources: { limits: { 'hugepages-2Mi': '4Mi' }, requests: { 'hugepages-2Mi': '4Mi' } } });
  const found = linuxResources(pages, pages.spec.containers[0] as Container, { ...host, cgroupVersion: 2 });
  assert.deepEqual(
    [found.hugepageLimits, found.unified],
    [[{ pageSize: '2MB', limit: 2 ** 22 }], { 'memory.oom.group': '1' }],
  );
});

test('linuxResources() holds a container without limits by those of its pod, which keeps what its containers do not ask for', () => {
  const spec = {
    resources: { requests: { cpu: '100m', memory: '4Gi' }, limits: { cpu: '200m', memory: '6Gi' } },
    initContainers: [{ name: 'i' }],
  };
  const of = (resources: object): object => {
    const pod = podOf(spec, { resources });
    const { cpuShares, cpuQuota, memoryLimitInBytes, oomScoreAdj } = linuxResources(
      pod,
      pod.spec.containers[0] as Container,
      host,
    );
    return [cpuShares, cpuQuota, memoryLimitInBytes, oomScoreAdj];
  };
  assert.deepEqual(of({}), [204, 20_000, 6 * 2 ** 30, 750]);
  assert.deepEqual(of({ requests: { cpu: '50m', memory: '2Gi' }, limits: { cpu: '100m', memory: '3Gi' } }), [
    51,
    10_000,
    3 * 2 ** 30,
    625,
  ]);
});

test('linuxResources() kills those first that a sidecar serves', () => {
  const pod = podOf(
    { initContainers: [{ name: 's', restartPolicy: 'Always', resources: { requests: { memory: '1Mi' } } }] },
    { resources: { requests: { memory: '4Gi' } } },
  );
  assert.deepEqual(
    [pod.spec.initContainers?.[0], pod.spec.containers[0]].map(
      (c) => linuxResources(pod, c as Container, host).oomScoreAdj,
    ),
    [500, 500],
  );
});

test('dnsConfig() follows the policy, adds what the pod says, and keeps to what resolvers take', () => {
  const of = (spec: object): readonly string[] => {
    const { servers, searches, options } = dnsConfig(podOf(spec), dns, host);
    return [servers.join(' '), searches.join(' '), options.join(' ')];
  };
  const cluster = 'ns.svc.cluster.local svc.cluster.local cluster.local corp.example';
  assert.deepEqual(of({}), ['10.96.0.10', cluster, 'ndots:5']);
  assert.deepEqual(of({ dnsPolicy: 'Default' }), ['192.0.2.53', 'corp.example', 'edns0']);
  assert.deepEqual(of({ hostNetwork: true }), ['192.0.2.53', 'corp.example', 'edns0']);
  assert.deepEqual(of({ dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true }), ['10.96.0.10', cluster, 'ndots:5']);
  assert.deepEqual(
    of({
      dnsPolicy: 'None',
      dnsConfig: {
        nameservers: ['1', '2', '3', '4'],
        searches: ['a', 'a', 'b'],
        options: [{ name: 'ndots', value: '2' }, { name: 'x' }, { name: 'ndots', value: '3' }],
      },
    }),
    ['1 2 3', 'a b', 'ndots:3 x'],
  );
  assert.deepEqual(of({ dnsConfig: { options: [{ name: 'ndots', value: '1' }] } })[2], 'ndots:1');
  assert.equal(
    dnsConfig(
      podOf({ dnsPolicy: 'None', dnsConfig: { searches: Array.from({ length: 40 }, (_, i) => `s${i}`) } }),
      dns,
      host,
    ).searches.length,
    32,
  );
});

test('dnsProblems() tells what was left out, and of a cluster without DNS', () => {
  const pod = podOf({
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['1', '2', '3', '4'], searches: Array.from({ length: 33 }, (_, i) => `s${i}`) },
  });
  assert.deepEqual(
    dnsProblems(pod, dns, host).map(([reason, message]) => `${reason}: ${message.slice(0, 119)}`),
    [
      'DNSConfigForming: Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 1 2 3',
      'DNSConfigForming: Search Line limits were exceeded, some search paths have been omitted, the applied search line is: s0 s1 s2 s3 s4 s5 s6',
    ],
  );
  assert.deepEqual(dnsProblems(podOf(), { ...dns, clusterDns: '' }, host), [
    [
      'MissingClusterDNS',
      'pod: "web_ns(u)". kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.',
    ],
  ]);
  assert.deepEqual(dnsProblems(podOf(), dns, host), []);
});

test('hostsFile() names the pod by all its addresses', () => {
  const text = hostsFile(
    podOf({ hostname: 'h', subdomain: 's', hostAliases: [{ ip: '192.0.2.7', hostnames: ['a', 'b'] }] }),
    ['10.0.0.9', 'fd00::9'],
    'cluster.local',
  );
  assert.deepEqual(text.split('\n').slice(7), [
    '10.0.0.9\th.s.ns.svc.cluster.local\th',
    'fd00::9\th.s.ns.svc.cluster.local\th',
    '',
    '# Entries added by HostAliases.',
    '192.0.2.7\ta\tb',
    '',
  ]);
  assert.match(
    hostsFile(podOf(), ['10.0.0.9'], 'x'),
    /^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n[^]*\n10\.0\.0\.9\tweb\n$/,
  );
  assert.equal(
    nodeHostsFile(podOf(), '127.0.0.1 localhost\n'),
    '# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n',
  );
});

test('forbiddenSysctl() lets a pod set only what is its own and safe', () => {
  const of = (name: string, spec: object = {}): string | undefined =>
    forbiddenSysctl(podOf({ ...spec, securityContext: { sysctls: [{ name, value: '1' }] } }));
  assert.deepEqual([of('kernel.shm_rmid_forced'), of('net/ipv4/tcp_syncookies')], [undefined, undefined]);
  assert.equal(of('kernel.msgmax'), 'forbidden sysctl: "kernel.msgmax" not allowlisted');
  assert.equal(
    of('net.ipv4.tcp_syncookies', { hostNetwork: true }),
    'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled',
  );
  assert.equal(
    of('kernel.shm_rmid_forced', { hostIPC: true }),
    'forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host ipc enabled',
  );
});
