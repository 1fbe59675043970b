import { isReady, type Pod } from '@navarch/api';
import { quantityMilliValue } from '@navarch/machinery';
import type { MetricSpec } from './autoscaler.ts';
import { goSelector, type MetricIdentifier } from './metric-apis.ts';
import { groupPods } from './pod-groups.ts';
import { type Asked, MetricFailure, type MetricProposal, quantityOf } from './proposal.ts';
import { averageReplicas, averageTarget, podBasedReplicas, valueReplicas } from './replica-calculation.ts';

/** A metric of each pod. */
export async function podsProposal(
  { metric, target }: NonNullable<MetricSpec['pods']>,
  asked: Asked,
): Promise<MetricProposal> {
  const { apis, namespace, selector, pods, current, tolerances, nowMs } = asked;
  const { replicas, milli } = await failing('FailedGetPodsMetric', 'failed to get pods metric value', async () => {
    const samples = await prefixed(`unable to get metric ${metric.name}`, () =>
      apis.ofPods(namespace, selector, metric),
    );
    if (pods.length === 0) throw new RangeError(NO_PODS);
    const groups = groupPods(pods, samples, '', nowMs);
    return podBasedReplicas({
      current,
      samples,
      groups,
      target: averageTarget(quantityMilliValue(target.averageValue)),
      tolerances,
    });
  });
  return {
    replicas,
    name: `pods metric ${metric.name}`,
    status: { type: 'Pods', pods: { metric, current: { averageValue: quantityOf(milli) } } },
  };
}

/** A metric of one object: what it is, or what it is for each pod. */
export async function objectProposal(
  { metric, target, describedObject }: NonNullable<MetricSpec['object']>,
  asked: Asked,
): Promise<MetricProposal> {
  const { apis, namespace } = asked;
  const { kind, name } = describedObject;
  return failing('FailedGetObjectMetric', 'failed to get object metric value', async () => {
    const { replicas, current } = await sized(target, 'object', asked, () =>
      prefixed(
        `unable to get metric ${metric.name}: ${kind} on ${namespace} ${name}`,
        () => apis.ofObject(namespace, describedObject, metric),
        '/',
      ),
    );
    const said = target.value === undefined ? externalName(metric) : `${kind} metric ${metric.name}`;
    return { replicas, name: said, status: { type: 'Object', object: { metric, describedObject, current } } };
  });
}

/** A metric of something that is not in the cluster. */
export async function externalProposal(
  { metric, target }: NonNullable<MetricSpec['external']>,
  asked: Asked,
): Promise<MetricProposal> {
  const { apis, namespace } = asked;
  const { name } = metric;
  const isSet = target.value !== undefined || target.averageValue !== undefined;
  const summary = `failed to get ${name} external metric value${isSet ? `: failed to get ${name} external metric` : ''}`;
  return failing('FailedGetExternalMetric', summary, async () => {
    const { replicas, current } = await sized(target, 'external', asked, async () => {
      const values = await prefixed(`unable to get external metric ${namespace}/${name}/${goSelector(metric)}`, () =>
        apis.external(namespace, metric),
      );
      return values.reduce((sum, milli) => sum + milli, 0);
    });
    return { replicas, name: externalName(metric), status: { type: 'External', external: { metric, current } } };
  });
}

const NO_PODS = 'no pods returned by selector while calculating replica count';
const externalName = (metric: MetricIdentifier): string => `external metric ${metric.name}(${goSelector(metric)})`;

type Target = NonNullable<MetricSpec['external']>['target'];

interface Sized {
  readonly replicas: number;
  readonly current: { readonly value: string } | { readonly averageValue: string };
}

async function sized(
  target: Target,
  kind: string,
  { pods, current, reported, tolerances }: Asked,
  read: () => Promise<number>,
): Promise<Sized> {
  if (target.value !== undefined) {
    const milli = await read();
    const readyCount = (): number => readyPods(pods);
    return {
      replicas: valueReplicas({
        current,
        readyCount,
        milli,
        targetMilli: quantityMilliValue(target.value),
        tolerances,
      }),
      current: { value: quantityOf(milli) },
    };
  }
  if (target.averageValue === undefined)
    throw new RangeError(`invalid ${kind} metric source: neither a value target nor an average value target was set`);
  const { replicas, averageMilli } = averageReplicas({
    reported,
    milli: await read(),
    targetMilli: quantityMilliValue(target.averageValue),
    tolerances,
  });
  return { replicas, current: { averageValue: quantityOf(averageMilli) } };
}

function readyPods(pods: readonly Pod[]): number {
  if (pods.length === 0) throw new RangeError(`unable to calculate ready pods: ${NO_PODS}`);
  return pods.filter((pod) => pod.status.phase === 'Running' && isReady(pod)).length;
}

async function prefixed<T>(prefix: string, work: () => Promise<T>, separator = ': '): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${prefix}${separator}${error.message}`) : error;
  }
}

async function failing<T>(reason: string, summary: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RangeError
      ? new MetricFailure(reason, error.message, `${summary}: ${error.message}`)
      : error;
  }
}
