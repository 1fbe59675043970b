import type { Pod } from '@navarch/api';
import { quantityMilliValue } from '@navarch/machinery';
import { resourceSamples } from './metrics.ts';
import { groupPods } from './pod-groups.ts';
import { type Asked, MetricFailure, quantityOf } from './proposal.ts';
import { averageTarget, podBasedReplicas, type Target, utilizationTarget } from './replica-calculation.ts';

export interface ResourceMetric {
  readonly name: string;
  /** Of this container alone; absent: of all. */
  readonly container?: string;
  readonly target: { readonly averageValue?: string; readonly averageUtilization?: number };
}

export interface ResourceFinding {
  readonly replicas: number;
  /** The metric as events and conditions call it. */
  readonly name: string;
  readonly current: { readonly averageValue: string; readonly averageUtilization?: number };
}

/** What pods use of a resource, from metrics.k8s.io. */
export async function resourceProposal(
  { name, container, target }: ResourceMetric,
  asked: Asked,
): Promise<ResourceFinding> {
  const { api, namespace, selector, pods, current, tolerances, nowMs } = asked;
  const isAverage = target.averageValue !== undefined;
  try {
    const samples = await resourceSamples(api, {
      namespace,
      selector,
      resource: name,
      ...(container === undefined ? {} : { container }),
    });
    if (pods.length === 0) throw new RangeError('no pods returned by selector while calculating replica count');
    const groups = groupPods(pods, samples, name, nowMs);
    const wanted: Target = isAverage
      ? averageTarget(quantityMilliValue(target.averageValue))
      : utilizationTarget(requestsOf(pods, name, container), target.averageUtilization ?? 0);
    const { replicas, milli, utilization } = podBasedReplicas({ current, samples, groups, target: wanted, tolerances });
    const kind = container === undefined ? 'resource' : 'container resource';
    return {
      replicas,
      name: `${name} ${kind}${isAverage ? '' : ' utilization (percentage of request)'}`,
      current: {
        averageValue: quantityOf(milli),
        ...(utilization === undefined ? {} : { averageUtilization: utilization }),
      },
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `failed to get ${name} ${isAverage ? 'usage' : 'utilization'}: ${error.message}`;
    if (container === undefined)
      throw new MetricFailure(
        'FailedGetResourceMetric',
        message,
        `failed to get ${name} resource metric value: ${message}`,
      );
    throw new MetricFailure(
      'FailedGetContainerResourceMetric',
      message,
      `failed to get ${container} container metric value: ${message}`,
    );
  }
}

/** What each pod asks for, in thousandths. Throws RangeError for one that does not say. */
function requestsOf(
  pods: readonly Pod[],
  resource: string,
  container: string | undefined,
): ReadonlyMap<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name, requestOf(pod, resource, container)]));
}

function requestOf({ metadata, spec }: Pod, resource: string, only: string | undefined): number {
  if (only === undefined && spec.resources?.requests?.[resource] !== undefined)
    return quantityMilliValue(spec.resources.requests[resource]);
  const lasting = [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ];
  return lasting
    .filter(({ name }) => only === undefined || name === only)
    .reduce((sum, { name, resources }) => {
      const request = resources?.requests?.[resource];
      if (request === undefined)
        throw new RangeError(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`);
      return sum + quantityMilliValue(request);
    }, 0);
}
