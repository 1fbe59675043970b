import type { MetricFamily, Sample } from '@navarch/base';
import type { RequestInfo } from '../request-info.ts';

/** Upper bounds of durations, in seconds: upstream's. */
const SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60] as const;
/** Series kept; beyond it requests are counted under no labels. */
const SERIES_MAX = 5_000;
const CONNECTS: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward', 'proxy']);
const VERBS: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' };

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Answers by their status. */
  readonly codes: Map<number, number>;
  /** Each in the first bucket that takes it. */
  readonly counts: number[];
  seconds: number;
  /** Streams that are open. */
  open: number;
}

/** Verbs that have labels of their own; people may send any. */
const KNOWN_VERBS: ReadonlySet<string> = new Set([
  'create', 'update', 'get', 'list', 'watch', 'patch', 'delete', 'deletecollection', 'post', 'put', 'head', 'options',
]);

/** Counts requests under the names of upstream's API server. On the way of every request, so it makes next to nothing. */
export class RequestTally {
  readonly #series = new Map<string, Series>();
  readonly #inFlight = { readOnly: 0, mutating: 0 };
  readonly #isServed: (info: RequestInfo) => boolean;

  /** Requests for what is not served are counted under no labels: those are as many as people think of. */
  constructor(isServed: (info: RequestInfo) => boolean) {
    this.#isServed = isServed;
  }

  /** The request is being worked on until the returned function is called with its status and how long it took. */
  begin(info: RequestInfo, method: string): (status: number, seconds: number) => void {
    const sort = method === 'GET' || method === 'HEAD' ? 'readOnly' : 'mutating';
    this.#inFlight[sort] += 1;
    return (status, seconds) => {
      this.#inFlight[sort] -= 1;
      // Documents are not listed: what is not found, or not shown, may be any path.
      const series = this.#of(info, !info.isResource && (status === 404 || status === 403 || status === 401));
      series.codes.set(status, (series.codes.get(status) ?? 0) + 1);
      const bucket = SECONDS.findIndex((bound) => seconds <= bound);
      if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
      series.seconds += seconds;
    };
  }

  /** A stream of this request is open until the returned function is called. */
  open(info: RequestInfo): () => void {
    const series = this.#of(info, false);
    series.open += 1;
    return () => void (series.open -= 1);
  }

  families(): readonly MetricFamily[] {
    const all = [...this.#series.values()];
    return [
      {
        name: 'apiserver_request_total', type: 'counter', help: 'Counter of apiserver requests broken out for each verb, API resource and HTTP response code.',
        samples: all.flatMap(({ labels, codes }) => [...codes].map(([code, value]) => ({ labels: { code: String(code), ...labels }, value }))),
      },
      {
        name: 'apiserver_request_duration_seconds', type: 'histogram', help: 'Response latency distribution in seconds for each verb, API resource and scope.',
        samples: all.filter(({ codes }) => codes.size > 0).flatMap(durations),
      },
      {
        name: 'apiserver_longrunning_requests', type: 'gauge', help: 'Gauge of all active long-running apiserver requests.',
        samples: all.filter(({ labels, open }) => open > 0 || labels['verb'] === 'WATCH').map(({ labels, open }) => ({ labels, value: open })),
      },
      {
        name: 'apiserver_current_inflight_requests', type: 'gauge', help: 'Number of requests being worked on, by whether they may change something.',
        samples: Object.entries(this.#inFlight).map(([kind, value]) => ({ labels: { request_kind: kind }, value })),
      },
    ];
  }

  #of(info: RequestInfo, isNowhere: boolean): Series {
    const key = isNowhere ? '' : `${KNOWN_VERBS.has(info.verb) ? info.verb : 'OTHER'} ${info.group} ${info.version} ${info.resource} ${info.subresource} ${info.isResource ? scopeOf(info) : info.path}`;
    let series = this.#series.get(key);
    if (!series && key !== '' && (this.#series.size >= SERIES_MAX || (info.isResource && !this.#isServed(info)))) series = this.#of(info, true);
    if (!series) {
      series = { labels: isNowhere ? {} : labelsOf(info), codes: new Map(), counts: SECONDS.map(() => 0), seconds: 0, open: 0 };
      this.#series.set(key, series);
    }
    return series;
  }
}

function labelsOf(info: RequestInfo): Readonly<Record<string, string>> {
  const { group, version, resource, isResource, verb } = info;
  const subresource = isResource ? info.subresource : info.path;
  const shown = CONNECTS.has(subresource) ? 'CONNECT' : (VERBS[verb] ?? (KNOWN_VERBS.has(verb) ? verb.toUpperCase() : 'OTHER'));
  return { component: 'apiserver', group, resource, scope: isResource ? scopeOf(info) : '', subresource, verb: shown, version };
}

function scopeOf({ name, subresource, namespace }: RequestInfo): string {
  if (name !== '' || subresource !== '') return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}

function durations({ labels, codes, counts, seconds }: Series): readonly Sample[] {
  const count = [...codes.values()].reduce((sum, value) => sum + value, 0);
  let below = 0;
  const buckets = SECONDS.map((bound, i): Sample => {
    below += counts[i] ?? 0;
    return { suffix: '_bucket', labels: { ...labels, le: String(bound) }, value: below };
  });
  return [...buckets, { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count }, { suffix: '_sum', labels, value: seconds }, { suffix: '_count', labels, value: count }];
}
