import type { Labels } from '@navarch/base';
import type { ApiRequest } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';

const CONNECTS: ReadonlySet<string> = new Set(['log', 'exec', 'portforward', 'attach', 'proxy']);
/** Methods that have labels of their own; people may send any. */
const METHODS: ReadonlySet<string> = new Set(['CONNECT', 'DELETE', 'PATCH', 'POST', 'PUT']);
const HEALTH: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);
const ZPAGES: ReadonlySet<string> = new Set(['/flagz', '/statusz']);
const COMPONENT = 'apiserver';
const EXECUTABLE = 'kube-apiserver';

/** The verb as metrics have it: mostly the method, with the few that mean several things told apart. */
export function verbOf(request: ApiRequest, info: RequestInfo): string {
  if (CONNECTS.has(info.subresource)) return 'CONNECT';
  const { method } = request;
  if (method === 'GET' || method === 'HEAD') {
    if (info.verb === 'watch') return 'WATCH';
    return scopeOf(info) === 'resource' ? 'GET' : 'LIST';
  }
  if (method === 'PATCH' && request.header('content-type') === 'application/apply-patch+yaml') return 'APPLY';
  return METHODS.has(method) ? method : 'other';
}

/** One object, those of a namespace, or all. What is created is one. */
export function scopeOf({ name, namespace, verb }: RequestInfo): string {
  if (name !== '' || verb === 'create') return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}

/** Of the documents upstream counts those that it serves in a way of its own; undefined for all others. */
export function documentLabels(request: ApiRequest, { path }: RequestInfo): Labels | undefined {
  const labels = (subresource: string, component: string, resource = ''): Labels => ({
    component,
    group: '',
    resource,
    scope: '',
    subresource,
    verb: 'GET',
    version: '',
  });
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  if (HEALTH.has(path)) return labels(path, '');
  if (ZPAGES.has(path)) return labels('', EXECUTABLE, path.slice(1));
  if ((path === '/api' || path === '/apis') && request.header('accept')?.includes('as=APIGroupDiscoveryList'))
    return labels(path, COMPONENT);
  if (path === '/openapi/v3') return labels('openapi/v3', '');
  return path.startsWith('/openapi/v3/') ? labels('openapi/v3/', '') : undefined;
}

/** What `dryRun` says, as a label: there is one good value. */
export function dryRunOf(query: URLSearchParams): string {
  if (!query.has('dryRun')) return '';
  return query.getAll('dryRun').every((value) => value === 'All') ? 'All' : 'invalid';
}
