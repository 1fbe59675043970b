import assert from 'node:assert/strict';
import { controllerRevision, daemonSet } from '@navarch/api';
import { controllerReference } from '@navarch/machinery';
import { conformanceTest } from '../../conformance-test.ts';
import { until } from '../../until.ts';
import { createDaemons, untilEverywhere } from './daemon-set.ts';
import { keyOf, POLL_MS } from './workloads.ts';

export const controllerRevisionTests = [
  conformanceTest(
    '[sig-apps] ControllerRevision should manage the lifecycle of a ControllerRevision',
    async (context) => {
      const { api, namespace, unique } = context;
      const name = `e2e-${unique}-daemon-set`;
      const labels = { 'daemonset-name': name };
      const labelSelector = `daemonset-name=${name}`;
      const revisions = api.of(controllerRevision);
      const untilCount = (count: number, selector = labelSelector): Promise<void> =>
        until(
          context,
          `${count} revisions`,
          POLL_MS,
          async () => (await revisions.list({ namespace, labelSelector: selector })).items.length === count,
        );
      await createDaemons(context, labels, name);
      await untilEverywhere(context, name, labels);
      assert.equal((await api.of(daemonSet).list({ namespace, labelSelector })).items.length, 1);
      const { items } = await revisions.list({ labelSelector });
      assert.equal(items.length, 1);
      const [initial] = items;
      assert.ok(initial);
      assert.equal(initial.revision, 1);

      const mark = initial.metadata.name;
      const patched = await revisions.patch(keyOf(context, mark), {
        type: 'strategic',
        body: { metadata: { labels: { [mark]: 'patched' } } },
      });
      assert.equal(patched.metadata.labels?.[mark], 'patched');

      const owner = await api.of(daemonSet).get(keyOf(context, name));
      const other = `${name}-other`;
      const made = await revisions.create({
        metadata: {
          name: other,
          namespace,
          ownerReferences: [controllerReference(daemonSet, owner)],
          labels: { ...initial.metadata.labels, 'controller-revision-hash': 'other' },
          annotations: owner.metadata.annotations ?? {},
        },
        data: initial.data,
        revision: initial.revision + 1,
      });
      assert.equal(made.metadata.name, other);
      await untilCount(2);

      await revisions.delete(keyOf(context, mark));
      await untilCount(1);
      const [left] = (await revisions.list({ namespace, labelSelector })).items;
      assert.ok(left);
      const updated = await revisions.update(keyOf(context, left.metadata.name), (held) => ({
        ...held,
        metadata: { ...held.metadata, labels: { ...held.metadata.labels, [left.metadata.name]: 'updated' } },
      }));
      assert.equal(updated.metadata.labels?.[left.metadata.name], 'updated');

      await api.of(daemonSet).patch(keyOf(context, name), {
        type: 'strategic',
        body: {
          spec: {
            template: { spec: { terminationGracePeriodSeconds: 1 } },
            updateStrategy: { type: 'RollingUpdate' },
          },
        },
      });
      await untilCount(2);
      await revisions.deleteCollection({ namespace, labelSelector: `${left.metadata.name}=updated` });
      await untilCount(1);
      const [last] = (await revisions.list({ namespace, labelSelector })).items;
      assert.equal(last?.revision, 3);
    },
  ),
];
