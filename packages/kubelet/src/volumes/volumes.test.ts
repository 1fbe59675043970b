import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { SimClock } from '@navarch/sim';
import { PodVolumes } from './pod-volumes.ts';
import { memoryFiles, type MemoryFiles } from './testing/memory-files.ts';
import { testHost, type TestObjects } from './testing/test-host.ts';

const clock = new SimClock();
const VOLUME = '/kubelet/pods/u/volumes/v';

const podOf = (source: object, spec: object = {}, metadata: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '', ...metadata },
    spec: { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', ...source }], ...spec },
    status: { podIPs: [{ ip: '10.0.0.9' }] },
  }) as unknown as Pod;

interface Made {
  readonly files: MemoryFiles;
  readonly problem: string | undefined;
  readonly volumes: PodVolumes;
}

/** Makes the one volume of a pod. */
async function make(pod: Pod, objects: TestObjects = {}, files = memoryFiles()): Promise<Made> {
  const volumes = new PodVolumes({
    host: testHost(files, clock, objects),
    dirs: { root: '/kubelet', podLogs: '/logs', cgroupRoot: '/nv' },
    clock,
  });
  const [problem] = await volumes.prepare(pod, new AbortController().signal);
  return { files, problem: problem?.message.replace('MountVolume.SetUp failed for volume "v" : ', ''), volumes };
}

/** `path: text (mode user:group)` of every file that a container sees. */
async function contents(files: MemoryFiles): Promise<readonly string[]> {
  const target = (await files.readLink(`${VOLUME}/..data`)) ?? '';
  const found: string[] = [];
  for (const path of files.tree(`${VOLUME}/${target}`)) {
    if ((await files.kindOf(path)) !== 'file') continue;
    const name = path.slice(`${VOLUME}/${target}/`.length);
    assert.equal(await files.readText(`${VOLUME}/${name}`), await files.readText(path));
    found.push(`${name}: ${await files.readText(path)} (${files.ownerOf(path)})`);
  }
  return found;
}

const base64 = (text: string): string => btoa(text);
const settings = { data: { a: '1', b: '2' }, binaryData: { c: base64('3') } };

test('configMap volumes hold all keys, or those that are asked for, with their modes', async () => {
  const table: readonly (readonly [source: object, contents: readonly string[]])[] = [
    [{ name: 'm' }, ['a: 1 (644 0:0)', 'b: 2 (644 0:0)', 'c: 3 (644 0:0)']],
    [
      {
        name: 'm',
        defaultMode: 0o400,
        items: [
          { key: 'a', path: 'x/y' },
          { key: 'c', path: 'z', mode: 0o755 },
        ],
      },
      ['x/y: 1 (400 0:0)', 'z: 3 (755 0:0)'],
    ],
    [{ name: 'none', optional: true }, []],
    [
      {
        name: 'm',
        optional: true,
        items: [
          { key: 'a', path: 'a' },
          { key: 'missing', path: 'p' },
        ],
      },
      ['a: 1 (644 0:0)'],
    ],
  ];
  for (const [configMap, expected] of table) {
    const { files, problem } = await make(podOf({ configMap }), { configMaps: { m: settings } });
    assert.equal(problem, undefined);
    assert.deepEqual(await contents(files), expected);
  }
});

/** What is said of a volume of which nobody knows what it is. */
const unknown = (why: string): string =>
  `Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: ${why}`;

test("what is missing and not optional is said in upstream's words", async () => {
  const table: readonly (readonly [source: object, problem: string])[] = [
    [{ configMap: { name: 'none' } }, 'configmap "none" not found'],
    [{ secret: { secretName: 'none' } }, 'secret "none" not found'],
    [{ configMap: { name: 'm', items: [{ key: 'k', path: 'k' }] } }, 'configmap references non-existent config key: k'],
    [{ secret: { secretName: 's', items: [{ key: 'k', path: 'k' }] } }, 'references non-existent secret key: k'],
    [
      {
        projected: {
          sources: [{ configMap: { name: 'none' } }, { secret: { name: 'no' } }, { secret: { name: 'no' } }],
        },
      },
      '[configmap "none" not found, secret "no" not found]',
    ],
    [
      { projected: { sources: [{ clusterTrustBundle: { name: 'x', path: 'p' } }] } },
      'clustertrustbundle "x" not found',
    ],
    [
      { persistentVolumeClaim: { claimName: 'none' } },
      unknown(
        'error processing PVC ns/none: failed to fetch PVC from API server: persistentvolumeclaims "none" not found',
      ),
    ],
    [{ persistentVolumeClaim: { claimName: 'pending' } }, unknown('error processing PVC ns/pending: PVC is not bound')],
    [{ persistentVolumeClaim: { claimName: 'going' } }, unknown('error processing PVC ns/going: PVC is being deleted')],
    [
      { persistentVolumeClaim: { claimName: 'lost' } },
      unknown(
        'error processing PVC ns/lost: failed to fetch PV gone from API server: persistentvolumes "gone" not found',
      ),
    ],
    [
      { persistentVolumeClaim: { claimName: 'other' } },
      unknown(
        'error processing PVC ns/other: found PV object pv but its pv.Spec.ClaimRef.UID x does not point to claim.UID o',
      ),
    ],
    [
      { iscsi: { targetPortal: 's', iqn: 'i', lun: 0 } },
      unknown('failed to get Plugin from volumeSpec for volume "v" err=no volume plugin matched'),
    ],
    [{ hostPath: { path: '/no', type: 'Directory' } }, 'hostPath type check failed: /no is not a directory'],
    [{ hostPath: { path: '/dir', type: 'File' } }, 'hostPath type check failed: /dir is not a file'],
    [{ hostPath: { path: '/dir', type: 'FileOrCreate' } }, 'hostPath type check failed: /dir is not a file'],
    [
      { hostPath: { path: '/file', type: 'DirectoryOrCreate' } },
      'hostPath type check failed: /file is not a directory',
    ],
    [{ hostPath: { path: '/dir', type: 'Socket' } }, 'hostPath type check failed: /dir is not a socket file'],
    [
      { hostPath: { path: '/socket', type: 'CharDevice' } },
      'hostPath type check failed: /socket is not a character device',
    ],
    [
      { hostPath: { path: '/socket', type: 'BlockDevice' } },
      'hostPath type check failed: /socket is not a block device',
    ],
    [{ hostPath: { path: '/dir', type: 'Door' } }, 'Door is an invalid volume type'],
  ];
  for (const [source, expected] of table) {
    const files = memoryFiles();
    files.put('/dir', 'directory');
    files.put('/file', 'file');
    files.put('/socket', 'socket');
    const { problem } = await make(
      podOf(source),
      {
        configMaps: { m: settings },
        secrets: { s: { data: {} } },
        claims: {
          pending: { metadata: { namespace: 'ns', name: 'pending' }, spec: {}, status: { phase: 'Pending' } },
          going: { metadata: { namespace: 'ns', name: 'going', deletionTimestamp: 'now' }, spec: {} },
          lost: {
            metadata: { namespace: 'ns', name: 'lost' },
            spec: { volumeName: 'gone' },
            status: { phase: 'Bound' },
          },
          other: {
            metadata: { namespace: 'ns', name: 'other', uid: 'o' },
            spec: { volumeName: 'pv' },
            status: { phase: 'Bound' },
          },
        },
        persistentVolumes: { pv: { metadata: { name: 'pv' }, spec: { claimRef: { uid: 'x' } } } },
      },
      files,
    );
    assert.equal(problem, expected);
  }
});

test('hostPath volumes take what is there, make what they may, and leave it', async () => {
  const files = memoryFiles();
  files.put('/socket', 'socket');
  files.put('/null', 'character device');
  files.put('/disk', 'block device');
  for (const [path, type, kind] of [
    ['/new/dir', 'DirectoryOrCreate', 'directory'],
    ['/new/file', 'FileOrCreate', 'file'],
    ['/socket', 'Socket', 'socket'],
    ['/null', 'CharDevice', 'character device'],
    ['/disk', 'BlockDevice', 'block device'],
    ['/anything', '', undefined],
  ] as const) {
    const pod = podOf({ hostPath: { path, type } });
    const { problem, volumes } = await make(pod, {}, files);
    assert.equal(problem, undefined);
    assert.equal(await files.kindOf(path), kind);
    assert.equal(volumes.find(pod, 'v')?.path, path);
    await volumes.tearDown(pod);
    assert.equal(await files.kindOf(path), kind);
  }
});

test('secret, downwardAPI and projected volumes lie in memory, configMap volumes do not', async () => {
  const objects: TestObjects = { configMaps: { m: settings }, secrets: { s: { data: { k: base64('x') } } } };
  for (const [source, mount] of [
    [{ secret: { secretName: 's' } }, 'tmpfs mode=0777 size=4096'],
    [{ downwardAPI: { items: [] } }, 'tmpfs mode=0777 size=4096'],
    [{ projected: { sources: [] } }, 'tmpfs mode=0777 size=4096'],
    [{ configMap: { name: 'm' } }, undefined],
  ] as const) {
    const { files } = await make(podOf(source), objects);
    assert.equal(files.mounts.get(VOLUME), mount);
  }
});

test("emptyDir volumes are as large as the smallest of their, the pod's and the node's limits", async () => {
  const limited = (memory: string): object => ({ containers: [{ name: 'c', resources: { limits: { memory } } }] });
  for (const [emptyDir, spec, mount] of [
    [{}, {}, undefined],
    [{ medium: 'Memory' }, {}, 'tmpfs size=4096'],
    [{ medium: 'Memory', sizeLimit: '1Ki' }, {}, 'tmpfs size=1024'],
    [{ medium: 'Memory', sizeLimit: '1Ki' }, limited('512'), 'tmpfs size=512'],
    [{ medium: 'Memory', sizeLimit: '1Gi' }, {}, 'tmpfs size=4096'],
    [
      { medium: 'HugePages' },
      { containers: [{ name: 'c', resources: { requests: { 'hugepages-2Mi': '4Mi' } } }] },
      'hugetlbfs pagesize=2Mi',
    ],
    [
      { medium: 'HugePages-1Gi' },
      { containers: [{ name: 'c', resources: { requests: { 'hugepages-2Mi': '4Mi', 'hugepages-1Gi': '1Gi' } } }] },
      'hugetlbfs pagesize=1Gi',
    ],
  ] as const) {
    const { files, problem } = await make(podOf({ emptyDir }, spec));
    assert.equal(problem, undefined);
    assert.equal(files.mounts.get(VOLUME), mount);
    assert.equal(files.ownerOf(VOLUME), '777 0:0');
  }
  const { files } = await make(podOf({ emptyDir: {} }, { securityContext: { fsGroup: 5 } }));
  assert.equal(files.ownerOf(VOLUME), '2777 0:5');
});

test('emptyDir volumes of huge pages are of the one size that containers ask for', async () => {
  const asking = (...sizes: readonly string[]): object => ({
    containers: [
      { name: 'c', resources: { requests: Object.fromEntries(sizes.map((size) => [`hugepages-${size}`, '1Gi'])) } },
    ],
  });
  const of = async (medium: string, spec: object): Promise<string | undefined> =>
    (await make(podOf({ emptyDir: { medium } }, spec))).problem;
  const none = 'hugePages storage requested, but there is no resource request for huge pages';
  assert.equal(await of('HugePages', asking()), `medium HugePages: ${none}`);
  assert.equal(await of('HugePages-1Gi', asking('2Mi')), `medium HugePages-1Gi: ${none}`);
  assert.equal(
    await of('HugePages', asking('2Mi', '1Gi')),
    "medium: HugePages can't be used if container requests multiple huge page sizes",
  );
  assert.equal(await of('Paper', asking('2Mi')), 'unknown storage medium "Paper"');
});

test('downwardAPI volumes tell the pod about itself, and follow its labels', async () => {
  const items = [
    { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
    { path: 'one', fieldRef: { fieldPath: "metadata.annotations['a/b']" } },
    { path: 'cpu', resourceFieldRef: { containerName: 'c', resource: 'limits.cpu', divisor: '1m' } },
    {
      path: 'memory',
      resourceFieldRef: { containerName: 'c', resource: 'limits.memory', divisor: '1Ki' },
      mode: 0o400,
    },
  ];
  const metadata = { labels: { b: 'x', a: 'tab\t"q" \u0001é\u00a0' }, annotations: { 'a/b': 'note' } };
  const pod = podOf({ downwardAPI: { items } }, {}, metadata);
  const { files, volumes } = await make(pod);
  assert.deepEqual(await contents(files), [
    'cpu: 2000 (644 0:0)',
    'labels: a="tab\\t\\"q\\" \\x01é\\u00a0"\nb="x" (644 0:0)',
    'memory: 4 (400 0:0)',
    'one: note (644 0:0)',
  ]);
  assert.deepEqual(await volumes.refresh({ ...pod, metadata: { ...pod.metadata, labels: { c: 'y' } } }), []);
  assert.equal(await files.readText(`${VOLUME}/labels`), 'c="y"');
});

test("projected volumes join their sources; a token is its only user's or its group's", async () => {
  const sources = [
    { configMap: { name: 'm', items: [{ key: 'a', path: 'cfg/a' }] } },
    { secret: { name: 's' } },
    { serviceAccountToken: { path: 'token', expirationSeconds: 600, audience: 'vault' } },
    { downwardAPI: { items: [{ path: 'cfg/name', fieldRef: { fieldPath: 'metadata.name' } }] } },
  ];
  const objects: TestObjects = { configMaps: { m: settings }, secrets: { s: { data: { k: base64('x') } } } };
  const token = async (spec: object): Promise<string | undefined> =>
    (await contents((await make(podOf({ projected: { sources } }, spec), objects)).files)).find((line) =>
      line.startsWith('token'),
    );
  const { files } = await make(podOf({ projected: { sources, defaultMode: 0o440 } }), objects);
  assert.deepEqual(await contents(files), [
    'cfg/a: 1 (440 0:0)',
    'cfg/name: web (440 0:0)',
    'k: x (440 0:0)',
    'token: token of u for vault, 600 s (440 0:0)',
  ]);
  const two = (a: number, b: number): object => ({
    containers: [
      { name: 'a', securityContext: { runAsUser: a } },
      { name: 'b', securityContext: { runAsUser: b } },
    ],
  });
  assert.match((await token({ securityContext: { runAsUser: 1000 } })) ?? '', /\(600 1000:0\)$/);
  assert.match((await token({ securityContext: { fsGroup: 7 } })) ?? '', /\(640 0:7\)$/);
  assert.match((await token(two(5, 5))) ?? '', /\(600 5:0\)$/);
  assert.match((await token(two(5, 6))) ?? '', /\(644 0:0\)$/);
});

test('projected volumes hold each certificate of the bundles once', async () => {
  const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
  const bundles = [
    { name: 'one', signerName: 'x/y', labels: { env: 'p' }, pem: `# comment\n${pem('AAA')}${pem('BBB')}` },
    { name: 'two', signerName: 'x/y', labels: { env: 'p' }, pem: pem('AAA') },
    { name: 'three', signerName: 'x/y', labels: {}, pem: pem('CCC') },
    { name: 'four', signerName: '', labels: {}, pem: pem('DDD') },
  ];
  const hold = async (source: object): Promise<string | undefined> =>
    (
      await make(podOf({ projected: { sources: [{ clusterTrustBundle: { path: 'p', ...source } }] } }), { bundles })
    ).files.readText(`${VOLUME}/p`);
  assert.equal(
    await hold({ signerName: 'x/y', labelSelector: { matchLabels: { env: 'p' } } }),
    pem('AAA') + pem('BBB'),
  );
  assert.equal(await hold({ name: 'four' }), pem('DDD'));
  assert.equal(await hold({ name: 'none', optional: true }), '');
});

test('a claim shows the folder that it is bound to, and leaves it when the pod goes', async () => {
  const files = memoryFiles();
  files.put('/disks/1', 'directory');
  files.put('/disks/1/data', 'file', 'kept');
  const objects: TestObjects = {
    claims: { c: { metadata: { uid: 'c1' }, spec: { volumeName: 'pv' }, status: { phase: 'Bound' } } },
    persistentVolumes: {
      pv: { metadata: { name: 'pv' }, spec: { local: { path: '/disks/1' }, claimRef: { uid: 'c1' } } },
    },
  };
  const pod = podOf({ persistentVolumeClaim: { claimName: 'c', readOnly: true } });
  const { problem, volumes } = await make(pod, objects, files);
  assert.equal(problem, undefined);
  assert.equal(files.mounts.get(VOLUME), 'bind /disks/1 ro');
  await volumes.tearDown(pod);
  assert.deepEqual(
    [files.mounts.size, await files.kindOf(VOLUME), await files.readText('/disks/1/data')],
    [0, undefined, 'kept'],
  );
});

const ownVolume = {
  labels: { 'navarch.dev/node': 'node' },
  annotations: { 'pv.kubernetes.io/provisioned-by': 'navarch.dev/local' },
};
const bound = { spec: { volumeName: 'pv' }, status: { phase: 'Bound' } };

test('a claim of a volume that is a folder of this node gets the folder made, for every user, and nowhere else', async () => {
  const at = async (path: string, metadata: object): Promise<readonly unknown[]> => {
    const { files, problem } = await make(podOf({ persistentVolumeClaim: { claimName: 'c' } }), {
      claims: { c: { ...bound, metadata: { uid: 'c1' } } },
      persistentVolumes: {
        pv: { metadata: { name: 'pv', ...metadata }, spec: { local: { path }, claimRef: { uid: 'c1' } } },
      },
    });
    return [problem, files.ownerOf(path)];
  };
  const path = '/kubelet/local-volumes/pv';
  assert.deepEqual(await at(path, ownVolume), [undefined, '777 0:0']);
  const missing = 'MountVolume.NewMounter initialization failed for volume "pv" : path';
  assert.deepEqual(await at('/etc/other', ownVolume), [`${missing} "/etc/other" does not exist`, undefined]);
  assert.deepEqual(await at(path, {}), [`${missing} "${path}" does not exist`, undefined]);
  assert.deepEqual(await at(path, { ...ownVolume, labels: { 'navarch.dev/node': 'other' } }), [
    `${missing} "${path}" does not exist`,
    undefined,
  ]);
});

test("a claim of a path of the node is the path itself, by the rules of a pod's own", async () => {
  const files = memoryFiles();
  files.put('/file', 'file');
  const at = async (hostPath: object): Promise<readonly unknown[]> => {
    const pod = podOf({ persistentVolumeClaim: { claimName: 'c', readOnly: true } });
    const objects: TestObjects = {
      claims: { c: { ...bound, metadata: { uid: 'c1' } } },
      persistentVolumes: { pv: { metadata: { name: 'pv' }, spec: { hostPath, claimRef: { uid: 'c1' } } } },
    };
    const { problem, volumes } = await make(pod, objects, files);
    return [problem ?? volumes.find(pod, 'v'), files.mounts.size];
  };
  assert.deepEqual(await at({ path: '/not/there' }), [{ path: '/not/there', isReadOnly: true }, 0]);
  assert.deepEqual(await at({ path: '/file', type: 'Directory' }), [
    'MountVolume.SetUp failed for volume "pv" : hostPath type check failed: /file is not a directory',
    0,
  ]);
});

test('an ephemeral volume is the claim that was made for the pod', async () => {
  const of = async (owner: string): Promise<readonly unknown[]> => {
    const { files, problem } = await make(podOf({ ephemeral: { volumeClaimTemplate: { spec: {} } } }), {
      claims: { 'web-v': { ...bound, metadata: { uid: 'c1', ownerReferences: [{ uid: owner, controller: true }] } } },
      persistentVolumes: {
        pv: {
          metadata: { name: 'pv', ...ownVolume },
          spec: { local: { path: '/kubelet/local-volumes/pv' }, claimRef: { uid: 'c1' } },
        },
      },
    });
    return [problem, files.mounts.get(VOLUME)];
  };
  const [problem, mount] = await of('u');
  assert.equal(problem, undefined);
  assert.match(String(mount), /^bind \/kubelet\/local-volumes\/pv/);
  assert.deepEqual(await of('another'), [
    unknown('PVC ns/web-v was not created for pod ns/web (pod is not owner)'),
    undefined,
  ]);
});

test('a folder of a file server is mounted, read-only where it is asked for, by its address', async () => {
  const table: readonly (readonly [nfs: object, mount: string])[] = [
    [{ server: 'nas', path: '/a' }, 'nfs nas:/a'],
    [{ server: 'nas', path: '/a', readOnly: true }, 'nfs nas:/a ro'],
    [{ server: '2001:db8::1', path: '/' }, 'nfs [2001:db8::1]:/'],
  ];
  for (const [nfs, mount] of table) {
    const { files, problem, volumes } = await make(podOf({ nfs }));
    assert.deepEqual([problem, files.mounts.get(VOLUME)], [undefined, mount]);
    await volumes.tearDown(podOf({ nfs }));
    assert.deepEqual([files.mounts.size, await files.kindOf(VOLUME)], [0, undefined]);
  }
});

test('a claim on a folder of a file server is mounted with the options of its volume', async () => {
  const objects: TestObjects = {
    claims: { c: { metadata: { uid: 'c1' }, spec: { volumeName: 'pv' }, status: { phase: 'Bound' } } },
    persistentVolumes: {
      pv: {
        metadata: { name: 'pv' },
        spec: { nfs: { server: 'nas', path: '/a' }, mountOptions: ['vers=4.2'], claimRef: { uid: 'c1' } },
      },
    },
  };
  const { files, problem } = await make(podOf({ persistentVolumeClaim: { claimName: 'c', readOnly: true } }), objects);
  assert.deepEqual([problem, files.mounts.get(VOLUME)], [undefined, 'nfs nas:/a vers=4.2 ro']);
});

test('a file server that refuses is told of in the words of mount', async () => {
  const files = memoryFiles();
  files.mount = async () => Promise.reject(new Error('mount.nfs: access denied by server'));
  const { problem } = await make(podOf({ nfs: { server: 'nas', path: '/a' } }), {}, files);
  assert.equal(problem, 'mount failed: mount.nfs: access denied by server');
});

test('PodVolumes tries what failed again, each time after twice as long', async () => {
  const { volumes } = await make(podOf({ configMap: { name: 'none' } }));
  const pauses = [volumes.retryAt - clock.now()];
  for (let i = 0; i < 9; i++) {
    await volumes.prepare(podOf({ configMap: { name: 'none' } }), new AbortController().signal);
    pauses.push(volumes.retryAt - clock.now());
  }
  assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 122_000, 122_000]);
});

test('PodVolumes says of the whole pod when its volumes are missing for long', async () => {
  const pod = podOf({ configMap: { name: 'none' } });
  const { volumes } = await make(pod);
  await clock.advance(122_000);
  assert.equal((await volumes.prepare(pod, new AbortController().signal)).length, 1);
  await clock.advance(1000);
  assert.deepEqual(
    (await volumes.prepare(pod, new AbortController().signal)).map(({ message }) => message),
    [
      'MountVolume.SetUp failed for volume "v" : configmap "none" not found',
      'Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[]: context deadline exceeded',
    ],
  );
  assert.equal((await volumes.prepare(pod, new AbortController().signal)).length, 1);
});

test('PodVolumes makes volumes while another one takes its time, and says all that cannot be made', async () => {
  const files = memoryFiles();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const mount = files.mount.bind(files);
  files.mount = async (...args) => {
    await answered;
    return mount(...args);
  };
  const volumes = [
    { name: 'slow', nfs: { server: 'nas', path: '/a' } },
    { name: 'v', configMap: { name: 'settings' } },
    { name: 'w', configMap: { name: 'none' } },
    { name: 'x', secret: { secretName: 'none' } },
  ];
  const made = make(podOf({}, { volumes }), { configMaps: { settings } }, files);
  for (let i = 0; i < 50; i++) await Promise.resolve();
  assert.equal(await files.readText(`${VOLUME}/a`), '1');
  answer();
  const problems = await (await made).volumes.prepare(podOf({}, { volumes }), new AbortController().signal);
  assert.deepEqual(
    problems.map(({ volume }) => volume),
    ['w', 'x'],
  );
});

test('PodVolumes takes the others away where one cannot be', async () => {
  const files = memoryFiles();
  const volumes = ['a', 'b', 'c'].map((name) => ({ name, emptyDir: {} }));
  const pod = podOf({}, { volumes });
  const { volumes: made } = await make(pod, {}, files);
  const removeTree = files.removeTree.bind(files);
  files.removeTree = async (path) => {
    if (path.endsWith('/a')) throw new Error('busy');
    return removeTree(path);
  };
  await assert.rejects(made.tearDown(pod), /busy/);
  const left = await Promise.all(['a', 'b', 'c'].map((name) => files.kindOf(`/kubelet/pods/u/volumes/${name}`)));
  assert.deepEqual(left, ['directory', undefined, undefined]);
});

test('PodVolumes brings nothing up to date that is being taken away', async () => {
  const pod = podOf({ downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } });
  const { files, volumes } = await make(pod);
  await Promise.allSettled([volumes.refresh(pod), volumes.tearDown(pod), volumes.refresh(pod)]);
  assert.deepEqual([files.mounts.size, await files.kindOf(VOLUME)], [0, undefined]);
});

test('a claim for a block device is a link to it, and leaves the device', async () => {
  const files = memoryFiles();
  files.put('/dev/sdz', 'block device');
  const objects: TestObjects = {
    claims: { c: { metadata: { uid: 'c1' }, spec: { volumeName: 'pv' }, status: { phase: 'Bound' } } },
    persistentVolumes: {
      pv: {
        metadata: { name: 'pv' },
        spec: { volumeMode: 'Block', local: { path: '/dev/sdz' }, claimRef: { uid: 'c1' } },
      },
    },
  };
  const pod = podOf({ persistentVolumeClaim: { claimName: 'c', readOnly: true } });
  const { problem, volumes } = await make(pod, objects, files);
  assert.deepEqual(
    [problem, await files.readLink(volumes.find(pod, 'v')?.path ?? ''), volumes.find(pod, 'v')?.isReadOnly],
    [undefined, '/dev/sdz', true],
  );
  await volumes.tearDown(pod);
  assert.deepEqual([await files.readLink(VOLUME), await files.kindOf('/dev/sdz')], [undefined, 'block device']);
});

test("projected certificates lie in one file or in several, their user's alone where there is one user", async () => {
  const podCertificate = {
    signerName: 'example.com/s',
    keyType: 'ED25519',
    credentialBundlePath: 'bundle',
    keyPath: 'key',
    certificateChainPath: 'chain',
  };
  const table: readonly (readonly [spec: object, owner: string])[] = [
    [{}, '644 0:0'],
    [{ securityContext: { runAsUser: 1000 } }, '600 1000:0'],
    [{ securityContext: { fsGroup: 2000 } }, '640 0:2000'],
  ];
  for (const [spec, owner] of table) {
    const { files, problem } = await make(podOf({ projected: { sources: [{ podCertificate }] } }, spec));
    assert.equal(problem, undefined);
    const chain = `example.com/s for ${VOLUME} 0\n`;
    assert.deepEqual(await contents(files), [
      `bundle: key of u\n${chain} (${owner})`,
      `chain: ${chain} (${owner})`,
      `key: key of u\n (${owner})`,
    ]);
  }
});
