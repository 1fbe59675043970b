import type { Condition, PathMatch } from '../model.ts';
import type { RouteMatch, ValueMatch } from './objects.ts';

export interface ReadMatch {
  readonly path: PathMatch;
  readonly conditions: readonly Condition[];
}

const NAME = /^[\w.-]{1,256}$/;

/** What a match asks for; a sentence: what of it cannot be asked. */
export function readMatch({ path, headers = [], queryParams = [], method }: RouteMatch): ReadMatch | string {
  const wrong = [...headers, ...queryParams].find(({ name }) => !NAME.test(name));
  if (wrong) return `${JSON.stringify(wrong.name)} cannot be matched by name`;
  const byMethod =
    typeof method === 'string' ? [{ of: 'method', name: '', type: 'exact', value: method } as const] : [];
  return {
    path: typeof method === 'object' ? pathOfCall(method) : pathOf(path ?? {}),
    conditions: [...byMethod, ...valuesOf('header', headers), ...valuesOf('query', queryParams)],
  };
}

/** Of values for one name the first counts. */
const valuesOf = (of: 'header' | 'query', matches: readonly ValueMatch[]): readonly Condition[] =>
  [...new Map(matches.toReversed().map((match) => [keyOf(of, match), match])).values()].toReversed().map((match) => {
    const { name, value, type } = match;
    return type === 'RegularExpression'
      ? { of, name, type: 'regex', value: `^(?:${value})$` }
      : { of, name, type: 'exact', value };
  });

const keyOf = (of: string, { name }: ValueMatch): string => (of === 'header' ? name.toLowerCase() : name);

function pathOf({ type = 'PathPrefix', value = '/' }: NonNullable<RouteMatch['path']>): PathMatch {
  if (type === 'Exact') return { type: 'exact', value };
  return type === 'RegularExpression' ? { type: 'regex', value: `(?:${value})$` } : { type: 'prefix', value };
}

/** gRPC's methods are paths: `/package.Service/Method`. */
function pathOfCall({ type, service, method }: Exclude<RouteMatch['method'], string | undefined>): PathMatch {
  if (type === 'RegularExpression') return { type: 'regex', value: `/${service ?? '[^/]+'}/${method ?? '[^/]+'}$` };
  if (service && method) return { type: 'exact', value: `/${service}/${method}` };
  if (service) return { type: 'prefix', value: `/${service}` };
  return method ? { type: 'regex', value: `/[^/]+/${method}$` } : { type: 'prefix', value: '/' };
}
