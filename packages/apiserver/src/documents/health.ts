import { type ApiResponse, plain } from '../request.ts';

/** What is looked at, in the order in which it is shown. */
const CHECKS = ['ping', 'log', 'etcd', 'poststarthook/rbac/bootstrap-roles', 'poststarthook/start-system-namespaces-controller'] as const;
/** Whether the server may be sent requests is asked of more things than whether it lives. */
const READY_ONLY = ['informer-sync', 'shutdown'] as const;

export const HEALTH_PATHS: readonly string[] = ['healthz', 'livez', 'readyz'].flatMap((endpoint) =>
  [`/${endpoint}`, ...checksOf(endpoint).map((name) => `/${endpoint}/${name}`)]);

/** `/healthz`, `/livez`, `/readyz`, and one check of them by its path. */
export function health(endpoint: string, check: string, query: URLSearchParams, failing: readonly string[]): ApiResponse {
  const names = checksOf(endpoint);
  if (check !== '') {
    if (!names.includes(check)) return plain('404 page not found\n', 404);
    return failing.includes(check) ? plain(`internal server error: ${check} failed\n`, 500) : plain('ok');
  }
  const excluded = new Set(query.getAll('exclude'));
  const isBad = (name: string): boolean => failing.includes(name) && !excluded.has(name);
  const unknown = [...excluded].filter((name) => !names.includes(name));
  const lines = names.map((name) => (excluded.has(name) ? `[+]${name} excluded: ok` : isBad(name) ? `[-]${name} failed: reason withheld` : `[+]${name} ok`));
  if (unknown.length > 0) lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.map((name) => JSON.stringify(name)).join(', ')}`);
  const hasFailed = names.some(isBad);
  if (hasFailed) return plain(`${lines.join('\n')}\n${endpoint} check failed\n`, 500);
  return plain(query.has('verbose') ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok');
}

function checksOf(endpoint: string): readonly string[] {
  return endpoint === 'readyz' ? [...CHECKS.slice(0, 3), READY_ONLY[0], ...CHECKS.slice(3), READY_ONLY[1]] : CHECKS;
}
