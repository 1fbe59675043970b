import type { Condition, Entrance, PathMatch, Route, Wildcard } from './model.ts';
import { byPrecedence, keyOfPath } from './precedence.ts';

export interface Request {
  /** The one that it came to; 80 where it does not matter. */
  readonly port?: number;
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
export function decide(request: Request, { routes }: Entrance): Route | undefined {
  return [...routes]
    .sort(byPrecedence)
    .find(
      ({ host, wildcard, path, conditions }) =>
        matchesHost(hostOf(request.host), host, wildcard) &&
        matchesPath(request.path, path) &&
        conditions.every((condition) => holds(request, condition)),
    );
}

const hostOf = (text: string): string => text.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();

export function matchesHost(asked: string, host: string, wildcard: Wildcard): boolean {
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
  const found = valueOf(request, of, name);
  if (found === undefined) return false;
  return type === 'exact' ? found === value : new RegExp(value).test(found);
}

function valueOf(request: Request, of: Condition['of'], name: string): string | undefined {
  switch (of) {
    case 'port':
      return String(request.port ?? 80);
    case 'method':
      return request.method;
    case 'header':
      return request.headers.get(name.toLowerCase());
    case 'query':
      return request.query.get(name);
    case 'cookie':
      return request.cookies.get(name);
  }
}
