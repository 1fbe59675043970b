import { Distribution, exponential, type Labels, type MetricFamily } from '@navarch/base';
import type { ApiRequest } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';
import { ServiceLevels, serviceLevelSamples, type Waits } from './service-levels.ts';
import { documentLabels, dryRunOf, scopeOf, verbOf } from './request-labels.ts';

/** Upper bounds of durations, in seconds: upstream's. */
const SECONDS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
] as const;
/** Of those that only the server is answerable for: upstream does not tell the shortest apart. */
const OWN_SECONDS = SECONDS.slice(2);
/** Of sizes, in bytes. */
const BYTES = exponential(1000, 10, 7);
/** Series kept; beyond it requests are counted as being for something else. */
const SERIES_MAX = 5_000;

/** What requests of one sort have come to. */
interface Series {
  readonly labels: Labels;
  /** Of what is deprecated: the release it goes with, or ''. */
  readonly removedRelease: string | undefined;
  /** Of what was read, in bytes. */
  readonly sizes: Distribution | undefined;
  readonly answers: Map<string, Answers>;
  /** Streams that are open. */
  open: number;
}

/** By what `dryRun` says: most metrics do not tell such requests apart. */
interface Answers {
  readonly labels: Labels;
  readonly seconds: Distribution;
  /** Of those that waited for something; absent: none did. */
  levels?: ServiceLevels;
  /** Answers by their status. */
  readonly codes: Map<number, { readonly labels: Labels; count: number }>;
}

/** What is known of the resource that a request is about. */
export interface ServedAs {
  /** The resource is deprecated, and goes with that release; '' where it is not known when. */
  readonly removedRelease: string | undefined;
}

/** Counts requests under the names of upstream's API server. On the way of every request, so it makes next to nothing. */
export class RequestTally {
  readonly #series = new Map<string, Series>();
  readonly #inFlight = { readOnly: 0, mutating: 0 };
  readonly #servedAs: (info: RequestInfo) => ServedAs | undefined;

  /** Requests for what is not served are not counted: those are as many as people think of. */
  constructor(servedAs: (info: RequestInfo) => ServedAs | undefined) {
    this.#servedAs = servedAs;
  }

  /** The request is in flight until it is told what has become of it. */
  begin(request: ApiRequest, info: RequestInfo): RequestInFlight {
    this.#inFlight[sortOf(request)] += 1;
    return new RequestInFlight(this, request, info);
  }

  /** It is in flight no more. */
  leave(request: ApiRequest): void {
    this.#inFlight[sortOf(request)] -= 1;
  }

  /** Nothing has been answered yet; streams that are open stay so. */
  reset(): void {
    for (const [key, series] of this.#series) {
      series.answers.clear();
      series.sizes?.reset();
      if (series.open === 0) this.#series.delete(key);
    }
  }

  families(): readonly MetricFamily[] {
    const all = [...this.#series.values()];
    const answers = all.flatMap((series) => [...series.answers.values()]);
    return [
      {
        name: 'apiserver_request_total',
        type: 'counter',
        help: '[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
        samples: answers.flatMap(({ codes }) =>
          Array.from(codes.values(), ({ labels, count }) => ({ labels, value: count })),
        ),
      },
      {
        name: 'apiserver_request_duration_seconds',
        type: 'histogram',
        help: '[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
        samples: answers.flatMap(({ labels, seconds }) => (seconds.count > 0 ? seconds.samples(labels) : [])),
      },
      {
        name: 'apiserver_request_sli_duration_seconds',
        type: 'histogram',
        help: '[ALPHA] Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
        samples: all.flatMap(({ labels, answers: byDryRun }) => {
          const real = byDryRun.get('');
          return real && real.seconds.count > 0
            ? serviceLevelSamples(labels, real.seconds, real.levels, OWN_SECONDS)
            : [];
        }),
      },
      {
        name: 'apiserver_response_sizes',
        type: 'histogram',
        help: '[STABLE] Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.',
        samples: all.flatMap(({ labels, sizes }) => (sizes && sizes.count > 0 ? sizes.samples(labels) : [])),
      },
      {
        name: 'apiserver_longrunning_requests',
        type: 'gauge',
        help: '[STABLE] Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
        samples: all
          .filter(({ labels, open }) => open > 0 || labels['verb'] === 'WATCH' || labels['verb'] === 'CONNECT')
          .map(({ labels, open }) => ({ labels, value: open })),
      },
      {
        name: 'apiserver_current_inflight_requests',
        type: 'gauge',
        help: '[STABLE] Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
        samples: Object.entries(this.#inFlight).map(([kind, value]) => ({ labels: { request_kind: kind }, value })),
      },
      {
        name: 'apiserver_requested_deprecated_apis',
        type: 'gauge',
        help: '[STABLE] Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.',
        samples: deprecated(all).map((labels) => ({ labels, value: 1 })),
      },
    ];
  }

  /** Undefined: such requests are not counted. */
  seriesOf(request: ApiRequest, info: RequestInfo): Series | undefined {
    if (!info.isResource) return this.#ofDocument(request, info);
    const { group, version, resource, subresource } = info;
    const [verb, scope] = [verbOf(request, info), scopeOf(info)];
    const key = `${verb} ${group} ${version} ${resource} ${subresource} ${scope}`;
    const known = this.#series.get(key);
    if (known) return known;
    const served = this.#servedAs(info);
    if (!served) return undefined;
    return this.#add(
      key,
      { component: 'apiserver', group, resource, scope, subresource, verb, version },
      served.removedRelease,
    );
  }

  #ofDocument(request: ApiRequest, info: RequestInfo): Series | undefined {
    const labels = documentLabels(request, info);
    const key = labels && `${labels['subresource']} ${labels['resource']}`;
    return key === undefined ? undefined : (this.#series.get(key) ?? this.#add(key, labels as Labels, undefined));
  }

  #add(key: string, labels: Labels, removedRelease: string | undefined): Series {
    const isRead = labels['verb'] === 'GET' || labels['verb'] === 'LIST';
    if (this.#series.size >= SERIES_MAX && key !== OTHER_KEY)
      return this.#series.get(OTHER_KEY) ?? this.#add(OTHER_KEY, OTHER, undefined);
    const made: Series = {
      labels,
      removedRelease,
      sizes: isRead ? new Distribution(BYTES) : undefined,
      answers: new Map(),
      open: 0,
    };
    this.#series.set(key, made);
    return made;
  }
}

const OTHER_KEY = 'other';
const OTHER: Labels = {
  component: 'apiserver',
  group: '',
  resource: 'other',
  scope: '',
  subresource: '',
  verb: 'other',
  version: '',
};

const sortOf = ({ method }: ApiRequest): 'readOnly' | 'mutating' =>
  method === 'GET' || method === 'HEAD' ? 'readOnly' : 'mutating';

/** A request that is being worked on. */
export class RequestInFlight implements Waits {
  waitedSeconds = 0;
  /** Nobody who may not ask is counted, as nobody is who asks for what is not there. */
  isAdmitted = false;
  /** It was refused unseen, for want of room: it is counted, and took no time. */
  isDropped = false;
  readonly #tally: RequestTally;
  readonly #request: ApiRequest;
  readonly #info: RequestInfo;

  constructor(tally: RequestTally, request: ApiRequest, info: RequestInfo) {
    this.#tally = tally;
    this.#request = request;
    this.#info = info;
  }

  /** It is answered. `seconds` since it came; `bytes` of the answer. */
  answered(status: number, seconds: number, bytes: number): void {
    this.leave();
    const series = this.isAdmitted || this.isDropped ? this.#tally.seriesOf(this.#request, this.#info) : undefined;
    if (!series) return;
    const answers = count(series, dryRunOf(this.#request.query), status);
    if (this.isDropped) return;
    this.#took(answers, seconds);
    series.sizes?.observe(bytes);
  }

  #took(answers: Answers, seconds: number): void {
    answers.seconds.observe(seconds);
    if (this.waitedSeconds > 0) (answers.levels ??= new ServiceLevels(SECONDS)).waited(seconds, this.waitedSeconds);
  }

  /** Its answer is a stream: that is not in flight any more, and counted when it ends. */
  leave(): void {
    this.#tally.leave(this.#request);
  }

  /** The stream is open until what is returned is told its status, and how long ago the request came (s). */
  open(): (status: number, seconds: number) => void {
    const series = this.#tally.seriesOf(this.#request, this.#info);
    if (!series) return () => undefined;
    series.open += 1;
    return (status, seconds) => {
      series.open -= 1;
      this.#took(count(series, dryRunOf(this.#request.query), status), seconds);
    };
  }
}

function count(series: Series, dryRun: string, status: number): Answers {
  let answers = series.answers.get(dryRun);
  if (!answers)
    series.answers.set(
      dryRun,
      (answers = {
        labels: { ...series.labels, dry_run: dryRun },
        seconds: new Distribution(SECONDS),
        codes: new Map(),
      }),
    );
  const of = answers.codes.get(status);
  if (of) of.count += 1;
  else answers.codes.set(status, { labels: { ...answers.labels, code: String(status) }, count: 1 });
  return answers;
}

/** The labels of deprecated resources that were asked for: one for all verbs and scopes. */
function deprecated(all: readonly Series[]): readonly Labels[] {
  const found = new Map<string, Labels>();
  for (const {
    removedRelease,
    labels: { group = '', version = '', resource = '', subresource = '' },
  } of all) {
    if (removedRelease !== undefined)
      found.set(`${group} ${version} ${resource} ${subresource}`, {
        group,
        removed_release: removedRelease,
        resource,
        subresource,
        version,
      });
  }
  return [...found.values()];
}
