import type { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock, Metrics } from '@navarch/base';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** First words of paths that are named in metrics; what else is asked for must not make series. */
const NAMED = new Set([
  'healthz',
  'pods',
  'runningpods',
  'stats',
  'metrics',
  'containerLogs',
  'logs',
  'configz',
  'exec',
  'attach',
  'portForward',
  'run',
]);
const LONG = new Set(['exec', 'attach', 'portForward']);

/** Counts requests under upstream's names. Returns what to call with each, and with what closes when it is over. */
export function countRequests(
  metrics: Metrics,
  clock: Clock,
): (method: string, path: string, end: EventEmitter) => void {
  const total = metrics.counter(
    'kubelet_http_requests_total',
    'Number of the http requests received since the server started',
  );
  const inFlight = metrics.gauge('kubelet_http_inflight_requests', 'Number of the inflight http requests');
  const seconds = metrics.histogram(
    'kubelet_http_requests_duration_seconds',
    'Duration in seconds to serve http requests',
    SECONDS,
  );
  const running = new Map<string, number>();
  return (method, path, end) => {
    const [first = ''] = path.split('/').filter((part) => part !== '');
    const labels = {
      long_running: String(LONG.has(first)),
      method,
      path: NAMED.has(first) ? first : 'other',
      server_type: 'readwrite',
    };
    const key = `${method} ${labels.path}`;
    const change = (by: number): void => {
      running.set(key, (running.get(key) ?? 0) + by);
      inFlight.set(running.get(key) ?? 0, labels);
    };
    const started = clock.monotonic();
    total.add(1, labels);
    change(1);
    (end as ServerResponse).once('close', () => {
      change(-1);
      seconds.observe((clock.monotonic() - started) / 1000, labels);
    });
  };
}
