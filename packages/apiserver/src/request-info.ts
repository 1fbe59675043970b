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
  /** Slashes are doubled, or nothing is between them, before the resource: nothing is served there. */
  readonly isMisplaced?: true;
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
/** Beginnings of paths that are verbs. */
const PATH_VERBS = new Set(['watch', 'proxy']);

/**
 * Reads method, path and the query parameters that change the verb. An encoded slash parts names like any other. Throws
 * URIError for broken percent-encoding, NoKindError for a verb in the path and nothing behind it.
 */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const plain = path.includes('%') ? path.replace(/%2f/gi, '/') : path;
  const parts = partsOf(plain);
  const none: RequestInfo = {
    isResource: false,
    path,
    verb: method.toLowerCase(),
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
  let at = isCore ? 2 : 3;
  const pathVerb = PATH_VERBS.has(parts[at] ?? '') ? parts[at] : undefined;
  if (pathVerb !== undefined) at += 1;
  if (at === parts.length) throw new NoKindError(path);
  let namespace = '';
  let isInNamespace = false;
  if (parts[at] === 'namespaces' && parts[at + 1] !== undefined) {
    namespace = parts[at + 1] ?? '';
    if (parts[at + 2] !== undefined && !NAMESPACE_PARTS.has(parts[at + 2] ?? '')) {
      at += 2;
      isInNamespace = namespace !== '';
    }
  }
  const [resource = '', name = '', subresource = ''] = parts.slice(at, at + 3);
  return {
    ...none,
    isResource: true,
    group,
    version,
    namespace,
    resource,
    name,
    subresource,
    rest: parts.length > at + 3 ? restAfter(path, at + 3) : '',
    isInNamespace,
    verb: verbOf(method, name, pathVerb, isTrue(query.get('watch'))),
    ...(plain.charCodeAt(1) === SLASH || version === '' || (group === '' && !isCore) ? { isMisplaced: true } : {}),
  };
}

/** The old form of a watch, without anything to watch. */
export class NoKindError extends Error {
  override readonly name = 'NoKindError';

  constructor(path: string) {
    super(`unable to determine kind and namespace from url, ${path}`);
  }
}

const SLASH = 0x2f;

/** What slashes part, but for those at the ends; what is between two slashes is there, and empty. */
function partsOf(path: string): readonly string[] {
  let [start, end] = [0, path.length];
  while (path.charCodeAt(start) === SLASH) start += 1;
  while (end > start && path.charCodeAt(end - 1) === SLASH) end -= 1;
  const parts = path.slice(start, end).split('/');
  return path.includes('%') ? parts.map(decodeURIComponent) : parts;
}

/** What comes behind so many parts, as it was written. */
function restAfter(path: string, count: number): string {
  const slash = /\/|%2f/gi;
  let [parts, start] = [0, 0];
  for (let found = slash.exec(path); found; found = slash.exec(path)) {
    // Slashes at the beginning part nothing.
    if (parts > 0 || found.index > start) parts += 1;
    start = slash.lastIndex;
    if (parts === count) return path.slice(start).replace(/^\//, '');
  }
  return '';
}

/** One object is only watched by the old path; `?watch` is for collections. Other methods than these are no verb. */
function verbOf(method: string, name: string, pathVerb: string | undefined, wantsWatch: boolean): string {
  const verb = pathVerb ?? VERBS[method] ?? '';
  if (name !== '') return verb;
  if (verb === 'get') return wantsWatch ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

const isTrue = (value: string | null): boolean => value !== null && value !== '0' && value.toLowerCase() !== 'false';
