import {
  compileLabelSelector,
  formatSelector,
  type Kind,
  parseDuration,
  quantityMilliValue,
  StatusError,
} from '@navarch/machinery';
import { groupOf } from '../controller.ts';
import { messageOf } from '../shared/pods.ts';
import type { MetricSpec } from './autoscaler.ts';
import type { Sample, Samples } from './pod-groups.ts';

/** Reads a path of the API, as parsed JSON; undefined where no server serves it. Rejects with StatusError. */
export type ReadPath = (path: string, query: Readonly<Record<string, string>>) => Promise<unknown>;

export type MetricIdentifier = NonNullable<MetricSpec['pods']>['metric'];
type ObjectReference = NonNullable<MetricSpec['object']>['describedObject'];

const CUSTOM = 'custom.metrics.k8s.io';
const EXTERNAL = 'external.metrics.k8s.io';
/** Of custom metrics, the newest first: an adapter may have one of them alone. */
const CUSTOM_VERSIONS = ['v1beta2', 'v1beta1'];
/** Of what a value tells, where it does not say. */
const WINDOW_MS = 60_000;

/** MetricValue of either version of custom metrics, ExternalMetricValue. */
interface Value {
  readonly describedObject?: { readonly name?: string };
  readonly timestamp?: string;
  readonly windowSeconds?: number;
  readonly window?: number | string;
  readonly value?: string;
}

/** The APIs of metrics that add-ons serve. Everything throws RangeError in upstream's words when there is nothing to be had. */
export class MetricApis {
  readonly #read: ReadPath;
  readonly #kinds: readonly Kind<any>[];

  constructor(read: ReadPath, kinds: readonly Kind<any>[]) {
    this.#read = read;
    this.#kinds = kinds;
  }

  /** What each pod says of a metric. `selector`: of the pods, in text. */
  async ofPods(namespace: string, selector: string, metric: MetricIdentifier): Promise<Samples> {
    const items = await this.#custom(['namespaces', namespace, 'pods', '*', metric.name], {
      labelSelector: selector,
      ...queryOf(metric, 'metricLabelSelector'),
    });
    if (items.length === 0) throw new RangeError('no metrics returned from custom metrics API');
    return new Map(items.map((item) => [item.describedObject?.name ?? '', sampleOf(item)]));
  }

  /** What there is to say of one object, in thousandths. */
  async ofObject(namespace: string, reference: ObjectReference, metric: MetricIdentifier): Promise<number> {
    const place = this.#placeOf(namespace, reference);
    const [item] = await this.#custom([...place, metric.name], queryOf(metric, 'metricLabelSelector'));
    if (!item)
      throw new RangeError(
        'unable to fetch metrics from custom metrics API: the custom metrics API server returned 0 results when we asked for exactly one',
      );
    return quantityMilliValue(item.value);
  }

  /** What something outside the cluster says, in thousandths. */
  async external(namespace: string, metric: MetricIdentifier): Promise<readonly number[]> {
    const prefix = 'unable to fetch metrics from external metrics API';
    const found = await this.#list(
      `/apis/${EXTERNAL}/v1beta1/${pathOf(['namespaces', namespace, metric.name])}`,
      queryOf(metric, 'labelSelector'),
      prefix,
    );
    if (!found)
      throw new RangeError(
        `${prefix}: the server could not find the requested resource (get ${metric.name}.${EXTERNAL})`,
      );
    if (found.length === 0) throw new RangeError('no metrics returned from external metrics API');
    return found.map(({ value }) => quantityMilliValue(value));
  }

  async #custom(segments: readonly string[], query: Readonly<Record<string, string>>): Promise<readonly Value[]> {
    const prefix = 'unable to fetch metrics from custom metrics API';
    for (const version of CUSTOM_VERSIONS) {
      const found = await this.#list(`/apis/${CUSTOM}/${version}/${pathOf(segments)}`, query, prefix);
      if (found) return found;
    }
    throw new RangeError(`${prefix}: no custom metrics API (${CUSTOM}) registered`);
  }

  async #list(
    path: string,
    query: Readonly<Record<string, string>>,
    prefix: string,
  ): Promise<readonly Value[] | undefined> {
    try {
      const found = await this.#read(path, query);
      return found === undefined ? undefined : ((found as { readonly items?: readonly Value[] }).items ?? []);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw new RangeError(`${prefix}: ${messageOf(error)}`);
    }
  }

  /** A namespace has its own metrics: it is in none. */
  #placeOf(namespace: string, { apiVersion = '', kind, name }: ObjectReference): readonly string[] {
    const group = groupOf(apiVersion);
    const found = this.#kinds.find((one) => one.kind === kind && one.group === group && !one.isAlternate);
    if (!found)
      throw new RangeError(
        `unable to fetch metrics from custom metrics API: no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`,
      );
    if (kind === 'Namespace' && group === '') return ['namespaces', name, 'metrics'];
    return ['namespaces', namespace, group ? `${found.plural}.${group}` : found.plural, name];
  }
}

const pathOf = (segments: readonly string[]): string => segments.map(encodeURIComponent).join('/');

function queryOf({ selector }: MetricIdentifier, parameter: string): Readonly<Record<string, string>> {
  const text = selector ? formatSelector(compileLabelSelector(selector)) : '';
  return text === '' ? {} : { [parameter]: text };
}

function sampleOf({ timestamp = '', windowSeconds, window, value }: Value): Sample {
  const seconds = windowSeconds ?? (typeof window === 'number' ? window : undefined);
  const windowMs = seconds === undefined ? parseDuration(typeof window === 'string' ? window : '') : seconds * 1000;
  return { milli: quantityMilliValue(value), atMs: Date.parse(timestamp), windowMs: windowMs ?? WINDOW_MS };
}

/** A selector as Go prints it: so it is told in events. */
export function goSelector({ selector }: MetricIdentifier): string {
  if (!selector) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}
