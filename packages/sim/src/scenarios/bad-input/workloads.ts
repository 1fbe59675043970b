import assert from 'node:assert/strict';
import {
  cronJob,
  daemonSet,
  deployment,
  isActive,
  job,
  node,
  pod,
  type Pod,
  podDisruptionBudget,
  replicaSet,
  resourceQuota,
  statefulSet,
} from '@navarch/api';
import {
  cronJobController,
  daemonSetController,
  disruptionController,
  jobController,
  resourceQuotaController,
  statefulSetController,
  trackingFinalizersController,
} from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { activePods, named, podTemplate, readyPods, WEB, web } from '../drafts.ts';
import { invariantOf } from '../property.ts';
import type { Scenario } from '../scenario.ts';
import { badInput } from './neighbour.ts';
import { said, told } from './told.ts';

/** Once every 17 minutes a key, and what comes by itself. */
const SELDOM = { requests: 10, retries: 1 };
const NONE = { priorityClassName: 'none' };
const UNKNOWN = /no PriorityClass with name none was found/;

const templates = badInput({
  name: 'bad-input/template-never-admitted',
  says: 'A template that no pod may come of is told on its owner, and tried ever more seldom.',
  controllers: () => [statefulSetController, daemonSetController(), jobController(), trackingFinalizersController],
  rest: SELDOM,
  async trouble(world) {
    const selector = (app: string) => ({ selector: { matchLabels: { app } }, template: podTemplate(app, 'v1', NONE) });
    await world.create(node, { metadata: { name: 'n1' } });
    await world.change(node, 'n1', (n) => ({ ...n, spec: { ...n.spec, taints: [] } }));
    await world.create(deployment, web(5, { template: podTemplate('web', 'v1', NONE) }));
    await world.create(statefulSet, {
      metadata: named('db'),
      spec: { serviceName: 'db', replicas: 2, ...selector('db') },
    } as Draft<ObjectOf<typeof statefulSet>>);
    await world.create(daemonSet, { metadata: named('agent'), spec: selector('agent') });
    await world.create(job, {
      metadata: named('work'),
      spec: { template: podTemplate('work', 'v1', { ...NONE, restartPolicy: 'Never' }) },
    } as unknown as Draft<ObjectOf<typeof job>>);
  },
  end(view) {
    assert.equal(view.list(pod, 'default').length, 0);
    said(view.get(deployment, WEB), 'ReplicaFailure', ['True', 'FailedCreate', UNKNOWN]);
    said(view.get(deployment, WEB), 'Progressing', [
      'False',
      'ProgressDeadlineExceeded',
      /^ReplicaSet "web-\w+" has timed out progressing\.$/,
    ]);
    told(
      view,
      'ReplicaSet',
      /^FailedCreate: Error creating: pods "web-[a-z0-9-]+" is forbidden: no PriorityClass with name none was found$/,
    );
    told(
      view,
      'StatefulSet',
      /^FailedCreate: create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: no PriorityClass with name none was found$/,
    );
    told(view, 'DaemonSet', /FailedCreate: .*Error creating: pods "agent-[a-z0-9-]*" is forbidden: no PriorityClass/);
    told(view, 'Job', /FailedCreate: .*Error creating: pods "work-[a-z0-9-]*" is forbidden: no PriorityClass/);
  },
});

/** For the cost with others see --size 10000. */
const CRASHING = 8;
/** Each is made in the first minute, while the loop that makes them is not taken for one without end. */
const BUSY = 5000;
/** Twenty in a second: of so many pods a set has always something to tell, and waits for the answer each time. */
const LATENCY_MS = 50;
const TELLS_MAX = 60_000 / LATENCY_MS;

/** Each costs what its kubelet says, and no more with how many others there are; what is told of all has its bound. */
const crashing = (count: number): Scenario =>
  badInput({
    name: 'bad-input/crash-loops',
    says: 'Pods that crash again and again cost what their kubelets say of them, and hold up nobody.',
    pods: {
      stuck: (p) =>
        p.metadata.namespace === 'default'
          ? { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container c' }
          : undefined,
    },
    sized: crashing,
    requestsMax: BUSY + count,
    ...(count > CRASHING ? { latencyMs: LATENCY_MS } : {}),
    // A second that lasts longer by the clock makes a pod available.
    spares: ['clock jumps'],
    // Twice in five minutes each pod's kubelet says something; then a set and its deployment have something to tell.
    rest: { requests: Math.min(count, TELLS_MAX), retries: 1 },
    async trouble(world) {
      await world.create(deployment, web(count, { minReadySeconds: 5 }));
      await world.until('all are made', (view) => view.get(deployment, WEB)?.status.replicas === count);
      await world.until('all have crashed', (view) => view.list(pod, 'default').every(hasCrashed));
    },
    end(view) {
      assert.equal(view.list(pod, 'default').length, count, 'nobody makes others in their place');
      said(view.get(deployment, WEB), 'Available', [
        'False',
        'MinimumReplicasUnavailable',
        /^Deployment does not have minimum availability\.$/,
      ]);
    },
  });
const hasCrashed = ({ status }: Pod): boolean =>
  status.containerStatuses?.some(({ state, restartCount }) => state?.waiting !== undefined || restartCount > 0) ??
  false;

const unpulled = badInput({
  name: 'bad-input/image-never-pulled',
  says: 'A rollout to an image that nobody can pull stops at its bounds, and says that it does not get on.',
  pods: {
    stuck: (p) =>
      p.spec.containers[0]?.image === 'nowhere'
        ? { reason: 'ImagePullBackOff', message: 'Back-off pulling image "nowhere"' }
        : undefined,
  },
  rest: SELDOM,
  async trouble(world) {
    await world.create(deployment, web(4, { progressDeadlineSeconds: 60 }));
    await world.until('it is up', (view) => view.get(deployment, WEB)?.status.availableReplicas === 4);
    await world.change(deployment, WEB, (d) => ({
      ...d,
      spec: { ...d.spec, template: podTemplate('web', 'nowhere') } as unknown as typeof d.spec,
    }));
  },
  end(view) {
    said(view.get(deployment, WEB), 'Progressing', [
      'False',
      'ProgressDeadlineExceeded',
      /^ReplicaSet "web-\w+" has timed out progressing\.$/,
    ]);
    said(view.get(deployment, WEB), 'Available', [
      'True',
      'MinimumReplicasAvailable',
      /^Deployment has minimum availability\.$/,
    ]);
    assert.equal(readyPods(view).filter((p) => p.metadata.namespace === 'default').length, 3);
  },
});

const noMore = invariantOf('never more than six pods', [pod], (view) => {
  const { length } = view.list(pod, 'default').filter(isActive);
  return length > 6 ? `${length} are` : undefined;
});

const quotaFight = badInput({
  name: 'bad-input/quota-fight',
  says: 'Two that want more than a quota has room for share it as it comes; who is refused says why, and waits.',
  controllers: () => [resourceQuotaController([pod])],
  always: [noMore],
  rest: SELDOM,
  async trouble(world) {
    await world.create(resourceQuota, { metadata: named('q'), spec: { hard: { pods: '6' } } });
    await world.until('it counts', (view) => view.get(resourceQuota, 'default/q')?.status.used?.['pods'] === '0');
    for (const app of ['one', 'two'])
      await world.create(deployment, {
        metadata: named(app),
        spec: { replicas: 5, selector: { matchLabels: { app } }, template: podTemplate(app) },
      });
  },
  end(view) {
    assert.equal(activePods(view).filter((p) => p.metadata.namespace === 'default').length, 6);
    assert.equal(view.get(resourceQuota, 'default/q')?.status.used?.['pods'], '6');
    told(
      view,
      'ReplicaSet',
      /^FailedCreate: .*pods "(one|two)-[a-z0-9-]+" is forbidden: exceeded quota: q, requested: pods=1, used: pods=6, limited: pods=6$/,
    );
    // In the words of the first refusal, whatever it was.
    const short = view.list(deployment, 'default').filter((d) => (d.status.readyReplicas ?? 0) < 5);
    for (const one of short) said(one, 'ReplicaFailure', ['True', 'FailedCreate', /./]);
  },
});

const alike = badInput({
  name: 'bad-input/one-selector-for-two',
  says: 'Two deployments and a bare set that would take the same pods keep to their own.',
  rest: { requests: 1, retries: 0 },
  async trouble(world) {
    await world.create(deployment, web(3));
    await world.create(deployment, { ...web(2), metadata: named('web-too') });
    await world.create(replicaSet, {
      metadata: named('bare'),
      spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: podTemplate('web') },
    });
  },
  end(view) {
    for (const [name, size] of [
      ['web', 3],
      ['web-too', 2],
    ] as const) {
      const { replicas, availableReplicas } = view.get(deployment, `default/${name}`)?.status ?? {};
      assert.deepEqual([name, replicas, availableReplicas], [name, size, size]);
    }
    assert.equal(view.get(replicaSet, 'default/bare')?.status.availableReplicas, 2);
    assert.equal(view.get(replicaSet, 'default/bare')?.metadata.ownerReferences, undefined);
    assert.equal(activePods(view).filter((p) => p.metadata.namespace === 'default').length, 7);
  },
});

const failing = badInput({
  name: 'bad-input/job-always-fails',
  says: 'A job whose pods always fail is tried again ever more seldom, as often as it says, and then no more.',
  controllers: () => [jobController(), trackingFinalizersController],
  pods: { ends: (p) => (p.metadata.namespace === 'default' ? { afterMs: 1000, exitCode: 1 } : undefined) },
  rest: { requests: 2, retries: 0.5 },
  async trouble(world) {
    for (const [name, backoffLimit] of [
      ['soon', 2],
      ['never', 1000],
    ] as const)
      await world.create(job, {
        metadata: named(name),
        spec: { backoffLimit, template: podTemplate(name, 'v1', { restartPolicy: 'Never' }) },
      } as unknown as Draft<ObjectOf<typeof job>>);
  },
  end(view) {
    const soon = view.get(job, 'default/soon');
    said(soon, 'Failed', ['True', 'BackoffLimitExceeded', /^Job has reached the specified backoff limit$/]);
    assert.equal(soon?.status.failed, 3);
    told(view, 'Job', /^BackoffLimitExceeded: Job has reached the specified backoff limit$/);
    const tries = view.list(pod, 'default').filter((p) => p.metadata.name.startsWith('never-')).length;
    assert.ok(tries >= 4 && tries <= 20, `${tries} tries: ten seconds, doubled each time up to ten minutes`);
  },
});

const never = badInput({
  name: 'bad-input/schedule-never-comes',
  says: 'A schedule of a day that no month has is told of, and costs nothing.',
  controllers: () => [cronJobController],
  rest: { requests: 0, retries: 0 },
  async trouble(world) {
    await world.create(cronJob, {
      metadata: named('never'),
      spec: {
        schedule: '0 0 31 2 *',
        jobTemplate: { spec: { template: podTemplate('never', 'v1', { restartPolicy: 'Never' }) } },
      },
    } as unknown as Draft<ObjectOf<typeof cronJob>>);
  },
  end(view) {
    assert.equal(view.list(job).length, 0);
    told(
      view,
      'CronJob',
      /^InvalidSchedule: invalid schedule: 0 0 31 2 \* : time difference between two schedules is less than 1 second$/,
    );
  },
});

const undrainable = badInput({
  name: 'bad-input/budget-never-allows',
  says: 'A drain that a budget never allows is refused each time, and the budget is not counted anew for it.',
  controllers: () => [disruptionController([deployment, replicaSet, statefulSet])],
  rest: { requests: 1, retries: 0 },
  async trouble(world) {
    await world.create(deployment, web(2));
    await world.create(podDisruptionBudget, {
      metadata: named('web'),
      spec: { maxUnavailable: 0, selector: { matchLabels: { app: 'web' } } },
    });
    await world.until('it is counted', (view) => view.get(podDisruptionBudget, WEB)?.status.currentHealthy === 2);
    for (let n = 0; n < 20; n++) {
      const target = readyPods(world.view)[n % 2]?.metadata.name ?? '';
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: named(target) };
      const reason = await world.refusal((api) => api.of(pod).post(`default/${target}`, 'eviction', body));
      assert.equal(reason, 'TooManyRequests');
      await world.pass('5s');
    }
  },
  end(view) {
    assert.equal(view.list(pod, 'default').filter(isActive).length, 2);
    said(view.get(podDisruptionBudget, WEB), 'DisruptionAllowed', ['False', 'InsufficientPods', /^$/]);
  },
});

export const badWorkloadScenarios: readonly Scenario[] = [
  templates,
  crashing(CRASHING),
  unpulled,
  quotaFight,
  alike,
  failing,
  never,
  undrainable,
];
