import type { Problem, Rule } from '../model.ts';
import type { Options } from './annotations.ts';
import type { Url } from './url.ts';

export interface RequestSubject {
  readonly options: Options;
  readonly owner: string;
  /** The id of a backend that leads to a URL; a problem: why there is none. */
  backendOf(url: Url): string | Problem;
}

export interface RequestRules {
  readonly rules: readonly Rule[];
  readonly problems: readonly Problem[];
}

const METHODS = { GET: 'get', HEAD: 'head', POST: 'post' } as const;

/** Who is asked whether a request may go on. Who cannot be asked lets nobody in. */
export function questionsOf({ options, backendOf }: RequestSubject): RequestRules {
  const url = options['auth-url'];
  if (!url) return { rules: [], problems: [] };
  const to = backendOf(url);
  if (typeof to !== 'string') return { rules: [{ do: 'respond', status: 503 }], problems: [to] };
  const signIn = options['auth-signin'];
  const parameter = options['auth-signin-redirect-param'] ?? 'rd';
  const question = {
    to,
    method: METHODS[options['auth-method'] ?? 'GET'],
    host: url.host,
    path: url.path,
    taken: options['auth-response-headers'] ?? [],
    ...(signIn === undefined ? {} : { signIn: withReturn(signIn, parameter) }),
  };
  return { rules: [{ do: 'ask', question }], problems: [] };
}

/** Who signs in is to come back: where no place for that is named, it is added. */
const withReturn = (place: string, parameter: string): string =>
  new RegExp(`[?&]${parameter}=`).test(place)
    ? place
    : `${place}${place.includes('?') ? '&' : '?'}${parameter}=$scheme://$http_host$escaped_request_uri`;

/** Where copies go. */
export function mirrorsOf({ options, backendOf }: RequestSubject): RequestRules {
  const url = options['mirror-target'];
  if (!url) return { rules: [], problems: [] };
  const to = backendOf(url);
  return typeof to === 'string'
    ? { rules: [{ do: 'mirror', to, share: 1, of: 1 }], problems: [] }
    : { rules: [], problems: [to] };
}
