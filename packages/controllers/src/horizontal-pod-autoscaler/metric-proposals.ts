import type { Pod } from '@navarch/api';
import type { Api } from '@navarch/client';
import { formatQuantity, quantityMilliValue } from '@navarch/machinery';
import type { MetricSpec, MetricStatus } from './autoscaler.ts';
import { resourceSamples } from './metrics.ts';
import { groupPods } from './pod-groups.ts';
import { averageTarget, podBasedReplicas, type Proposal, type Target, type Tolerances, utilizationTarget } from './replica-calculation.ts';

export interface Asked {
  readonly api: Api;
  readonly namespace: string;
  /** Label selector in text, and the pods that it selects. */
  readonly selector: string;
  readonly pods: readonly Pod[];
  readonly current: number;
  readonly tolerances: Tolerances;
  readonly nowMs: number;
}

export interface MetricProposal {
  readonly replicas: number;
  /** The metric as events and conditions call it. */
  readonly name: string;
  readonly status: MetricStatus;
}

/** A metric that cannot be had, and what the condition ScalingActive says of it. */
export class MetricFailure extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** How many pods one metric asks for. Throws MetricFailure. */
export async function proposalFor(spec: MetricSpec, asked: Asked): Promise<MetricProposal> {
  const { resource, containerResource, object, pods, external } = spec;
  switch (spec.type) {
    case 'Resource':
      if (resource) {
        const { proposal, name, current } = await resourceProposal({ ...resource, kind: 'resource' }, asked);
        return { replicas: proposal.replicas, name, status: { type: 'Resource', resource: { name: resource.name, current } } };
      }
      break;
    case 'ContainerResource':
      if (containerResource) {
        const { proposal, name, current } = await resourceProposal({ ...containerResource, kind: 'container resource' }, asked);
        const { container } = containerResource;
        return { replicas: proposal.replicas, name, status: { type: 'ContainerResource', containerResource: { name: containerResource.name, container, current } } };
      }
      break;
    // Their APIs are those of add-ons, which answer once other servers can be asked through this one.
    case 'Pods': throw new MetricFailure('FailedGetPodsMetric', `failed to get pods metric value: unable to get metric ${pods?.metric.name}: ${NO_CUSTOM}`);
    case 'Object': throw new MetricFailure('FailedGetObjectMetric', `failed to get object metric value: unable to get metric ${object?.metric.name}: ${object?.describedObject.kind} on ${asked.namespace} ${object?.describedObject.name}/${NO_CUSTOM}`);
    case 'External':
      throw new MetricFailure('FailedGetExternalMetric', `failed to get ${external?.metric.name} external metric value: unable to get external metric ${asked.namespace}/${external?.metric.name}/${external?.metric.selector ? JSON.stringify(external.metric.selector) : 'nil'}: unable to fetch metrics from external metrics API: the server could not find the requested resource`);
  }
  throw new MetricFailure('InvalidMetricSourceType', `unknown metric source type ${JSON.stringify(spec.type)}`);
}

const NO_CUSTOM = 'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';

interface ResourceMetric {
  readonly name: string;
  readonly container?: string;
  readonly target: { readonly averageValue?: string; readonly averageUtilization?: number };
  readonly kind: 'resource' | 'container resource';
}

interface Found {
  readonly proposal: Proposal;
  readonly name: string;
  readonly current: { readonly averageValue: string; readonly averageUtilization?: number };
}

async function resourceProposal({ name, container, target, kind }: ResourceMetric, asked: Asked): Promise<Found> {
  const { api, namespace, selector, pods, current, tolerances, nowMs } = asked;
  const isAverage = target.averageValue !== undefined;
  try {
    const samples = await resourceSamples(api, { namespace, selector, resource: name, ...(container === undefined ? {} : { container }) });
    if (pods.length === 0) throw new RangeError('no pods returned by selector while calculating replica count');
    const groups = groupPods(pods, samples, name, nowMs);
    const wanted: Target = isAverage ? averageTarget(quantityMilliValue(target.averageValue)) : utilizationTarget(requestsOf(pods, name, container), target.averageUtilization ?? 0);
    const proposal = podBasedReplicas({ current, samples, groups, target: wanted, tolerances });
    const averageValue = formatQuantity({ nano: BigInt(proposal.milli) * 1_000_000n, format: 'DecimalSI' });
    return {
      proposal, name: `${name} ${kind}${isAverage ? '' : ' utilization (percentage of request)'}`,
      current: { averageValue, ...(proposal.utilization === undefined ? {} : { averageUtilization: proposal.utilization }) },
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const what = isAverage ? `failed to get ${name} usage` : `failed to get ${name} utilization`;
    throw new MetricFailure(kind === 'resource' ? 'FailedGetResourceMetric' : 'FailedGetContainerResourceMetric', `${what}: ${error.message}`);
  }
}

/** What each pod asks for, in thousandths. Throws RangeError for one that does not say. */
function requestsOf(pods: readonly Pod[], resource: string, container: string | undefined): ReadonlyMap<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name, requestOf(pod, resource, container)]));
}

function requestOf({ metadata, spec }: Pod, resource: string, only: string | undefined): number {
  if (only === undefined && spec.resources?.requests?.[resource] !== undefined) return quantityMilliValue(spec.resources.requests[resource]);
  const lasting = [...spec.containers, ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')];
  return lasting.filter(({ name }) => only === undefined || name === only).reduce((sum, { name, resources }) => {
    const request = resources?.requests?.[resource];
    if (request === undefined) throw new RangeError(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`);
    return sum + quantityMilliValue(request);
  }, 0);
}
