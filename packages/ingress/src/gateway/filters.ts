import type { HeaderChange, Rule } from '../model.ts';
import type { Filter, HeaderFilter, Listener, PathModifier, RouteMatch } from './objects.ts';

export interface FilterSubject {
  readonly match: RouteMatch;
  /** Through which a request came: what a redirect leaves open is as it was there. */
  readonly listener: Listener;
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
  const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite } = filter;
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
