import {
  type Counter,
  exponential,
  type Gauge,
  type Histogram,
  type Metrics,
  type Observer,
  type Tick,
} from '@navarch/base';
import { codeName, typeName, types } from './wire/codes.ts';

/** CoreDNS's buckets. */
const SECONDS = exponential(0.00025, 2, 16);
const SLIM_SECONDS = [0.00025, 0.004, 0.064, 0.256, 1.024, 4.096] as const;
const QUERY_BYTES = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000] as const;

/** Types that are counted by name, as CoreDNS does; others are `other`. */
const COUNTED = new Set<string>([
  'A',
  'AAAA',
  'CNAME',
  'DNSKEY',
  'DS',
  'HTTPS',
  'MX',
  'NS',
  'PTR',
  'SOA',
  'SRV',
  'TXT',
  'ANY',
]);

/** What is counted, under CoreDNS's names. */
export interface DnsMetrics {
  readonly forwardRejected: Tick;
  readonly forwardAllDown: Tick;
  readonly panics: Tick;
  forwarded(to: string, code: string, seconds: number): void;
  healthCheckFailed(to: string): void;
  readonly cacheHits: Counter;
  readonly cacheMisses: Counter;
  readonly cacheRequests: Counter;
  readonly cacheEvictions: Counter;
  readonly cacheEntries: Gauge;
  readonly hostsEntries: Gauge;
  readonly reloadFailed: Tick;
  readonly pluginEnabled: Gauge;
  readonly reloadVersion: Gauge;
  zone(server: string, zone: string): ZoneMetrics;
}

export function dnsMetrics(metrics: Metrics, version: string): DnsMetrics {
  const counter = (name: string, help: string): Counter => metrics.counter(`coredns_${name}`, help);
  const requests = counter('dns_requests_total', 'Counter of DNS requests made per zone, protocol and family.');
  const responses = counter('dns_responses_total', 'Counter of response status codes.');
  const duration = metrics.histogram(
    'coredns_dns_request_duration_seconds',
    'Histogram of the time (in seconds) each request took per zone.',
    SECONDS,
  );
  const requestBytes = metrics.histogram(
    'coredns_dns_request_size_bytes',
    'Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.',
    QUERY_BYTES,
  );
  const responseBytes = metrics.histogram(
    'coredns_dns_response_size_bytes',
    'Size of the returned response in bytes.',
    QUERY_BYTES,
  );
  const proxied = metrics.histogram(
    'coredns_proxy_request_duration_seconds',
    'Histogram of the time each request took.',
    SLIM_SECONDS,
  );
  const unhealthy = counter('proxy_healthcheck_failures_total', 'Counter of the number of failed healthchecks.');
  metrics
    .gauge(
      'coredns_build_info',
      'A metric with a constant 1 value labeled by version of CoreDNS\u2019s metrics that are served.',
    )
    .set(1, { version });
  return {
    forwardRejected: counter(
      'forward_max_concurrent_rejects_total',
      'Counter of the number of queries rejected because the concurrent queries were at maximum.',
    ).of({}),
    forwardAllDown: counter(
      'forward_healthcheck_broken_total',
      'Counter of the number of complete failures of the healthchecks.',
    ).of({}),
    panics: counter('panics_total', 'A metrics that counts the number of panics.').of({}),
    forwarded: (to, rcode, seconds) => proxied.observe(seconds, { proxy_name: 'forward', to, rcode }),
    healthCheckFailed: (to) => unhealthy.add(1, { proxy_name: 'forward', to }),
    cacheHits: counter('cache_hits_total', 'The count of cache hits.'),
    cacheMisses: counter(
      'cache_misses_total',
      'The count of cache misses. Deprecated, derive misses from cache hits/requests counters.',
    ),
    cacheRequests: counter('cache_requests_total', 'The count of cache requests.'),
    cacheEvictions: counter('cache_evictions_total', 'The count of cache evictions.'),
    cacheEntries: metrics.gauge('coredns_cache_entries', 'The number of elements in the cache.'),
    hostsEntries: metrics.gauge('coredns_hosts_entries', 'The combined number of entries in hosts and Corefile.'),
    reloadFailed: counter('reload_failed_total', 'Counter of the number of failed reload attempts.').of({}),
    pluginEnabled: metrics.gauge(
      'coredns_plugin_enabled',
      'A metric that indicates whether a plugin is enabled on per server and zone basis.',
    ),
    reloadVersion: metrics.gauge(
      'coredns_reload_version_info',
      'A metric with a constant 1 value labeled by hash, and value which type of hash generated.',
    ),
    zone: (server, zone) =>
      new ZoneMetrics({ requests, responses, duration, requestBytes, responseBytes }, { server, zone, view: '' }),
  };
}

interface Families {
  readonly requests: Counter;
  readonly responses: Counter;
  readonly duration: Histogram;
  readonly requestBytes: Histogram;
  readonly responseBytes: Histogram;
}

interface Request {
  readonly isTcp: boolean;
  readonly isIpv6: boolean;
  readonly type: number;
}

interface Transport {
  readonly requestBytes: Observer;
  readonly responseBytes: Observer;
}

/** The series of one zone, found once: they are counted with every question. */
export class ZoneMetrics {
  readonly #families: Families;
  readonly #labels: { readonly server: string; readonly zone: string; readonly view: string };
  readonly #requests = new Map<number, Tick>();
  readonly #responses = new Map<string, Tick[]>();
  readonly #duration: Observer;
  readonly #udp: Transport;
  readonly #tcp: Transport;

  constructor(families: Families, labels: { readonly server: string; readonly zone: string; readonly view: string }) {
    this.#families = families;
    this.#labels = labels;
    this.#duration = families.duration.of(labels);
    const transport = (proto: string): Transport => ({
      requestBytes: families.requestBytes.of({ ...labels, proto }),
      responseBytes: families.responseBytes.of({ ...labels, proto }),
    });
    this.#udp = transport('udp');
    this.#tcp = transport('tcp');
  }

  count(request: Request, askedBytes: number, toldBytes: number): void {
    const key = (request.type << 2) | (request.isTcp ? 2 : 0) | (request.isIpv6 ? 1 : 0);
    const found = this.#requests.get(key) ?? this.#requestsOf(key, request);
    found.add();
    const transport = request.isTcp ? this.#tcp : this.#udp;
    transport.requestBytes.observe(askedBytes);
    transport.responseBytes.observe(toldBytes);
  }

  answered(code: number, plugin: string, seconds: number): void {
    let byCode = this.#responses.get(plugin);
    if (!byCode) this.#responses.set(plugin, (byCode = []));
    (byCode[code] ??= this.#families.responses.of({ ...this.#labels, rcode: codeName(code), plugin })).add();
    this.#duration.observe(seconds);
  }

  #requestsOf(key: number, { type, isTcp, isIpv6 }: Request): Tick {
    const name = typeName(type);
    const tick = this.#families.requests.of({
      ...this.#labels,
      proto: isTcp ? 'tcp' : 'udp',
      family: isIpv6 ? '2' : '1',
      type: COUNTED.has(name) ? name : 'other',
    });
    // Whoever asks for all 65,536 types must not fill the memory with their names.
    if (type <= types.ANY || COUNTED.has(name)) this.#requests.set(key, tick);
    return tick;
  }
}
