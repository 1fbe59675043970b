import { type MetricFamily, prometheusText } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { keyIn } from '@navarch/machinery';
import { valueAnswer } from '../handlers/answer.ts';
import { type Exchange, notAllowedHere, notServed } from '../handlers/exchange.ts';
import { readerOf } from '../registry/reader.ts';
import type { Registry } from '../registry/registry.ts';
import type { RequestInfo } from '../request-info.ts';
import type { ApiResponse } from '../request.ts';

/**
 * What is worked out of the cluster when somebody asks for it under the name of an object of a namespace: it can be read
 * and nothing else. Others of the process tell it; discovery does not, which is upstream's to the letter.
 */
export interface View {
  /** `group/version/resource/subresource`. */
  readonly at: string;
  /** The value, which is sent as it is. `turn` is asked from time to time by those who think for long. Rejects with NotFound. */
  show(key: string, objects: CacheReader, turn: () => Promise<void>): Promise<unknown>;
}

/** Numbers of the cluster's objects that somebody of the process works out when they are read. */
export interface MetricPage {
  /** What is behind `/metrics/`. */
  readonly at: string;
  families(objects: CacheReader): readonly MetricFamily[];
}

/** Their texts, in Prometheus's format. */
export const metricPagesOf = (pages: readonly MetricPage[], registry: Registry): ReadonlyMap<string, () => string> =>
  new Map(pages.map(({ at, families }) => [at, () => prometheusText(families(readerOf(registry)))]));

/** Longest time that other requests wait for a view. */
const TURN_MS = 20;

export const viewAt = ({ group, version, resource, subresource }: RequestInfo): string =>
  `${group}/${version}/${resource}/${subresource}`;

/** Whoever asks may ask. */
export async function serveView(view: View, exchange: Exchange): Promise<ApiResponse> {
  const { request, info, registry } = exchange;
  if (request.method !== 'GET' || info.verb !== 'get') throw notAllowedHere();
  return valueAnswer(exchange, await shownBy(view, info, registry));
}

/** Rejects with NotFound. */
export async function shownBy(
  view: View,
  { namespace, name, isInNamespace, rest }: RequestInfo,
  registry: Registry,
): Promise<unknown> {
  if (!isInNamespace || rest !== '') throw notServed();
  const { clock } = registry.deps;
  let began = clock.monotonic();
  return view.show(keyIn(namespace, name), readerOf(registry), async () => {
    if (clock.monotonic() - began < TURN_MS) return;
    await clock.sleep(0, registry.signal);
    began = clock.monotonic();
  });
}
