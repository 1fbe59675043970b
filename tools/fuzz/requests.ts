import fc from 'fast-check';
import { builtinKinds, earlierVersions, protobufEncoder, youngKinds } from '@navarch/api';
import { apiVersionOf, decode, encodeCbor, type Kind, readJson, writeJson } from '@navarch/machinery';
import { objectsOf } from '@navarch/machinery/testing';
import { minimalObjects } from '../../packages/api/src/testing/minimal-objects.ts';
import { formatYaml } from '../../packages/apiserver/src/representation/format-yaml.ts';
import type { Draw } from './draw.ts';
import { jsonText, mutateBytes, mutateJson, mutateText } from './mutate.ts';

/** How a request travels: as bytes that we write ourselves, by a client of HTTP/2, or as the beginning of a WebSocket. */
type Way = 'http1' | 'http2' | 'websocket';

export interface FuzzRequest {
  readonly way: Way;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** What a WebSocket is sent once it is open: bytes that need not be frames. */
  readonly frames: Buffer;
}

interface Target {
  readonly kind: Pick<Kind<any>, 'kind' | 'plural' | 'group' | 'version' | 'namespaced'>;
  example(draw: Draw): Record<string, unknown>;
}

export const CUSTOM = {
  kind: 'Widget',
  plural: 'widgets',
  group: 'fuzz.example.com',
  version: 'v1',
  namespaced: true,
} as const;

/** Earlier versions too: what is sent in them is converted before anything else looks at it. */
const kinds: readonly Kind<any>[] = [...builtinKinds, ...youngKinds, ...earlierVersions];

const builtin: readonly Target[] = kinds.map((kind) => ({
  kind,
  example(draw) {
    const apiVersion = apiVersionOf(kind);
    const least = minimalObjects[`${kind.group}/${kind.version}.${kind.kind}`] ?? {};
    const [any = {}] = draw.chance(60)
      ? [{ apiVersion, kind: kind.kind, ...least }]
      : fc.sample(objectsOf(kind.schema, apiVersion, kind.kind), { numRuns: 1, seed: draw.below(2 ** 31) });
    return any;
  },
}));
const custom: Target = {
  kind: CUSTOM,
  example: (draw) => ({
    apiVersion: `${CUSTOM.group}/${CUSTOM.version}`,
    kind: CUSTOM.kind,
    spec: {
      size: draw.below(12),
      name: 'a',
      labels: { a: 'b' },
      parts: [
        { name: 'p', weight: 1 },
        { name: 'q', weight: 2 },
      ],
      any: { x: [1, 'y'] },
      mixed: draw.one([1, '50%']),
    },
  }),
};
const targets: readonly Target[] = [
  ...builtin,
  ...Array.from({ length: 6 }, () => custom),
  ...builtin.filter(({ kind }) => ['Pod', 'Deployment', 'Service', 'CustomResourceDefinition'].includes(kind.kind)),
];

const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);

const NAMES = [...times(4, 'a'), 'b', 'c', 'fuzz', 'default', 'kubernetes'];
const NAMESPACES = [...times(12, 'fuzz'), 'default', 'none', 'kube-system'];
const PARTS = [
  'status',
  'status',
  'scale',
  'binding',
  'eviction',
  'token',
  'approval',
  'finalize',
  'ephemeralcontainers',
  'resize',
  'nothing',
  'log',
  'exec',
  'attach',
  'portforward',
  'proxy',
  'proxy/a//b',
] as const;
const DOCUMENTS = [
  '/',
  '/api',
  '/apis',
  '/api/v1',
  '/apis/apps',
  '/apis/apps/v1',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/apis/apps/v1',
  '/version',
  '/healthz',
  '/livez',
  '/readyz',
  '/readyz/ping',
  '/metrics',
  '/metrics/slis',
  '/statusz',
  '/flagz',
  '/.well-known/openid-configuration',
  '/openid/v1/jwks',
  '/debug/pprof',
  '/swagger.json',
  '/api/v1/watch/pods',
  '/api/v1/watch/namespaces/fuzz/pods/a',
] as const;
const METHODS = [
  ...times(9, 'GET'),
  ...times(10, 'POST'),
  ...times(8, 'PUT'),
  ...times(12, 'PATCH'),
  ...times(3, 'DELETE'),
  'HEAD',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'PROPFIND',
];
const QUERIES: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['labelSelector', ['a=b', 'a in (b,c)', '!a', 'a>', '((', 'a=b,,', 'a'.repeat(3000), 'a in (', ',']],
  [
    'fieldSelector',
    ['metadata.name=a', 'spec.nodeName!=x', 'x=y', '=', 'metadata.namespace=fuzz', 'a\\', 'status.phase=Running'],
  ],
  ['limit', ['1', '500', '-1', '0', 'x', '99999999999999999999', '1.5']],
  ['continue', ['x', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0', '', '!!', 'e30', 'bnVsbA']],
  ['resourceVersion', ['0', '1', '-1', 'x', '99999999', '']],
  ['resourceVersionMatch', ['Exact', 'NotOlderThan', 'x', '']],
  ['watch', ['1', 'true', 'false', 'x', '']],
  ['timeoutSeconds', ['1', '0', '-1', 'x', '9999999999']],
  ['allowWatchBookmarks', ['true', 'x']],
  ['sendInitialEvents', ['true', 'false', 'x']],
  ['dryRun', ['All', 'x', '']],
  ['fieldManager', ['m', '', 'a'.repeat(200), '\u0007', 'é']],
  ['fieldValidation', ['Strict', 'Warn', 'Ignore', 'x']],
  ['force', ['true', 'false', 'x']],
  ['pretty', ['true', '1', 'x']],
  ['propagationPolicy', ['Foreground', 'Background', 'Orphan', 'x']],
  ['gracePeriodSeconds', ['0', '-1', '5', 'x', '1e3']],
  ['orphanDependents', ['true', 'x']],
  ['includeObject', ['None', 'Object', 'x']],
  ['as', ['x']],
  ['timeout', ['1s', 'x', '1h', '-1s']],
  ['verbose', ['', '1']],
  ['exclude', ['ping', 'x']],
  ['container', ['c', '']],
  ['command', ['ls']],
  ['hash', ['X']],
];
const ACCEPTS = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/cbor',
  '*/*',
  'text/html',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json',
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
  'a/b;q=x',
  ';;,,',
  'application/json;q=0',
  'application/cbor;as=Table;v=v1;g=meta.k8s.io',
  'application/json;v=v1beta1;g=config.k8s.io;as=Statusz',
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
] as const;
const TYPES = [
  ...times(8, 'application/json'),
  ...times(4, 'application/yaml'),
  ...times(5, 'application/vnd.kubernetes.protobuf'),
  ...times(4, 'application/cbor'),
  'text/plain',
  '',
  'application/json; charset=x',
  'multipart/form-data; boundary=x',
];
const PATCHES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/apply-patch+cbor',
  'application/json',
] as const;
const EXTRA: readonly (readonly [string, readonly string[]])[] = [
  ['accept-encoding', ['gzip', 'gzip;q=0', 'br', '*']],
  ['if-none-match', ['"x"', '*', 'W/"']],
  ['user-agent', ['curl/8', 'Mozilla/5.0', '', '/'.repeat(300), 'kubectl/v1.37.0 (linux/amd64) kubernetes/x']],
  ['impersonate-user', ['bob', 'admin', 'system:serviceaccount:fuzz:a']],
  ['impersonate-group', ['g', 'system:masters']],
  ['impersonate-uid', ['u']],
  ['impersonate-extra-a%2', ['b']],
  ['impersonate-extra-%zz', ['b']],
  ['audit-id', ['x', 'y'.repeat(500)]],
  ['authorization', ['Bearer x', 'Bearer', 'Basic YTpi', 'bearer  ', `Bearer a.${'b'.repeat(500)}.c`]],
  ['content-encoding', ['gzip', 'identity']],
  ['expect', ['100-continue']],
  ['x-forwarded-for', ['1.1.1.1']],
  ['connection', ['close']],
];

/** The next request of a run: mostly what a client would send, with something about it changed. */
export function nextRequest(draw: Draw): FuzzRequest {
  const way: Way = draw.chance(20) ? 'http2' : draw.chance(4) ? 'websocket' : 'http1';
  const target = draw.one(targets);
  const method = way === 'websocket' ? 'GET' : draw.one(METHODS);
  let path = draw.chance(8) ? draw.one(DOCUMENTS) : pathOf(draw, target, method);
  if (draw.chance(5)) path = `/${mutateText(draw, path, true).replaceAll(' ', '%20').slice(1)}`;
  const query = queryOf(draw, way === 'websocket');
  const { type, body } = bodyOf(draw, target, method);
  const headers = headersOf(draw, type);
  return {
    way,
    method,
    target: query === '' ? path : `${path}?${query}`,
    headers,
    body,
    frames: way === 'websocket' ? framesOf(draw) : Buffer.alloc(0),
  };
}

function pathOf(draw: Draw, { kind }: Target, method: string): string {
  const prefix = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const isIn = draw.chance(3) ? !kind.namespaced : kind.namespaced && !draw.chance(method === 'GET' ? 20 : 2);
  const collection = `${prefix}${isIn ? `/namespaces/${draw.one(NAMESPACES)}` : ''}/${kind.plural}`;
  if (method === 'POST' ? !draw.chance(8) : draw.chance(method === 'GET' ? 40 : 3)) return collection;
  const object = `${collection}/${draw.one(NAMES)}`;
  return draw.chance(15) ? `${object}/${draw.one(PARTS)}` : object;
}

function queryOf(draw: Draw, isWatch: boolean): string {
  const parts = draw.chance(45)
    ? Array.from({ length: 1 + draw.below(3) }, () => {
        const [name, values] = draw.one(QUERIES);
        return `${name}=${encodeURIComponent(draw.one(values))}`;
      })
    : [];
  if (isWatch) parts.push('watch=true', 'timeoutSeconds=1');
  const text = parts.join('&');
  return draw.chance(5) ? mutateText(draw, text, true).replaceAll(' ', '+') : text;
}

function headersOf(draw: Draw, type: string): FuzzRequest['headers'] {
  const headers: (readonly [string, string])[] = [];
  if (type !== '') headers.push(['content-type', draw.chance(4) ? mutateText(draw, type, true) : type]);
  if (draw.chance(40))
    headers.push(['accept', draw.chance(10) ? mutateText(draw, draw.one(ACCEPTS), true) : draw.one(ACCEPTS)]);
  for (let i = draw.below(3); i > 0; i--) {
    const [name, values] = draw.one(EXTRA);
    if ((name === 'authorization' || name.startsWith('impersonate')) && draw.chance(80)) continue;
    // Without a user to be, the rest of an impersonation is an error of the server's, there too.
    if (name.startsWith('impersonate') && name !== 'impersonate-user') headers.push(['impersonate-user', 'bob']);
    headers.push([name, draw.one(values)]);
  }
  if (draw.chance(2)) headers.push([`x-${mutateText(draw, 'a', false)}`, mutateText(draw, 'b', false)]);
  return headers;
}

function bodyOf(draw: Draw, target: Target, method: string): { readonly type: string; readonly body: Buffer } {
  if (method === 'GET' || method === 'HEAD')
    return { type: '', body: draw.chance(3) ? draw.bytes(20) : Buffer.alloc(0) };
  if (method === 'DELETE' && draw.chance(60)) return { type: '', body: Buffer.alloc(0) };
  const value =
    method === 'DELETE'
      ? { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid: 'x' } }
      : named(draw, target);
  if (method === 'PATCH') return patchOf(draw, value);
  const type = draw.one(TYPES);
  const changed = draw.chance(50) ? mutateJson(draw, value) : value;
  let body = encoded(draw, type, value, changed);
  if (draw.chance(15)) body = mutateBytes(draw, body);
  return { type, body };
}

function named(draw: Draw, target: Target): Record<string, unknown> {
  const made = target.example(draw);
  const metadata = typeof made['metadata'] === 'object' ? made['metadata'] : {};
  return {
    ...made,
    metadata: {
      ...metadata,
      ...(draw.chance(90) ? { name: draw.one(NAMES) } : { generateName: 'g-' }),
      namespace: undefined,
      ...(draw.chance(80) ? { resourceVersion: undefined, uid: undefined } : {}),
    },
  };
}

function encoded(draw: Draw, type: string, value: Record<string, unknown>, changed: unknown): Buffer {
  if (type === 'application/vnd.kubernetes.protobuf') return protobufOf(value) ?? draw.bytes(40);
  const text = jsonText(changed);
  if (type === 'application/cbor') return cborOf(text);
  if (type !== 'application/yaml' || draw.chance(30)) return Buffer.from(text);
  if (draw.chance(5)) return Buffer.from(`a: &a [x, x]\nb: &b [${'*a, '.repeat(50)}*a]\nc: [${'*b, '.repeat(50)}*b]\n`);
  try {
    return Buffer.from(formatYaml(readJson(text)));
  } catch {
    return Buffer.from(text);
  }
}

/** What is no JSON goes as it is: that is no CBOR either. */
function cborOf(text: string): Buffer {
  try {
    return Buffer.from(encodeCbor(readJson(text)));
  } catch {
    return Buffer.from(text);
  }
}

function protobufOf(value: Record<string, unknown>): Buffer | undefined {
  const kind = kinds.find((known) => known.kind === value['kind'] && apiVersionOf(known) === value['apiVersion']);
  if (!kind) return undefined;
  try {
    return Buffer.from(
      protobufEncoder.encode(
        decode(kind.schema, readJson(writeJson(value))).value as { apiVersion: string; kind: string },
      ),
    );
  } catch {
    return undefined;
  }
}

function patchOf(draw: Draw, value: Record<string, unknown>): { readonly type: string; readonly body: Buffer } {
  const type = draw.one(PATCHES);
  const pointers = [
    '/metadata/labels',
    '/metadata/labels/a',
    '/spec',
    '/spec/-',
    '/',
    '',
    '/metadata/name',
    '/metadata/finalizers/0',
    '/spec/template/spec/containers/-',
    '/a~2b',
    '/spec/containers/00',
  ];
  const patch: unknown =
    type === 'application/json-patch+json'
      ? Array.from({ length: draw.below(4) }, () => ({
          op: draw.one(['add', 'remove', 'replace', 'move', 'copy', 'test', 'x']),
          path: draw.one(pointers),
          from: draw.one(pointers),
          value: draw.one([1, 'a', {}, [], null, value]),
        }))
      : type.includes('strategic') && draw.chance(50)
        ? {
            ...value,
            $patch: draw.one(['replace', 'delete', 'merge', 'x']),
            '$setElementOrder/containers': [{ name: 'c' }],
            $retainKeys: ['a'],
          }
        : value;
  const text = jsonText(draw.chance(70) ? mutateJson(draw, patch) : patch);
  const body = type === 'application/apply-patch+cbor' ? cborOf(text) : Buffer.from(text);
  return { type, body: draw.chance(15) ? mutateBytes(draw, body) : body };
}

/** Frames of a WebSocket as a client masks them, and bytes that are none. */
function framesOf(draw: Draw): Buffer {
  const frames = Array.from({ length: draw.below(4) }, () => {
    const payload = draw.bytes(draw.below(100));
    return Buffer.concat([
      Buffer.from([0x80 | draw.one([0, 1, 2, 8, 9, 10, 3]), 0x80 | payload.length]),
      draw.bytes(4),
      payload,
    ]);
  });
  const bytes = Buffer.concat(frames);
  return draw.chance(50) ? mutateBytes(draw, bytes) : bytes;
}
