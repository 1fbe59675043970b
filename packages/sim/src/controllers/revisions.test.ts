import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controllerRevision, daemonSet, statefulSet } from '@navarch/api';
import { daemonSetController, statefulSetController } from '@navarch/controllers';
import { ControlPlane } from '../testing/control-plane.ts';

const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'busybox' }] } };
const annotations = { 'kubernetes.io/change-cause': 'first' };
const metadata = { name: 'web', namespace: 'default', annotations };

const made = {
  'a daemon set': [
    'controller-revision-hash',
    (plane: ControlPlane) =>
      plane.api.of(daemonSet).create({ metadata, spec: { selector: { matchLabels: labels }, template } }),
  ],
  'a stateful set': [
    'controller.kubernetes.io/hash',
    (plane: ControlPlane) =>
      plane.api
        .of(statefulSet)
        .create({ metadata, spec: { serviceName: 'web', selector: { matchLabels: labels }, template } }),
  ],
} as const;

const collisionsOf = async (plane: ControlPlane, owner: string): Promise<number | undefined> =>
  owner === 'a daemon set'
    ? (await plane.api.of(daemonSet).get('default/web')).status.collisionCount
    : (await plane.api.of(statefulSet).get('default/web')).status.collisionCount;

for (const [owner, [label, create]] of Object.entries(made)) {
  test(`syncRevisions() gives a revision of ${owner} its annotations, and the label upstream gives it`, async () => {
    await using plane = await ControlPlane.start({ controllers: [daemonSetController(), statefulSetController] });
    await plane.withServiceAccount();
    await create(plane);
    await plane.clock.advance(1000);
    const [revision] = await plane.list(controllerRevision);
    const hash = revision?.metadata.name.replace('web-', '');
    assert.deepEqual(revision?.metadata.labels, { ...labels, [label]: hash });
    assert.equal(revision?.metadata.annotations?.['kubernetes.io/change-cause'], 'first');
  });
}

for (const [owner, [, create]] of Object.entries(made)) {
  test(`syncRevisions() counts the names of revisions that other content has, and ${owner} tells it`, async () => {
    const controllers = [daemonSetController(), statefulSetController];
    let taken = '';
    {
      await using plane = await ControlPlane.start({ controllers });
      await plane.withServiceAccount();
      await create(plane);
      await plane.clock.advance(1000);
      taken = (await plane.list(controllerRevision))[0]?.metadata.name ?? '';
    }
    await using plane = await ControlPlane.start({ controllers });
    await plane.withServiceAccount();
    await plane.api
      .of(controllerRevision)
      .create({ metadata: { name: taken, namespace: 'default' }, data: { other: true } as never, revision: 1 });
    await create(plane);
    await plane.clock.advance(3000);
    const names = (await plane.list(controllerRevision)).map((revision) => revision.metadata.name);
    assert.equal(names.length, 2);
    assert.ok(names.includes(taken));
    assert.equal(await collisionsOf(plane, owner), 1);
  });
}
