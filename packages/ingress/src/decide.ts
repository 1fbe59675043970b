import type { Condition, Entrance, PathMatch, Route } from './model.ts';
import { byPrecedence, keyOfPath } from './precedence.ts';

export interface Request {
  readonly method: string;
  /** As the client sent it, with a port or without. */
  readonly host: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly query: ReadonlyMap<string, string>;
  readonly cookies: ReadonlyMap<string, string>;
}

/** The route that a request takes; undefined: none matches. What engines are configured to do is held to this. */
export function decide(request: Request, { routes, wildcard }: Entrance): Route | undefined {
  return [...routes]
    .sort(byPrecedence)
    .find(
      ({ host, path, conditions }) =>
        matchesHost(hostOf(request.host), host, wildcard) &&
        matchesPath(request.path, path) &&
        conditions.every((condition) => holds(request, condition)),
    );
}

const hostOf = (text: string): string => text.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();

export function matchesHost(asked: string, host: string, wildcard: Entrance['wildcard']): boolean {
  if (host === '' || asked === host) return true;
  if (!host.startsWith('*.') || !asked.endsWith(host.slice(1))) return false;
  const star = asked.slice(0, asked.length - host.length + 1);
  return star !== '' && (wildcard === 'labels' || !star.includes('.'));
}

function matchesPath(asked: string, path: PathMatch): boolean {
  if (path.type === 'exact') return asked === path.value;
  if (path.type === 'regex') return new RegExp(`^(?:${path.value})`, path.ignoreCase ? 'i' : '').test(asked);
  return `${asked}/`.startsWith(keyOfPath(path));
}

function holds(request: Request, { of, name, type, value }: Condition): boolean {
  const found =
    of === 'method' ? request.method : valuesOf(request, of).get(of === 'header' ? name.toLowerCase() : name);
  if (found === undefined) return false;
  return type === 'exact' ? found === value : new RegExp(value).test(found);
}

const valuesOf = (request: Request, of: Exclude<Condition['of'], 'method'>): ReadonlyMap<string, string> =>
  ({ header: request.headers, query: request.query, cookie: request.cookies })[of];
