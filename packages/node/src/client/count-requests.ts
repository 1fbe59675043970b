import type { Clock, Metrics } from '@navarch/base';
import type { HttpTransport } from '@navarch/client';

const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** A transport whose requests are counted under the names that upstream's clients give them. */
export function countRequests(transport: HttpTransport, host: string, metrics: Metrics, clock: Clock): HttpTransport {
  const total = metrics.counter(
    'rest_client_requests_total',
    'Number of HTTP requests, partitioned by status code, method, and host.',
  );
  const seconds = metrics.histogram(
    'rest_client_request_duration_seconds',
    'Request latency in seconds. Broken down by verb, and host.',
    SECONDS,
  );
  return {
    async send(request, signal) {
      const started = clock.monotonic();
      let code = '<error>';
      try {
        const response = await transport.send(request, signal);
        code = String(response.status);
        return response;
      } finally {
        total.add(1, { code, host, method: request.method });
        seconds.observe((clock.monotonic() - started) / 1000, { host, verb: request.method });
      }
    },
  };
}
