import { type FieldTerm, parseFieldSelector, StatusError } from '@navarch/machinery';
import type { RequestInfo } from '../request-info.ts';
import type { User } from './user.ts';

/** What is asked of an authorizer: who is asked about comes beside it. */
export interface Attributes extends Pick<
  RequestInfo,
  'isResource' | 'verb' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name' | 'path'
> {
  /** What a list, watch or deletecollection is narrowed to (KEP-4601). */
  readonly fields?: readonly FieldTerm[];
  /** The label selector of a list or watch, as it was written. */
  readonly labels?: string;
}

const PATH_SEGMENT = /^(?!\.{1,2}$)[^/%]+$/;

/**
 * What a request over HTTP asks for. A list or watch of one object by its name is about that name, so that rules with
 * resourceNames hold for it.
 */
export function attributesOf(info: RequestInfo, query: URLSearchParams): Attributes {
  if (!info.isResource || info.name !== '' || !['list', 'watch', 'deletecollection'].includes(info.verb)) return info;
  const fields = selected(query.get('fieldSelector') ?? '');
  const name =
    info.verb === 'deletecollection'
      ? undefined
      : fields.find((term) => term.field === 'metadata.name' && term.isEqual)?.value;
  const labels = query.get('labelSelector') ?? '';
  return {
    ...info,
    fields,
    ...(labels === '' ? {} : { labels }),
    ...(name !== undefined && PATH_SEGMENT.test(name) ? { name } : {}),
  };
}

/** A selector that cannot be read narrows nothing; the request itself is refused for it later. */
function selected(text: string): readonly FieldTerm[] {
  try {
    return text === '' ? [] : parseFieldSelector(text);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return [];
  }
}

/** Upstream's words for a refusal; `reason` is what the authorizers had to say. */
export function forbiddenMessage(user: User, request: Attributes, reason = ''): string {
  const tail = reason === '' ? '' : `: ${reason}`;
  if (!request.isResource)
    return `forbidden: User ${JSON.stringify(user.name)} cannot ${request.verb} path ${JSON.stringify(request.path)}${tail}`;
  const { group, resource, subresource, name, namespace, verb } = request;
  const whole = subresource ? `${resource}/${subresource}` : resource;
  const subject = group ? `${resource}.${group}` : resource;
  const head = name ? `${subject} ${JSON.stringify(name)} is forbidden` : `${subject} is forbidden`;
  const where = namespace ? ` in the namespace ${JSON.stringify(namespace)}` : ' at the cluster scope';
  return `${head}: User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(whole)} in API group ${JSON.stringify(group)}${where}${tail}`;
}
