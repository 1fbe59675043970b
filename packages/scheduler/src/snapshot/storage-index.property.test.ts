import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  csiDriver,
  csiNode,
  persistentVolume,
  persistentVolumeClaim,
  type Pod,
  storageClass,
  volumeAttachment,
} from '@navarch/api';
import { type ApiObject, type Kind } from '@navarch/machinery';
import fc from 'fast-check';
import { Cycle } from '../cycle.ts';
import { nodeVolumeLimits } from '../plugins/node-volume-limits.ts';
import { volumeRestrictions } from '../plugins/volume-restrictions.ts';
import { nodeOf, objectsOf, podOf, profileOf } from '../testing/builders.ts';
import { Memory } from '../verdicts.ts';
import { Snapshot } from './snapshot.ts';

const NODES = ['a', 'b'];
const CLAIMS = ['c0', 'c1', 'c2', 'c3'];
const VOLUMES = ['v0', 'v1', 'v2'];
const DRIVERS = ['d.example.com', 'e.example.com'];
const MODES = ['ReadWriteOnce', 'ReadWriteOncePod'];

const nodeName = fc.constantFrom(...NODES);
const claimName = fc.constantFrom(...CLAIMS);
const volumeName = fc.constantFrom(...VOLUMES);
const driver = fc.constantFrom(...DRIVERS);
const isGone = fc.boolean();

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('pod' as const), which: fc.nat(5), nodeName, isGone }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('claim' as const),
      claimName,
      volumeName: fc.option(volumeName, { nil: undefined }),
      mode: fc.constantFrom(...MODES),
      isGone,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('volume' as const), volumeName, driver, isGone }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('limit' as const), nodeName, driver, count: fc.nat(2), isGone }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('attach' as const), nodeName, volumeName, isGone }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('class' as const), driver, isGone }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('flicker' as const), nodeName }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const using = (name: string, ...claims: readonly string[]): Pod =>
  podOf(name, {
    spec: { volumes: claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: claim } })) },
  });
const podAt = (index: number): Pod =>
  using(`p${index}`, CLAIMS[index % 4] as string, CLAIMS[(index * 3 + 1) % 4] as string);

/** Claims that are bound, and nodes that take a few of their volumes: the rest of a history is about changes of that. */
const BEGINNING: readonly Step[] = [
  ...VOLUMES.map((name) => ({
    type: 'volume' as const,
    volumeName: name,
    driver: DRIVERS[0] as string,
    isGone: false,
  })),
  ...CLAIMS.map((name, i) => ({
    type: 'claim' as const,
    claimName: name,
    volumeName: VOLUMES[i % VOLUMES.length],
    mode: MODES[0] as string,
    isGone: false,
  })),
  ...NODES.map((name, i) => ({
    type: 'limit' as const,
    nodeName: name,
    driver: DRIVERS[0] as string,
    count: 1 + i,
    isGone: false,
  })),
];

/** Objects that change, and a list of each kind for whoever reads them. */
class Objects {
  readonly lists = new Map<Kind<any>, ApiObject[]>(
    [persistentVolumeClaim, persistentVolume, storageClass, csiNode, volumeAttachment].map((kind) => [kind, []]),
  );
  /** One of the drivers will not have its pods where it is not. */
  readonly reader = objectsOf(...this.lists, [
    csiDriver,
    [{ metadata: { name: DRIVERS[1] }, spec: { preventPodSchedulingIfMissing: true } }],
  ]);

  put<O extends ApiObject>(kind: Kind<O>, object: object, isGone: boolean): readonly [O | undefined, O | undefined] {
    const list = this.lists.get(kind) ?? [];
    const current = object as O;
    const at = list.findIndex(({ metadata }) => metadata.name === current.metadata.name);
    const previous = at < 0 ? undefined : (list.splice(at, 1)[0] as O);
    if (!isGone) list.push(current);
    return [isGone ? undefined : current, previous];
  }
}

test('what is told of storage keeps what is counted on every node true', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const objects = new Objects();
      const [followed, asking] = [new Snapshot(objects.reader), new Snapshot(objects.reader)];
      const { storage } = followed;
      storage.follow();
      const both = (change: (snapshot: Snapshot) => void): void => [followed, asking].forEach(change);
      both((snapshot) => NODES.forEach((name) => snapshot.setNode(nodeOf(name))));
      const memory = new Memory();
      const misfits = (snapshot: Snapshot, pod: Pod): object => {
        const cycle = new Cycle(pod, snapshot, profileOf(volumeRestrictions, nodeVolumeLimits), { memory });
        const expected = { pod: podAt(3), template: snapshot.templateOf(podAt(3)) };
        return cycle.nodes.map((node) => [
          cycle.misfitOf(node),
          cycle.misfitAfter(node, [expected], []),
          cycle.misfitAfter(node, [], [...node.pods.values()]),
        ]);
      };
      for (const each of [...BEGINNING, ...steps]) {
        const isGone = 'isGone' in each && each.isGone;
        if (each.type === 'pod')
          both((snapshot) =>
            isGone ? snapshot.unplace(podAt(each.which)) : snapshot.place(podAt(each.which), each.nodeName),
          );
        else if (each.type === 'flicker')
          both((snapshot) => {
            snapshot.removeNode(each.nodeName);
            snapshot.setNode(nodeOf(each.nodeName));
          });
        else if (each.type === 'claim')
          storage.claimChanged(
            ...objects.put(
              persistentVolumeClaim,
              {
                metadata: { name: each.claimName, namespace: 'default' },
                spec: { accessModes: [each.mode], storageClassName: 'class', volumeName: each.volumeName },
              },
              isGone,
            ),
          );
        else if (each.type === 'volume')
          storage.volumeChanged(
            ...objects.put(
              persistentVolume,
              {
                metadata: { name: each.volumeName },
                spec: { csi: { driver: each.driver, volumeHandle: each.volumeName } },
              },
              isGone,
            ),
          );
        else if (each.type === 'limit')
          storage.driversChanged(
            ...objects.put(
              csiNode,
              {
                metadata: { name: each.nodeName },
                spec: { drivers: [{ name: each.driver, allocatable: { count: each.count } }] },
              },
              isGone,
            ),
          );
        else if (each.type === 'attach')
          storage.attachmentChanged(
            ...objects.put(
              volumeAttachment,
              {
                metadata: { name: `${each.volumeName}-${each.nodeName}` },
                spec: {
                  attacher: DRIVERS[0],
                  nodeName: each.nodeName,
                  source: { persistentVolumeName: each.volumeName },
                },
              },
              isGone,
            ),
          );
        else
          storage.classChanged(
            ...objects.put(storageClass, { metadata: { name: 'class' }, provisioner: each.driver }, isGone),
          );
        for (const pod of [using('q', 'c0'), using('r', 'c1', 'c2'), podAt(2)])
          assert.deepEqual(misfits(followed, pod), misfits(asking, pod));
      }
    }),
    { numRuns: Number(process.env['NAVARCH_SEEDS'] || 300) },
  );
});
