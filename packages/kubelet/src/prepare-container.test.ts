import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Pod } from '@navarch/api';
import { SimClock } from '@navarch/sim';
import type { ContainerConfig, ContainerRuntime, Input } from './cri/index.ts';
import { Images } from './images/images.ts';
import type { HostFacts, ImageMounts } from './ports.ts';
import { plainPart } from './node-resources/container-part.ts';
import { prepareContainer } from './prepare-container.ts';
import { UserIds } from './user-ids/user-ids.ts';
import { IDS_UNIT } from './user-ids/id-range.ts';
import { PodVolumes } from './volumes/pod-volumes.ts';
import { memoryFiles } from './volumes/testing/memory-files.ts';
import { testHost } from './volumes/testing/test-host.ts';

const clock = new SimClock();
const dirs = { root: '/kubelet', podLogs: '/logs', cgroupRoot: '/nv' };
const signal = new AbortController().signal;

/** A node on which one container of a pod is prepared. */
class Node {
  readonly files = memoryFiles();
  readonly events: string[] = [];
  readonly abilities = { hasImageVolumes: false, hasRecursiveReadOnlyMounts: false };
  readonly #runtime = {
    features: () => this.abilities,
    listContainers: async ({ filter }: { filter: { labelSelector: object } }) => ({
      containers: Object.values(filter.labelSelector).includes('app') ? [{ id: 'id of app' }] : [],
    }),
    imageStatus: async ({ image }: { image: { image: string } }) => ({
      image: { id: `id of ${image.image}`, username: '', uid: { value: 5 } },
    }),
  } as unknown as ContainerRuntime;

  imageMounts: ImageMounts | undefined = undefined;
  ips: readonly string[] = ['10.0.0.9'];

  async prepare(
    container: object,
    volumes: readonly object[] = [],
    spec: object = {},
  ): Promise<Input<ContainerConfig>> {
    const pod = {
      metadata: { name: 'web', namespace: 'ns', uid: 'u' },
      spec: {
        containers: [{ name: 'c', image: 'nginx', imagePullPolicy: 'IfNotPresent', ...container }],
        volumes,
        ...spec,
      },
      status: {},
    } as unknown as Pod;
    const podVolumes = new PodVolumes({
      host: testHost(this.files, clock, { configMaps: { m: { data: { key: 'v' } } } }),
      dirs,
      clock,
    });
    assert.deepEqual(await podVolumes.prepare(pod, new AbortController().signal), []);
    return prepareContainer(
      {
        pod,
        container: pod.spec.containers[0] as Container,
        attempt: 1,
        ips: this.ips,
        event: (type, reason, message) => this.events.push(`${type} ${reason}: ${message}`),
      },
      podVolumes,
      {
        runtime: this.#runtime,
        files: this.files,
        ...(this.imageMounts ? { imageMounts: this.imageMounts } : {}),
        images: new Images({ runtime: this.#runtime, clock, files: this.files, dirs }),
        dirs,
        resources: { partOf: async () => plainPart },
        userIds: new UserIds({ files: this.files, dirs, idsPerPod: IDS_UNIT, podsMax: 2 }),
        dns: { clusterDns: '', clusterDomain: 'x' },
        host: { memoryBytes: 1, cgroupVersion: 1 } as HostFacts,
        pullSecrets: async () => [],
        sources: async () => ({
          configMap: () => ({ data: { 'a=b': '1' } }) as never,
          secret: () => undefined,
          services: [],
          podIPs: [],
          hostIPs: ['192.0.2.1', '2001:db8::1'],
          nodeName: 'n',
          allocatable: {},
        }),
      },
      signal,
    );
  }

  async mounts(container: object, volumes: readonly object[], spec: object = {}): Promise<readonly string[]> {
    const { mounts = [] } = await this.prepare(container, volumes, spec);
    return mounts.map(
      (m) =>
        `${m.containerPath} <- ${m.image?.image ?? m.hostPath}${m.imageSubPath ? ` at ${m.imageSubPath}` : ''}${m.readonly ? ' ro' : ''}${m.recursiveReadOnly ? ' all' : ''}${m.propagation && m.propagation !== 'PROPAGATION_PRIVATE' ? ` ${m.propagation}` : ''}`,
    );
  }
}

const E = { name: 'e', emptyDir: {} };
const H = { name: 'h', hostPath: { path: '/data' } };
const HOSTS = '/etc/hosts <- /kubelet/pods/u/etc-hosts';

test("prepareContainer() mounts volumes, hosts and the message file; what is the cluster's is read-only", async () => {
  const node = new Node();
  assert.deepEqual(
    await node.mounts(
      {
        terminationMessagePath: '/dev/termination-log',
        volumeMounts: [
          { name: 'e', mountPath: '/e' },
          { name: 'h', mountPath: 'rel', readOnly: true, mountPropagation: 'HostToContainer' },
          { name: 'm', mountPath: '/m' },
        ],
      },
      [E, H, { name: 'm', configMap: { name: 'm' } }],
    ),
    [
      '/e <- /kubelet/pods/u/volumes/e',
      '/rel <- /data ro PROPAGATION_HOST_TO_CONTAINER',
      '/m <- /kubelet/pods/u/volumes/m ro',
      HOSTS,
      '/dev/termination-log <- /kubelet/pods/u/containers/c/1',
    ],
  );
  assert.equal(node.files.ownerOf('/kubelet/pods/u/containers/c/1'), '666 0:0');
  assert.deepEqual(await new Node().mounts({ volumeMounts: [{ name: 'e', mountPath: '/etc/hosts' }] }, [E]), [
    '/etc/hosts <- /kubelet/pods/u/volumes/e',
  ]);
});

test("prepareContainer() tells a pod its addresses of both families, on the host's network the node's", async () => {
  const node = new Node();
  const env = ['status.podIP', 'status.podIPs'].map((fieldPath) => ({
    name: fieldPath.slice('status.'.length),
    valueFrom: { fieldRef: { fieldPath } },
  }));
  const told = async (spec: object): Promise<readonly string[]> =>
    ((await node.prepare({ env }, [], spec)).envs ?? []).map(
      ({ key, value = new Uint8Array() }) => `${key}=${new TextDecoder().decode(value)}`,
    );
  node.ips = ['10.0.0.9', 'fd00::9'];
  assert.deepEqual(await told({}), ['podIP=10.0.0.9', 'podIPs=10.0.0.9,fd00::9']);
  assert.match((await node.files.readText('/kubelet/pods/u/etc-hosts')) ?? '', /^10\.0\.0\.9\tweb\nfd00::9\tweb$/m);
  node.ips = [];
  assert.deepEqual(await told({ hostNetwork: true }), ['podIP=192.0.2.1', 'podIPs=192.0.2.1,2001:db8::1']);
});

test('prepareContainer() shows what is mounted to the users that a pod has of its own', async () => {
  const container = { volumeMounts: [{ name: 'e', mountPath: '/e' }] };
  const own = [{ hostId: 65_536, containerId: 0, length: 65_536 }];
  const config = await new Node().prepare(container, [E], { hostUsers: false });
  assert.deepEqual(
    config.mounts?.map(({ containerPath, uidMappings, gidMappings }) => [containerPath, uidMappings, gidMappings]),
    ['/e', '/etc/hosts'].map((path) => [path, own, own]),
  );
  assert.deepEqual(config.linux?.securityContext?.namespaceOptions?.usernsOptions?.uids, own);
  const plain = await new Node().prepare(container, [E]);
  assert.ok(plain.mounts?.every(({ uidMappings }) => uidMappings === undefined));
  assert.equal(plain.linux?.securityContext?.namespaceOptions?.usernsOptions, undefined);
});

test('prepareContainer() gives a subPath a place of its own, anew for every instance', async () => {
  const node = new Node();
  const container = {
    env: [{ name: 'NAME', value: 'x' }],
    volumeMounts: [
      { name: 'e', mountPath: '/a', subPath: 'in/side' },
      { name: 'e', mountPath: '/b', subPathExpr: '$(NAME)-$$(NAME)' },
    ],
  };
  for (let i = 0; i < 2; i++)
    assert.deepEqual(await node.mounts(container, [E]), [
      '/a <- /kubelet/pods/u/volume-subpaths/e/c/0',
      '/b <- /kubelet/pods/u/volume-subpaths/e/c/1',
      HOSTS,
    ]);
  assert.deepEqual(
    [...node.files.mounts],
    [
      ['/kubelet/pods/u/volume-subpaths/e/c/0', 'bind /kubelet/pods/u/volumes/e/in/side'],
      ['/kubelet/pods/u/volume-subpaths/e/c/1', 'bind /kubelet/pods/u/volumes/e/x-$(NAME)'],
    ],
  );
});

test("prepareContainer() refuses what cannot be mounted, in upstream's words", async () => {
  const node = new Node();
  node.files.put('/data/out', 'link', '/etc');
  node.files.put('/etc/secret', 'file');
  const table: readonly (readonly [container: object, message: string])[] = [
    [{ volumeMounts: [{ name: 'none', mountPath: '/x' }] }, 'cannot find volume "none" to mount into container "c"'],
    [
      { volumeMounts: [{ name: 'h', mountPath: '/x', subPath: 'out/secret' }] },
      'failed to prepare subPath for volumeMount "h" of container "c"',
    ],
    [
      { volumeMounts: [{ name: 'e', mountPath: '/x', subPath: '/abs' }] },
      'error SubPath `/abs` must not be an absolute path',
    ],
    [
      { env: [{ name: 'UP', value: '..' }], volumeMounts: [{ name: 'e', mountPath: '/x', subPathExpr: 'a/$(UP)' }] },
      "unable to provision SubPath `a/..`: must not contain '..'",
    ],
    [{ volumeMounts: [{ name: 'e', mountPath: '/x', subPathExpr: '$(NONE)' }] }, 'missing value for "NONE"'],
    [
      { volumeMounts: [{ name: 'i', mountPath: '/x' }] },
      'volume "i" is an image: the container runtime of this node cannot mount images',
    ],
    [
      { volumeMounts: [{ name: 'e', mountPath: '/x', readOnly: true, recursiveReadOnly: 'Enabled' }] },
      'volume "e" requested recursive read-only mode, but it is not supported by the runtime',
    ],
    [{ volumeDevices: [{ name: 'e', devicePath: '/dev/x' }] }, 'cannot find volume "e" to pass into container "c"'],
    [
      { env: [{ name: 'X', valueFrom: { fileKeyRef: { volumeName: 'none', path: 'f', key: 'k' } } }] },
      'cannot find the volume "none" referenced by FileKeyRef',
    ],
    [
      { securityContext: { runAsNonRoot: true, runAsUser: 0 } },
      'container\'s runAsUser breaks non-root policy (pod: "web_ns(u)", container: c)',
    ],
  ];
  for (const [container, message] of table)
    await assert.rejects(node.prepare(container, [E, H, { name: 'i', image: { reference: 'files:1' } }]), {
      message,
      reason: 'CreateContainerConfigError',
    });
});

test('prepareContainer() brings images that are mounted, and makes mounts read-only all the way where that is possible', async () => {
  const node = new Node();
  Object.assign(node.abilities, { hasImageVolumes: true, hasRecursiveReadOnlyMounts: true });
  assert.deepEqual(
    await node.mounts(
      {
        volumeMounts: [
          { name: 'i', mountPath: '/i', subPath: 'part' },
          { name: 'e', mountPath: '/e', readOnly: true, recursiveReadOnly: 'IfPossible' },
        ],
      },
      [E, { name: 'i', image: { reference: 'files:1', pullPolicy: 'IfNotPresent' } }],
    ),
    ['/i <- id of docker.io/library/files:1 at part ro', '/e <- /kubelet/pods/u/volumes/e ro all', HOSTS],
  );
  assert.equal(node.events.filter((e) => e.startsWith('Normal Pulled: Container image "files:1"')).length, 1);
});

test('prepareContainer() shows images on the node, once each, for a runtime that mounts none', async () => {
  const node = new Node();
  const shown: string[] = [];
  node.imageMounts = {
    async mount(ref, path) {
      shown.push(`${ref} at ${path}`);
      node.files.put(`${path}/part/file`, 'file');
      await node.files.mount(path, { type: 'tmpfs', options: [] });
    },
    unmount: async () => undefined,
  };
  const container = {
    volumeMounts: [
      { name: 'i', mountPath: '/i' },
      { name: 'i', mountPath: '/p', subPath: 'part' },
    ],
  };
  const volumes = [{ name: 'i', image: { reference: 'files:1', pullPolicy: 'IfNotPresent' } }];
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await node.mounts(container, volumes), [
      '/i <- /kubelet/pods/u/volumes/i ro',
      '/p <- /kubelet/pods/u/volume-subpaths/i/c/1 ro',
      HOSTS,
    ]);
  }
  assert.deepEqual(shown, ['id of docker.io/library/files:1 at /kubelet/pods/u/volumes/i']);
});

test('prepareContainer() says which keys became no variables', async () => {
  const node = new Node();
  await node.prepare({ envFrom: [{ configMapRef: { name: 'odd' } }] });
  assert.ok(
    node.events.includes(
      'Warning InvalidEnvironmentVariableNames: Keys [a=b] from the EnvFrom configMap ns/odd were skipped since they are considered invalid environment variable names.',
    ),
  );
});

test('prepareContainer() lets an ephemeral container see the processes of its target', async () => {
  const { linux } = await new Node().prepare({ targetContainerName: 'app' });
  assert.deepEqual(linux?.securityContext?.namespaceOptions, {
    network: 'POD',
    pid: 'TARGET',
    ipc: 'POD',
    targetId: 'id of app',
  });
  await assert.rejects(new Node().prepare({ targetContainerName: 'gone' }), {
    message: 'unable to find target container gone',
  });
});

test('prepareContainer() says which pull secrets are not there', async () => {
  const node = new Node();
  await node.prepare({}, [], { imagePullSecrets: [{ name: 'a' }, { name: 'b' }] });
  assert.equal(
    node.events[0],
    'Warning FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed.',
  );
});

test('prepareContainer() reads a file of variables, and follows no link out of its volume', async () => {
  const node = new Node();
  node.files.put('/kubelet/pods/u/volumes/e/f.env', 'file', "K='v'");
  node.files.put('/kubelet/pods/u/volumes/e/evil.env', 'link', '/etc/secret.env');
  node.files.put('/etc/secret.env', 'file', "K='s'");
  const container = (path: string): object => ({
    env: [{ name: 'X', valueFrom: { fileKeyRef: { volumeName: 'e', path, key: 'K' } } }],
  });
  const { envs = [] } = await node.prepare(container('f.env'), [E]);
  assert.deepEqual(envs, [{ key: 'X', value: new TextEncoder().encode('v') }]);
  await assert.rejects(node.prepare(container('evil.env'), [E]), {
    message: 'environment file "evil.env" leads out of volume "e"',
    reason: 'CreateContainerConfigError',
  });
});
