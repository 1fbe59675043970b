import assert from 'node:assert/strict';
import { deployment, type Deployment, replicaSet, type ReplicaSet } from '@navarch/api';
import { type Draft, equalJson, isControlledBy } from '@navarch/machinery';
import { type TestContext } from '../../conformance-test.ts';
import { until } from '../../until.ts';
import { imageOf, keyOf, type Labels, POD_START_MS, template, untilObject, WEBSERVER } from './workloads.ts';

export const REVISION = 'deployment.kubernetes.io/revision';

interface Order {
  readonly name: string;
  readonly labels: Labels;
  readonly replicas: number;
  readonly image: string;
  readonly spec?: Draft<Deployment['spec']>;
}

export const create = (
  { api, namespace }: TestContext,
  { name, labels, replicas, image, spec }: Order,
): Promise<Deployment> =>
  api.of(deployment).create({
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate' },
      template: template(labels, { image }),
      ...spec,
    },
  });

/** A replica set that nobody owns, for a deployment to take over. */
export const createSet = (
  { api, namespace }: TestContext,
  name: string,
  labels: Labels,
  annotations: Labels = {},
): Promise<ReplicaSet> => {
  const own = { ...labels, pod: 'webserver' };
  return api.of(replicaSet).create({
    metadata: { name, namespace, labels: own, annotations },
    spec: { replicas: 1, selector: { matchLabels: own }, template: template(own, { image: WEBSERVER }) },
  });
};

const get = (context: TestContext, name: string): Promise<Deployment> =>
  context.api.of(deployment).get(keyOf(context, name));

/** What the deployment owns: the set of its template as it is now, and all others. */
export async function setsOf(
  context: TestContext,
  name: string,
): Promise<{ readonly newest: ReplicaSet | undefined; readonly old: readonly ReplicaSet[] }> {
  const [owner, { items }] = await Promise.all([
    get(context, name),
    context.api.of(replicaSet).list({ namespace: context.namespace }),
  ]);
  const owned = items.filter((set) => isControlledBy(set, owner));
  const newest = owned.find((set) => {
    const { 'pod-template-hash': _, ...labels } = set.spec.template?.metadata?.labels ?? {};
    return equalJson(
      { ...set.spec.template, metadata: { ...set.spec.template?.metadata, labels } },
      owner.spec.template,
    );
  });
  return { newest, old: owned.filter((set) => set !== newest) };
}

export const untilRevision = (context: TestContext, name: string, revision: string, image: string): Promise<void> =>
  until(context, `revision ${revision} of ${name} with ${image}`, POD_START_MS, async () => {
    const { newest } = await setsOf(context, name);
    return (
      (await get(context, name)).metadata.annotations?.[REVISION] === revision &&
      newest?.metadata.annotations?.[REVISION] === revision &&
      newest.spec.template !== undefined &&
      imageOf(newest.spec.template as never) === image
    );
  });

const isComplete = ({ metadata, spec, status }: Deployment): boolean =>
  status.updatedReplicas === spec.replicas &&
  status.replicas === spec.replicas &&
  status.availableReplicas === spec.replicas &&
  (status.observedGeneration ?? 0) >= Number(metadata.generation ?? 0);

export const untilComplete = (context: TestContext, name: string): Promise<Deployment> =>
  untilObject(context, deployment, name, { what: 'being complete', timeoutMs: POD_START_MS, isSo: isComplete });

export const untilObserved = (context: TestContext, name: string, generation: number): Promise<Deployment> =>
  untilObject(context, deployment, name, {
    what: `at generation ${generation}`,
    isSo: ({ status }) => (status.observedGeneration ?? 0) >= generation,
  });

/** Waits for the end of a rollout, and at each look there are no more pods than maxSurge allows, and no fewer than maxUnavailable. */
export const untilRolledOut = (
  context: TestContext,
  name: string,
  { maxSurge, maxUnavailable }: { readonly maxSurge: number; readonly maxUnavailable: number },
): Promise<Deployment> =>
  untilObject(context, deployment, name, {
    what: 'being complete',
    timeoutMs: POD_START_MS,
    async isSo(current) {
      const { newest, old } = await setsOf(context, name);
      const created = [...old, ...(newest ? [newest] : [])].reduce((sum, set) => sum + (set.spec.replicas ?? 0), 0);
      const { replicas = 1 } = current.spec;
      assert.ok(created <= replicas + maxSurge, `${created} pods wanted at a time`);
      assert.ok(
        (current.status.availableReplicas ?? 0) >= replicas - maxUnavailable,
        `only ${current.status.availableReplicas} available`,
      );
      return isComplete(current);
    },
  });

export const untilSet = (
  context: TestContext,
  name: string,
  what: string,
  isSo: (set: ReplicaSet) => boolean,
): Promise<ReplicaSet> => untilObject(context, replicaSet, name, { what, timeoutMs: POD_START_MS, isSo });
