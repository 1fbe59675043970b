import { type Logger, MetricRegistry, prometheusText } from '@navarch/base';
import { type ApiRequest, type ApiResponse, encode, notFoundPage, plain } from '../request.ts';
import type { HealthCheck } from './checks.ts';

/** What one check answers: it does not say, as the endpoints do, that this is to be taken for what it is called. */
const OK: ApiResponse = Object.freeze({
  type: 'bytes',
  status: 200,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: [encode('ok')],
});

/** Which checks an endpoint asks. */
type Endpoint = 'healthz' | 'livez' | 'readyz';

/** `/healthz`, `/livez`, `/readyz`, and one check of them by its path. */
export class Health {
  readonly #checks: readonly HealthCheck[];
  readonly #log: Logger;
  /** Those that failed when they were last asked. */
  readonly #failing = new Set<string>();
  readonly #counts = new MetricRegistry();
  readonly #last = this.#counts.gauge(
    'kubernetes_healthcheck',
    '[STABLE] This metric records the result of a single healthcheck.',
  );
  readonly #total = this.#counts.counter(
    'kubernetes_healthchecks_total',
    '[STABLE] This metric records the results of all healthcheck.',
  );

  /** In the order in which they are shown. */
  constructor(checks: readonly HealthCheck[], log: Logger) {
    this.#checks = checks;
    this.#log = log;
  }

  /** Where each of them is found. */
  get paths(): readonly string[] {
    return (['healthz', 'livez', 'readyz'] as const).flatMap((endpoint) => [
      `/${endpoint}`,
      ...this.#of(endpoint).map(({ name }) => `/${endpoint}/${name}`),
    ]);
  }

  /** All checks of an endpoint, or the one that the path names. */
  async answer(endpoint: Endpoint, { path, query }: Pick<ApiRequest, 'path' | 'query'>): Promise<ApiResponse> {
    const checks = this.#of(endpoint);
    if (path === `/${endpoint}`) return this.#all(endpoint, checks, query);
    const name = path.slice(`/${endpoint}/`.length);
    const check = checks.find((one) => one.name === name);
    if (!check) return notFoundPage();
    const problem = await this.#problemOf(check);
    return problem === undefined ? OK : plain(`internal server error: ${problem}\n`, 500);
  }

  /** What `/metrics/slis` shows: how the checks went (KEP-3466). */
  slis(): string {
    return prometheusText(this.#counts.families());
  }

  resetSlis(): void {
    this.#counts.reset();
  }

  /** Whether the server may be sent requests is asked of more things than whether it lives. */
  #of(endpoint: Endpoint): readonly HealthCheck[] {
    return endpoint === 'readyz' ? this.#checks : this.#checks.filter(({ isOfReadiness }) => !isOfReadiness);
  }

  async #all(endpoint: Endpoint, checks: readonly HealthCheck[], query: URLSearchParams): Promise<ApiResponse> {
    const excluded = new Set(query.getAll('exclude'));
    const lines: string[] = [];
    let hasFailed = false;
    for (const check of checks) {
      const { name } = check;
      if (excluded.delete(name)) {
        lines.push(`[+]${name} excluded: ok`);
        continue;
      }
      const isGood = (await this.#problemOf(check)) === undefined;
      hasFailed ||= !isGood;
      this.#last.set(isGood ? 1 : 0, { name, type: endpoint });
      this.#total.add(1, { name, status: isGood ? 'success' : 'error', type: endpoint });
      // Everybody may ask here: what is wrong is for who may ask for the check itself.
      lines.push(isGood ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
    }
    if (excluded.size > 0)
      lines.push(
        `warn: some health checks cannot be excluded: no matches for ${[...excluded]
          .sort()
          .map((name) => JSON.stringify(name))
          .join(',')}`,
      );
    if (hasFailed) return plain(`${lines.join('\n')}\n${endpoint} check failed\n`, 500);
    return plain(query.has('verbose') ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok');
  }

  async #problemOf(check: HealthCheck): Promise<string | undefined> {
    const { name } = check;
    const problem = await check.problem();
    if (problem !== undefined && !this.#failing.has(name))
      this.#log.warn('health check failed', { check: name, problem });
    if (problem === undefined && this.#failing.has(name)) this.#log.info('health check passes again', { check: name });
    if (problem === undefined) this.#failing.delete(name);
    else this.#failing.add(name);
    return problem;
  }
}
