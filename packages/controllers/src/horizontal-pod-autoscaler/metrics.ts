import { podMetrics } from '@navarch/api';
import type { Api } from '@navarch/client';
import { hasReason, parseDuration, quantityMilliValue, StatusError } from '@navarch/machinery';
import { messageOf } from '../shared/pods.ts';
import type { Sample, Samples } from './pod-groups.ts';

export interface ResourceQuery {
  readonly namespace: string;
  /** Label selector in text. */
  readonly selector: string;
  readonly resource: string;
  /** Of this container alone; absent: of all. */
  readonly container?: string;
}

/** What running pods use, from metrics.k8s.io. Throws RangeError in upstream's words when there is nothing to be had. */
export async function resourceSamples(
  api: Api,
  { namespace, selector, resource, container }: ResourceQuery,
): Promise<Samples> {
  const fail = (message: string): RangeError =>
    new RangeError(`unable to get metrics for resource ${resource}: ${message}`);
  const items = await listed();
  if (items.length === 0) throw fail('no metrics returned from resource metrics API');
  const samples = new Map<string, Sample>();
  for (const { metadata, timestamp, window, containers } of items) {
    const wanted = container === undefined ? containers : containers.filter(({ name }) => name === container);
    if (wanted.length === 0)
      throw fail(`container ${container} not present in metrics for pod ${namespace}/${metadata.name}`);
    // A part of what a pod uses would be taken for all of it.
    if (wanted.some(({ usage }) => usage[resource] === undefined)) continue;
    const milli = wanted.reduce((sum, { usage }) => sum + quantityMilliValue(usage[resource]), 0);
    samples.set(metadata.name, { milli, atMs: Date.parse(timestamp), windowMs: parseDuration(window) ?? 0 });
  }
  return samples;

  async function listed() {
    try {
      return (await api.of(podMetrics).list({ namespace, labelSelector: selector })).items;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // A list is not found where nobody serves the resource.
      const why = hasReason(error, 'NotFound')
        ? 'the server could not find the requested resource (get pods.metrics.k8s.io)'
        : messageOf(error);
      throw fail(`unable to fetch metrics from resource metrics API: ${why}`);
    }
  }
}
