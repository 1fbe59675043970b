import assert from 'node:assert/strict';
import { pod } from '@navarch/api';
import { conformanceTest } from '../../conformance-test.ts';
import { getPod, shell, startPod, untilPod } from '../../pods.ts';
import { request } from '../../requests.ts';
import { NGINX, PAUSE, testhost } from '../../testhost.ts';

type Change = (current: Awaited<ReturnType<typeof getPod>>) => Awaited<ReturnType<typeof getPod>>;
const generationChanges: readonly (readonly [what: string, isNewSpec: boolean, change: Change])[] = [
  ['nothing', false, (p) => ({ ...p })],
  [
    'tolerations',
    true,
    (p) => ({
      ...p,
      spec: {
        ...p.spec,
        tolerations: [
          ...(p.spec.tolerations ?? []),
          { key: 'foo', operator: 'Equal', value: 'bar', effect: 'NoSchedule' },
        ],
      },
    }),
  ],
  ['activeDeadlineSeconds', true, (p) => ({ ...p, spec: { ...p.spec, activeDeadlineSeconds: 5000 } })],
  [
    'a container image',
    true,
    (p) => ({ ...p, spec: { ...p.spec, containers: p.spec.containers.map((c) => ({ ...c, image: NGINX })) } }),
  ],
  [
    'an init container image',
    true,
    (p) => ({
      ...p,
      spec: { ...p.spec, initContainers: (p.spec.initContainers ?? []).map((c) => ({ ...c, image: PAUSE })) },
    }),
  ],
  ['metadata', false, (p) => ({ ...p, metadata: { ...p.metadata, annotations: { key: 'value' } } })],
  ['the generation itself', false, (p) => ({ ...p, metadata: { ...p.metadata, generation: 1 } })],
];

export const podGenerationTests = [
  conformanceTest(
    '[sig-node] Pods Extended (pod generation) Pod Generation pod generation should start at 1 and increment per update',
    async (context) => {
      const pods = context.api.of(pod);
      const started = await startPod(context, 'counted', {
        terminationGracePeriodSeconds: 1,
        containers: [testhost()],
        initContainers: [{ ...shell('true'), name: 'init' }],
      });
      assert.equal(started.metadata.generation, 1);
      let expected = 1;
      for (const [what, isNewSpec, change] of generationChanges) {
        await pods.update(`${context.namespace}/counted`, change);
        if (isNewSpec) expected += 1;
        assert.equal(
          (await getPod(context, 'counted')).metadata.generation,
          expected,
          `generation after a change of ${what}`,
        );
      }
      await untilPod(
        context,
        'counted',
        'being observed in its last generation',
        60_000,
        ({ status }) => status.observedGeneration === expected,
      );
    },
  ),

  conformanceTest(
    '[sig-node] Pods Extended (pod generation) Pod Generation custom-set generation on new pods and graceful delete',
    async (context) => {
      // It takes its time to end, so that it is there to be looked at.
      const slow = shell("trap 'sleep 5; exit 0' TERM; while :; do sleep 1; done");
      const started = await startPod(
        context,
        'counted',
        { containers: [slow] },
        { labels: { time: context.unique }, generation: 100 },
      );
      assert.equal(started.metadata.generation, 1);
      const path = `/api/v1/namespaces/${context.namespace}/pods/counted?gracePeriodSeconds=60`;
      assert.equal((await request(context, { method: 'DELETE', path })).status, 200);
      assert.equal((await getPod(context, 'counted')).metadata.generation, 2);
    },
  ),

  conformanceTest(
    '[sig-node] Pods Extended (pod generation) Pod Generation issue 500 podspec updates and verify generation and observedGeneration eventually converge',
    async (context) => {
      await startPod(context, 'counted', {
        terminationGracePeriodSeconds: 1,
        activeDeadlineSeconds: 5000,
        containers: [testhost()],
      });
      for (let update = 1; update < 500; update += 1) {
        await context.api.of(pod).update(`${context.namespace}/counted`, (current) => ({
          ...current,
          spec: { ...current.spec, activeDeadlineSeconds: 5000 - update },
        }));
      }
      assert.equal((await getPod(context, 'counted')).metadata.generation, 500);
      await untilPod(
        context,
        'counted',
        'being observed in generation 500',
        120_000,
        ({ status }) => status.observedGeneration === 500,
      );
    },
    600_000,
  ),
];
