import type { HeaderChange, Rule } from '../model.ts';
import type { BackendReference, Filter, HeaderFilter, Listener, PathModifier, RouteMatch } from './objects.ts';

export interface FilterSubject {
  readonly match: RouteMatch;
  /** Through which a request came: what a redirect leaves open is as it was there. */
  readonly listener: Listener;
  /** The id of a backend that has the endpoints of what a mirror refers to; undefined: there is no such thing. */
  readonly mirrorTo: (reference: BackendReference) => string | undefined;
}

const HEADER = /^[\w.-]{1,200}$/;

/** What filters do, in their order; a sentence: what of them cannot be done. */
export function rulesOfFilters(filters: readonly Filter[], subject: FilterSubject): readonly Rule[] | string {
  const rules: Rule[] = [];
  for (const filter of filters) {
    const found = rulesOf(filter, subject);
    if (typeof found === 'string') return found;
    rules.push(...found);
  }
  // A redirect answers: what changes headers of requests has nothing to change behind it.
  return rules;
}

function rulesOf(filter: Filter, subject: FilterSubject): readonly Rule[] | string {
  const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, requestMirror, cors } = filter;
  switch (filter.type) {
    case 'RequestHeaderModifier':
      return changed('change-request', requestHeaderModifier);
    case 'ResponseHeaderModifier':
      return changed('change-response', responseHeaderModifier);
    case 'RequestRedirect':
      return [redirect(requestRedirect ?? {}, subject)];
    case 'URLRewrite':
      return [
        ...(urlRewrite?.hostname ? [{ do: 'set-host', host: urlRewrite.hostname } as const] : []),
        ...(urlRewrite?.path ? rewrite(urlRewrite.path, subject) : []),
      ];
    case 'RequestMirror':
      return requestMirror ? mirror(requestMirror, subject) : [];
    case 'CORS':
      return [share(cors ?? {})];
    default:
      return `filters of type ${filter.type} are not supported`;
  }
}

function changed(what: 'change-request' | 'change-response', given: HeaderFilter = {}): readonly Rule[] | string {
  const headers: HeaderChange = { set: given.set ?? [], add: given.add ?? [], remove: given.remove ?? [] };
  const names = [...headers.set, ...headers.add].map(({ name }) => name);
  const wrong = [...names, ...headers.remove].find((name) => !HEADER.test(name));
  return wrong === undefined ? [{ do: what, headers }] : `the header ${JSON.stringify(wrong)} cannot be changed`;
}

function mirror(given: NonNullable<Filter['requestMirror']>, { mirrorTo }: FilterSubject): readonly Rule[] {
  const to = mirrorTo(given.backendRef);
  // Copies are nobody's business but their receiver's: without one, the request goes its way.
  if (to === undefined) return [];
  const { numerator = given.percent ?? 100, denominator = 100 } = given.fraction ?? {};
  return [{ do: 'mirror', to, share: numerator, of: denominator }];
}

const CORS_MAX_AGE_SECONDS = 5;

const share = (given: NonNullable<Filter['cors']>): Rule => ({
  do: 'share',
  cors: {
    origins: given.allowOrigins ?? [],
    methods: (given.allowMethods ?? []).join(', '),
    headers: (given.allowHeaders ?? []).join(', '),
    exposed: (given.exposeHeaders ?? []).join(', '),
    withCredentials: given.allowCredentials ?? false,
    maxAgeSeconds: given.maxAge ?? CORS_MAX_AGE_SECONDS,
  },
});

const prefixOf = ({ path }: RouteMatch): string => path?.value ?? '/';

function rewrite(path: PathModifier, { match }: FilterSubject): readonly Rule[] {
  return path.type === 'ReplaceFullPath'
    ? [{ do: 'set-path', path: path.replaceFullPath || '/' }]
    : [{ do: 'replace-prefix', prefix: prefixOf(match), by: path.replacePrefixMatch || '/' }];
}

function redirect(given: NonNullable<Filter['requestRedirect']>, { match, listener }: FilterSubject): Rule {
  const own = listener.protocol === 'HTTPS' ? 'https' : 'http';
  const scheme = given.scheme === 'https' || given.scheme === 'http' ? given.scheme : own;
  // A scheme that is given has its own port, where none is; else it stays the listener's.
  const port = given.port ?? (given.scheme === undefined ? listener.port : undefined);
  const { path } = given;
  return {
    do: 'redirect',
    to: {
      status: given.statusCode ?? 302,
      scheme,
      ...(given.hostname ? { host: given.hostname } : {}),
      ...(port === undefined ? {} : { port }),
      ...(path?.type === 'ReplaceFullPath' ? { path: path.replaceFullPath || '/' } : {}),
      ...(path?.type === 'ReplacePrefixMatch' ? { path: path.replacePrefixMatch || '/', prefix: prefixOf(match) } : {}),
    },
  };
}
