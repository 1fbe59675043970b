/** What a path asks for (API concepts, "API URIs"). */
export interface RequestInfo {
  readonly isResource: boolean;
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** The path names a namespace that the resource is in; false for the object of a namespace itself. */
  readonly isInNamespace: boolean;
  /** What follows the subresource: the path behind a proxy. */
  readonly rest: string;
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const NAMESPACE_PARTS = new Set(['status', 'finalize']);

/** Reads method, path and the query parameters that change the verb. Throws URIError for broken percent-encoding. */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = path.split('/').filter((part) => part !== '');
  const plainVerb = method.toLowerCase();
  const none: RequestInfo = {
    isResource: false,
    path,
    verb: plainVerb,
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: '',
    isInNamespace: false,
  };
  const isCore = parts[0] === 'api';
  if ((!isCore && parts[0] !== 'apis') || parts.length < (isCore ? 3 : 4)) return none;
  const [group, version] = isCore ? ['', parts[1] ?? ''] : [parts[1] ?? '', parts[2] ?? ''];
  let tail = parts.slice(isCore ? 2 : 3);
  let namespace = '';
  let isInNamespace = false;
  // The old form: /api/v1/watch/...
  const isOldWatch = tail[0] === 'watch';
  if (isOldWatch) tail = tail.slice(1);
  if (tail[0] === 'namespaces' && tail[1] !== undefined) {
    namespace = decodeURIComponent(tail[1]);
    if (tail[2] !== undefined && !NAMESPACE_PARTS.has(tail[2])) {
      tail = tail.slice(2);
      isInNamespace = true;
    }
  }
  const [resource = '', name = '', subresource = '', ...rest] = tail.map((part, i) =>
    i < 3 ? decodeURIComponent(part) : part,
  );
  return {
    ...none,
    isResource: true,
    group,
    version,
    namespace,
    resource,
    name,
    subresource,
    rest: rest.join('/'),
    isInNamespace,
    verb: verbOf(method, name, isOldWatch, isTrue(query.get('watch'))),
  };
}

/** One object is only watched by the old path; `?watch` is for collections. */
function verbOf(method: string, name: string, isOldWatch: boolean, wantsWatch: boolean): string {
  const verb = VERBS[method] ?? method.toLowerCase();
  if (verb === 'get' && isOldWatch) return 'watch';
  if (name !== '') return verb;
  if (verb === 'get') return wantsWatch ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

const isTrue = (value: string | null): boolean => value !== null && value !== 'false' && value !== '0';
