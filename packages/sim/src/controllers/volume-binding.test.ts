import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  persistentVolume,
  type PersistentVolume,
  persistentVolumeClaim,
  type PersistentVolumeClaim,
  pod,
  storageClass,
} from '@navarch/api';
import {
  claimProtectionController,
  ephemeralVolumeController,
  volumeBindingController,
  volumeProtectionController,
} from '@navarch/controllers';
import type { Draft } from '@navarch/machinery';
import { ControlPlane } from '../testing/control-plane.ts';
import type { Faults } from '../testing/faulty-api.ts';

const volumeOf = (
  name: string,
  storage: string,
  spec: Draft<PersistentVolume['spec']> = {},
): Draft<PersistentVolume> => ({
  metadata: { name },
  spec: {
    capacity: { storage },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: `/data/${name}` },
    ...spec,
  },
});
const claimOf = (
  name: string,
  storage: string,
  spec: Draft<PersistentVolumeClaim['spec']> = {},
): Draft<PersistentVolumeClaim> => ({
  metadata: { name, namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, storageClassName: '', ...spec },
});

const start = (faults: Partial<Faults> = {}, seed = 1): Promise<ControlPlane> =>
  ControlPlane.start({
    controllers: [
      volumeBindingController(),
      ephemeralVolumeController,
      claimProtectionController,
      volumeProtectionController,
    ],
    faults,
    seed,
  });

/** `name: phase -> claim` of every volume and `name: phase -> volume` of every claim. */
async function told(plane: ControlPlane): Promise<readonly string[]> {
  await plane.clock.advance(5000);
  const volumes = (await plane.api.of(persistentVolume).list()).items;
  const claims = (await plane.api.of(persistentVolumeClaim).list()).items;
  return [
    ...volumes.map(
      ({ metadata, spec, status }) =>
        `${metadata.name}: ${status.phase} -> ${spec.claimRef?.name ?? ''}${spec.claimRef && !spec.claimRef.uid ? ' (kept)' : ''}`,
    ),
    ...claims.map(({ metadata, spec, status }) => `${metadata.name}: ${status.phase} -> ${spec.volumeName ?? ''}`),
  ];
}

interface Story {
  readonly volumes?: readonly Draft<PersistentVolume>[];
  readonly claims?: readonly Draft<PersistentVolumeClaim>[];
  readonly classes?: readonly { readonly name: string; readonly waits?: boolean; readonly provisioner?: string }[];
  readonly become: readonly string[];
  /** Of claims. */
  readonly events?: readonly string[];
}

const stories: Readonly<Record<string, Story>> = {
  'a claim gets the smallest volume that has room for it': {
    volumes: [volumeOf('big', '10Gi'), volumeOf('fits', '5Gi'), volumeOf('small', '1Gi')],
    claims: [claimOf('c', '2Gi')],
    become: ['big: Available -> ', 'fits: Bound -> c', 'small: Available -> ', 'c: Bound -> fits'],
  },
  'two claims get two volumes': {
    volumes: [volumeOf('a', '1Gi'), volumeOf('b', '1Gi')],
    claims: [claimOf('c', '1Gi'), claimOf('d', '1Gi')],
    become: ['a: Bound -> c', 'b: Bound -> d', 'c: Bound -> a', 'd: Bound -> b'],
  },
  'modes, class, volume mode and labels must suit': {
    volumes: [
      volumeOf('class', '5Gi', { storageClassName: 'x' }),
      volumeOf('label', '5Gi'),
      volumeOf('mode', '5Gi', { accessModes: ['ReadOnlyMany'] }),
      volumeOf('raw', '5Gi', { volumeMode: 'Block' }),
    ],
    claims: [claimOf('c', '1Gi', { selector: { matchLabels: { a: 'b' } } })],
    become: [
      'class: Available -> ',
      'label: Available -> ',
      'mode: Available -> ',
      'raw: Available -> ',
      'c: Pending -> ',
    ],
    events: ['FailedBinding: no persistent volumes available for this claim and no storage class is set'],
  },
  'a volume that was made for a claim is kept for it, though a smaller one is there': {
    volumes: [volumeOf('kept', '9Gi', { claimRef: { namespace: 'default', name: 'c' } }), volumeOf('small', '1Gi')],
    claims: [claimOf('c', '1Gi'), claimOf('d', '5Gi')],
    become: ['kept: Bound -> c', 'small: Available -> ', 'c: Bound -> kept', 'd: Pending -> '],
    events: ['FailedBinding: no persistent volumes available for this claim and no storage class is set'],
  },
  'a volume that is kept for a claim that has not come is available': {
    volumes: [volumeOf('kept', '9Gi', { claimRef: { namespace: 'default', name: 'c' } })],
    become: ['kept: Available -> c (kept)'],
  },
  'a claim that names its volume gets that one': {
    volumes: [volumeOf('big', '10Gi'), volumeOf('small', '1Gi')],
    claims: [claimOf('c', '1Gi', { volumeName: 'big' })],
    become: ['big: Bound -> c', 'small: Available -> ', 'c: Bound -> big'],
  },
  'a claim that names a volume too small for it waits': {
    volumes: [volumeOf('small', '1Gi')],
    claims: [claimOf('c', '2Gi', { volumeName: 'small' })],
    become: ['small: Available -> ', 'c: Pending -> small'],
    events: ['VolumeMismatch: Cannot bind to requested volume "small": requested PV is too small'],
  },
  'a claim waits for the first pod where its class says so': {
    classes: [{ name: 'late', waits: true }],
    volumes: [volumeOf('v', '1Gi', { storageClassName: 'late' })],
    claims: [claimOf('c', '1Gi', { storageClassName: 'late' })],
    become: ['v: Available -> ', 'c: Pending -> '],
    events: ['WaitForFirstConsumer: waiting for first consumer to be created before binding'],
  },
  'a provisioner is asked where no volume is there': {
    classes: [{ name: 'driver' }],
    claims: [claimOf('c', '1Gi', { storageClassName: 'driver' })],
    become: ['c: Pending -> '],
    events: [
      "ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'example.com/driver' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    ],
  },
  'a class that does not exist is named': {
    claims: [claimOf('c', '1Gi', { storageClassName: 'nope' })],
    become: ['c: Pending -> '],
    events: ['ProvisioningFailed: storageclass.storage.k8s.io "nope" not found'],
  },
  'a class without a provisioner makes nothing': {
    classes: [{ name: 'none', provisioner: 'kubernetes.io/no-provisioner' }],
    claims: [claimOf('c', '1Gi', { storageClassName: 'none' })],
    become: ['c: Pending -> '],
    events: ['ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner'],
  },
};

for (const [name, { volumes = [], claims = [], classes = [], become, events = [] }] of Object.entries(stories)) {
  test(`volumeBindingController: ${name}`, async () => {
    await using plane = await start();
    for (const { name: className, waits, provisioner = 'example.com/driver' } of classes)
      await plane.api.of(storageClass).create({
        metadata: { name: className },
        provisioner,
        volumeBindingMode: waits ? 'WaitForFirstConsumer' : 'Immediate',
      });
    for (const volume of volumes) await plane.api.of(persistentVolume).create(volume);
    await plane.clock.advance(1000);
    for (const claim of claims) {
      await plane.api.of(persistentVolumeClaim).create(claim);
      await plane.clock.advance(1000);
    }
    assert.deepEqual(await told(plane), become);
    assert.deepEqual(await plane.events('PersistentVolumeClaim'), events);
  });
}

test('volumeBindingController tells a bound claim what it got, and marks both sides', async () => {
  await using plane = await start();
  await plane.api
    .of(persistentVolume)
    .create(volumeOf('v', '5Gi', { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }));
  await plane.api.of(persistentVolumeClaim).create(claimOf('c', '1Gi'));
  await told(plane);
  const { status, metadata } = await plane.api.of(persistentVolumeClaim).get('default/c');
  assert.deepEqual(status, {
    phase: 'Bound',
    accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
    capacity: { storage: '5Gi' },
  });
  assert.deepEqual(metadata.annotations, {
    'pv.kubernetes.io/bind-completed': 'yes',
    'pv.kubernetes.io/bound-by-controller': 'yes',
  });
  const volume = await plane.api.of(persistentVolume).get('v');
  assert.deepEqual(volume.metadata.annotations, { 'pv.kubernetes.io/bound-by-controller': 'yes' });
  assert.equal(volume.spec.claimRef?.uid, metadata.uid);
});

test('volumeBindingController binds a claim once a volume comes', async () => {
  await using plane = await start();
  await plane.api.of(persistentVolumeClaim).create(claimOf('c', '1Gi'));
  assert.deepEqual(await told(plane), ['c: Pending -> ']);
  await plane.api.of(persistentVolume).create(volumeOf('v', '1Gi'));
  assert.deepEqual(await told(plane), ['v: Bound -> c', 'c: Bound -> v']);
});

test('volumeBindingController gives a claim that asks for no class the default one when that comes', async () => {
  await using plane = await start();
  const { storageClassName: _, ...spec } = claimOf('c', '1Gi').spec ?? {};
  await plane.api.of(persistentVolumeClaim).create({ ...claimOf('c', '1Gi'), spec });
  await plane.api.of(persistentVolumeClaim).create(claimOf('none', '1Gi'));
  await plane.clock.advance(1000);
  for (const [name, mark] of [
    ['a', 'false'],
    ['b', 'true'],
  ] as const)
    await plane.api.of(storageClass).create({
      metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': mark } },
      provisioner: 'example.com/driver',
    });
  await plane.clock.advance(1000);
  const classes = (await plane.list(persistentVolumeClaim)).map(({ spec: { storageClassName } }) => storageClassName);
  assert.deepEqual(classes, ['b', '']);
  assert.deepEqual(plane.counted('retroactive_storageclass_total'), [' 1']);
  assert.match((await plane.events('PersistentVolumeClaim')).at(-1) ?? '', /^ExternalProvisioning: /);
});

test('volumeBindingController releases a volume whose claim goes, and gives it to nobody else', async () => {
  await using plane = await start();
  await plane.api.of(persistentVolume).create(volumeOf('v', '1Gi'));
  await plane.api.of(persistentVolumeClaim).create(claimOf('c', '1Gi'));
  await told(plane);
  await plane.api.of(persistentVolumeClaim).delete('default/c');
  assert.deepEqual(await told(plane), ['v: Released -> c']);
  await plane.api.of(persistentVolumeClaim).create(claimOf('c', '1Gi'));
  assert.deepEqual(await told(plane), ['v: Released -> c', 'c: Pending -> ']);
  await plane.api.of(persistentVolume).delete('v');
  assert.deepEqual(await told(plane), ['c: Pending -> ']);
});

test('volumeBindingController calls a claim lost whose volume goes', async () => {
  await using plane = await start();
  await plane.api.of(persistentVolume).create(volumeOf('v', '1Gi'));
  await told(plane);
  await plane.api.of(persistentVolumeClaim).create(claimOf('c', '1Gi'));
  await told(plane);
  await plane.api.of(persistentVolume).delete('v');
  await plane.api
    .of(persistentVolume)
    .update('v', (current) => ({ ...current, metadata: { ...current.metadata, finalizers: [] } }));
  assert.deepEqual(await told(plane), ['c: Lost -> v']);
  assert.deepEqual(await plane.events('PersistentVolumeClaim'), [
    'ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
  ]);
});

const fates = [
  [
    'Delete',
    'VolumeFailedDelete: error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
  ],
  ['Recycle', 'VolumeFailedRecycle: No recycler plugin found for the volume!'],
] as const;
for (const [policy, event] of fates) {
  test(`volumeBindingController says that it cannot ${policy.toLowerCase()} what no provisioner made`, async () => {
    await using plane = await start();
    await plane.api.of(persistentVolume).create(volumeOf('v', '1Gi', { persistentVolumeReclaimPolicy: policy }));
    await plane.api.of(persistentVolumeClaim).create(claimOf('c', '1Gi'));
    await told(plane);
    await plane.api.of(persistentVolumeClaim).delete('default/c');
    assert.deepEqual(await told(plane), ['v: Failed -> c']);
    assert.deepEqual(await plane.events('PersistentVolume'), [event]);
  });
}

test('volumeBindingController binds every claim once, whatever is lost on the way', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    await using plane = await start({ loseAnswer: 0.15, refuse: 0.1, watchLagMs: 3000, breakWatch: 0.1 }, seed);
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await plane.api.of(persistentVolume).create(volumeOf(`v-${name}`, '1Gi'));
    for (const name of names) await plane.api.of(persistentVolumeClaim).create(claimOf(name, '1Gi'));
    await plane.clock.advance(180_000);
    const claims = (await plane.api.of(persistentVolumeClaim).list()).items;
    assert.deepEqual(
      claims.map(({ status }) => status.phase),
      names.map(() => 'Bound'),
      `seed ${seed}`,
    );
    assert.equal(new Set(claims.map(({ spec }) => spec.volumeName)).size, names.length, `seed ${seed}`);
  }
});

const ephemeral = (accessModes: ['ReadWriteOnce']): Draft<Parameters<typeof podOf>[0]> => ({
  containers: [{ name: 'c', image: 'i' }],
  volumes: [
    {
      name: 'scratch',
      ephemeral: {
        volumeClaimTemplate: {
          metadata: { labels: { a: 'b' } },
          spec: { accessModes, resources: { requests: { storage: '1Gi' } }, storageClassName: '' },
        },
      },
    },
  ],
});
const podOf = (spec: object): object => ({ metadata: { name: 'p', namespace: 'default' }, spec });

test('ephemeralVolumeController makes the claim of a pod, and says when the name is taken', async () => {
  await using plane = await start();
  await plane.withServiceAccount();
  await plane.api.of(pod).create(podOf(ephemeral(['ReadWriteOnce'])) as never);
  await plane.clock.advance(2000);
  const made = await plane.api.of(persistentVolumeClaim).get('default/p-scratch');
  const owner = await plane.api.of(pod).get('default/p');
  assert.deepEqual(made.metadata.labels, { a: 'b' });
  assert.deepEqual(made.metadata.ownerReferences, [
    { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: owner.metadata.uid, controller: true, blockOwnerDeletion: true },
  ]);

  await plane.api.of(persistentVolumeClaim).create(claimOf('q-scratch', '1Gi'));
  await plane.api
    .of(pod)
    .create({ ...podOf(ephemeral(['ReadWriteOnce'])), metadata: { name: 'q', namespace: 'default' } } as never);
  await plane.clock.advance(2000);
  assert.ok(
    (await plane.events('Pod')).includes(
      'FailedBinding: ephemeral volume scratch: PVC default/q-scratch was not created for pod default/q (pod is not owner)',
    ),
  );
});
