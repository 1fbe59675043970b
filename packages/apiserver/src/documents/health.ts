import { MetricRegistry, prometheusText } from '@navarch/base';
import { type ApiResponse, plain } from '../request.ts';

/** What is looked at, in the order in which it is shown: under upstream's names, those that this server has something for. */
const CHECKS = [
  'ping', 'log', 'etcd',
  'poststarthook/start-apiserver-admission-initializer', 'poststarthook/generic-apiserver-start-informers',
  'poststarthook/priority-and-fairness-config-consumer', 'poststarthook/priority-and-fairness-filter',
  'poststarthook/start-apiextensions-informers', 'poststarthook/start-apiextensions-controllers', 'poststarthook/crd-informer-synced',
  'poststarthook/start-system-namespaces-controller', 'poststarthook/start-cluster-authentication-info-controller',
  'poststarthook/start-service-ip-repair-controllers', 'poststarthook/rbac/bootstrap-roles', 'poststarthook/scheduling/bootstrap-system-priority-classes',
  'poststarthook/priority-and-fairness-config-producer', 'poststarthook/bootstrap-controller', 'poststarthook/start-kubernetes-service-cidr-controller',
  'poststarthook/apiservice-status-local-available-controller', 'poststarthook/apiservice-status-remote-available-controller',
  'poststarthook/apiservice-registration-controller', 'poststarthook/apiservice-discovery-controller', 'poststarthook/kube-apiserver-autoregistration',
  'autoregister-completion', 'poststarthook/apiservice-openapi-controller', 'poststarthook/apiservice-openapiv3-controller',
] as const;
/** Whether the server may be sent requests is asked of more things than whether it lives. */
const READY = [...CHECKS.slice(0, 3), 'etcd-readiness', 'informer-sync', ...CHECKS.slice(3), 'shutdown'];
const LISTS: Readonly<Record<string, readonly string[]>> = { healthz: CHECKS, livez: CHECKS, readyz: READY };

export const HEALTH_PATHS: readonly string[] = Object.entries(LISTS).flatMap(([endpoint, names]) => [`/${endpoint}`, ...names.map((name) => `/${endpoint}/${name}`)]);

/** `/healthz`, `/livez`, `/readyz`, and one check of them by its path. */
export class Health {
  readonly #failing: () => readonly string[];
  readonly #counts = new MetricRegistry();
  readonly #last = this.#counts.gauge('kubernetes_healthcheck', '[STABLE] This metric records the result of a single healthcheck.');
  readonly #total = this.#counts.counter('kubernetes_healthchecks_total', '[STABLE] This metric records the results of all healthcheck.');

  /** `failing`: the names of the checks that fail right now. */
  constructor(failing: () => readonly string[]) {
    this.#failing = failing;
  }

  answer(endpoint: string, check: string, query: URLSearchParams): ApiResponse {
    const names = LISTS[endpoint] ?? [];
    if (check === '') return this.#all(endpoint, names, query);
    if (!names.includes(check)) return plain('404 page not found\n', 404);
    return this.#failing().includes(check) ? plain(`internal server error: ${check} failed\n`, 500) : plain('ok');
  }

  /** What `/metrics/slis` shows: how the checks went (KEP-3466). */
  slis(): string {
    return prometheusText(this.#counts.families());
  }

  #all(endpoint: string, names: readonly string[], query: URLSearchParams): ApiResponse {
    const failing = this.#failing();
    const excluded = new Set(query.getAll('exclude'));
    const lines: string[] = [];
    let hasFailed = false;
    for (const name of names) {
      if (excluded.delete(name)) {
        lines.push(`[+]${name} excluded: ok`);
        continue;
      }
      const isGood = !failing.includes(name);
      hasFailed ||= !isGood;
      this.#last.set(isGood ? 1 : 0, { name, type: endpoint });
      this.#total.add(1, { name, status: isGood ? 'success' : 'error', type: endpoint });
      lines.push(isGood ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
    }
    if (excluded.size > 0) lines.push(`warn: some health checks cannot be excluded: no matches for ${[...excluded].sort().map((name) => JSON.stringify(name)).join(',')}`);
    if (hasFailed) return plain(`${lines.join('\n')}\n${endpoint} check failed\n`, 500);
    return plain(query.has('verbose') ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok');
  }
}
