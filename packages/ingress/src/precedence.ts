import type { Condition, PathMatch, Route } from './model.ts';

/**
 * Which of the routes that match a request is taken: the one that says most. First the host (a name before a wildcard, of
 * wildcards the longer one, then none), then the path (a whole one, then the longest), then how many headers, parameters
 * and cookies it asks for, then the older one. So Ingress and Gateway API both say it.
 */
export function byPrecedence(a: Route, b: Route): number {
  return (
    hostRank(b) - hostRank(a) ||
    pathRank(b.path) - pathRank(a.path) ||
    countOf(b, 'method') - countOf(a, 'method') ||
    countOf(b, 'header') - countOf(a, 'header') ||
    countOf(b, 'query') - countOf(a, 'query') ||
    countOf(b, 'cookie') - countOf(a, 'cookie') ||
    compare(a.since, b.since) ||
    compare(a.owner, b.owner)
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const countOf = ({ conditions }: Route, of: Condition['of']): number =>
  conditions.filter((condition) => condition.of === of).length;

const EXACT = 1_000_000;

function hostRank({ host, wildcard }: Route): number {
  if (host === '') return 0;
  return host.startsWith('*.') ? labelsOf(host) * 2 + (wildcard === 'one-label' ? 1 : 0) : EXACT;
}

/** Of a wildcard: how many labels it names, the star among them. */
export const labelsOf = (host: string): number => host.split('.').length;

const pathRank = (path: PathMatch): number => (path.type === 'exact' ? EXACT : keyOfPath(path).length);

/**
 * What a path with a slash behind it begins with when a prefix matches it: so `/a` has `/a/b`, and not `/ab`. Of two that
 * match, the longer one is the one that says more.
 */
export function keyOfPath({ type, value }: PathMatch): string {
  return type === 'prefix' ? `${value.replace(/\/+$/, '')}/` : value;
}
