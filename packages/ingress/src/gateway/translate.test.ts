import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Secret, Service } from '@navarch/api';
import { Wardrobe } from '../certificates.ts';
import { decide, type Request } from '../index.ts';
import type { Gateway, GatewayClass, Listener, ReferenceGrant, RouteObject } from './objects.ts';
import { statusWrites } from './status.ts';
import { type GatewayTranslation, translateGateways } from './translate.ts';

const HTTP: Listener = { name: 'http', port: 80, protocol: 'HTTP' };
const gatewayOf = (...listeners: readonly Listener[]): Gateway =>
  ({
    kind: 'Gateway',
    metadata: { namespace: 'n', name: 'gw', generation: 2n },
    spec: { gatewayClassName: 'ours', listeners },
  }) as unknown as Gateway;
const routeOf = (name: string, spec: object, namespace = 'n', kind = 'HTTPRoute'): RouteObject =>
  ({
    kind,
    metadata: { namespace, name, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { parentRefs: [{ name: 'gw', namespace: 'n' }], ...spec },
  }) as unknown as RouteObject;
const to = (name: string, more: object = {}): object => ({ name, port: 80, ...more });
const rule = (path: string, ...backendRefs: readonly object[]): object => ({
  matches: [{ path: { type: 'PathPrefix', value: path } }],
  backendRefs,
});
const grant = {
  metadata: { namespace: 'far' },
  spec: {
    from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'n' }],
    to: [{ group: '', kind: 'Service', name: 'granted' }],
  },
} as unknown as ReferenceGrant;

const ADDRESSES: Readonly<Record<string, string>> = {
  one: '10.0.0.1',
  two: '10.0.0.2',
  granted: '10.0.0.3',
  secretly: '10.0.0.4',
};

function translate(gateway: Gateway, ...routes: readonly RouteObject[]): GatewayTranslation {
  const inspector = { inspect: (certificate: string) => ({ names: [certificate], notAfter: 2 }) };
  return translateGateways([gateway], routes, {
    service: (_namespace, name) =>
      name in ADDRESSES ? ({ spec: { ports: [{ port: 80 }] } } as unknown as Service) : undefined,
    slices: (_namespace, name) =>
      [
        {
          addressType: 'IPv4',
          ports: [{ port: 8080 }],
          endpoints: [{ addresses: [ADDRESSES[name]], conditions: {} }],
        },
      ] as unknown as readonly EndpointSlice[],
    secret: (namespace, name) =>
      `${namespace}/${name}` === 'n/tls'
        ? ({ data: { 'tls.crt': btoa('a.test'), 'tls.key': btoa('key') } } as unknown as Secret)
        : undefined,
    grants: [grant],
    labelsOf: (namespace) => ({ name: namespace }),
    wardrobe: new Wardrobe(inspector, 1),
    newWardrobe: () => new Wardrobe(inspector, 1),
    taken: [],
    isApart: () => false,
    isTaken: (port) => port === 6443,
  });
}

const none: ReadonlyMap<string, string> = new Map();
function answer(t: GatewayTranslation, url: string, more: Partial<Request> = {}): string {
  const { hostname, port, pathname } = new URL(url);
  const request = {
    method: 'GET',
    host: hostname,
    port: Number(port || 80),
    path: pathname,
    headers: none,
    query: none,
    cookies: none,
    ...more,
  };
  const route = decide(request, { id: '', binds: [], certificates: [], routes: t.routes });
  const parts = (route?.targets ?? []).map(({ weight, backend: id }) => {
    const { forward, rules = [] } = t.backends.find((one) => one.id === id) ?? {};
    const [first] = rules;
    const status = first?.do === 'respond' ? String(first.status) : first?.do;
    if (id === 'b:nobody') return id;
    return `${route?.targets.length === 1 ? '' : `${weight}x`}${forward?.endpoints[0]?.address ?? status}`;
  });
  return route ? parts.join(' ') : '404';
}
const reasons = (t: GatewayTranslation): readonly string[] =>
  t.routeVerdicts.flatMap(({ route, parents }) =>
    parents.map(({ verdicts }) => `${route.metadata.name} ${verdicts.map(({ reason }) => reason).join(' ')}`),
  );

test('translateGateways() serves a route at the ports and names that it has in common with listeners', () => {
  const t = translate(
    gatewayOf(HTTP, { ...HTTP, name: 'alt', port: 8080, hostname: '*.a.test' }),
    routeOf('web', { hostnames: ['x.a.test', 'b.test'], rules: [rule('/', to('one')), rule('/two', to('two'))] }),
    routeOf('wide', {
      hostnames: ['*.test'],
      parentRefs: [{ name: 'gw', sectionName: 'alt' }],
      rules: [rule('/', to('two'))],
    }),
  );
  assert.deepEqual(
    [
      'http://x.a.test/',
      'http://b.test/two/x',
      'http://x.a.test:8080/',
      'http://b.test:8080/',
      'http://y.z.a.test:8080/',
      'http://y.a.test/',
      'http://a.test:8080/',
    ].map((url) => answer(t, url)),
    ['10.0.0.1', '10.0.0.2', '10.0.0.1', '404', '10.0.0.2', '404', '404'],
  );
  assert.deepEqual(t.ports, [
    { port: 80, isTls: false },
    { port: 8080, isTls: false },
  ]);
  assert.deepEqual(
    t.listeners.map(({ attached }) => attached),
    [1, 2],
  );
});

test('translateGateways() takes the match that says most: path, method, headers, parameters', () => {
  const matched = (name: string, ...matches: readonly object[]): object => ({ matches, backendRefs: [to(name)] });
  const t = translate(
    gatewayOf(HTTP),
    routeOf('web', {
      rules: [
        matched('one', { path: { type: 'PathPrefix', value: '/' } }),
        matched('two', { method: 'POST' }),
        matched('granted', {
          headers: [
            { name: 'X-A', value: '1' },
            { name: 'x-a', value: '2' },
          ],
        }),
      ],
    }),
  );
  const header = { headers: new Map([['x-a', '1']]) };
  assert.deepEqual(
    [answer(t, 'http://h/'), answer(t, 'http://h/', header), answer(t, 'http://h/', { ...header, method: 'POST' })],
    ['10.0.0.1', '10.0.0.3', '10.0.0.2'],
  );
});

test('translateGateways() shares by weight, and answers 500 for what cannot be found or is not granted', () => {
  const t = translate(
    gatewayOf(HTTP),
    routeOf('split', {
      rules: [rule('/', to('one', { weight: 3 }), to('gone', { weight: 1 }), to('two', { weight: 0 }))],
    }),
    routeOf('far', {
      rules: [
        rule('/granted', to('granted', { namespace: 'far' })),
        rule('/secretly', to('secretly', { namespace: 'far' })),
        rule('/none'),
      ],
    }),
    routeOf('kind', { rules: [rule('/kind', { kind: 'Bucket', group: 'x', name: 'b' })] }),
  );
  assert.deepEqual(
    ['/', '/granted', '/secretly', '/none', '/kind'].map((path) => answer(t, `http://h${path}`)),
    ['3x10.0.0.1 1x500', '10.0.0.3', '500', '500', '500'],
  );
  assert.deepEqual(reasons(t), [
    'split Accepted BackendNotFound',
    'far Accepted RefNotPermitted',
    'kind Accepted InvalidKind',
  ]);
});

test('translateGateways() says why a route is not attached', () => {
  const t = translate(
    gatewayOf(
      { ...HTTP, hostname: 'a.test' },
      {
        ...HTTP,
        name: 'chosen',
        port: 81,
        allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { name: 'far' } } } },
      },
    ),
    routeOf('host', { parentRefs: [{ name: 'gw', sectionName: 'http' }], hostnames: ['b.test'] }),
    routeOf('section', { parentRefs: [{ name: 'gw', sectionName: 'none' }] }),
    routeOf('namespace', {}, 'other'),
    routeOf('selected', { rules: [rule('/', to('one'))] }, 'far'),
    routeOf('filter', { rules: [{ filters: [{ type: 'ExternalAuth' }], backendRefs: [to('one')] }] }),
    routeOf('stranger', { parentRefs: [{ name: 'other' }] }),
  );
  assert.deepEqual(reasons(t), [
    'host NoMatchingListenerHostname ResolvedRefs',
    'section NoMatchingParent ResolvedRefs',
    'namespace NotAllowedByListeners ResolvedRefs',
    'selected Accepted ResolvedRefs',
    'filter UnsupportedValue ResolvedRefs',
  ]);
});

test('translateGateways() lets the narrowest listener alone take a request, whatever the others have', () => {
  const through = (name: string, more: object = {}): RouteObject =>
    routeOf(name, { parentRefs: [{ name: 'gw', sectionName: name }], rules: [rule(`/${name}`, to('one'))], ...more });
  const t = translate(
    gatewayOf(
      { ...HTTP, name: 'every' },
      { ...HTTP, name: 'wide', hostname: '*.a.test' },
      { ...HTTP, name: 'narrow', hostname: 'b.a.test' },
      { ...HTTP, name: 'elsewhere', hostname: 'c.a.test', port: 81 },
    ),
    through('every', { hostnames: ['b.a.test', '*.test'] }),
    through('wide'),
    through('narrow'),
  );
  const at = (host: string): readonly string[] =>
    ['every', 'wide', 'narrow'].filter((path) => answer(t, `http://${host}/${path}`) === ADDRESSES['one']);
  assert.deepEqual(['b.a.test', 'c.a.test', 'd.c.a.test', 'b.test'].map(at), [
    ['narrow'],
    ['wide'],
    ['wide'],
    ['every'],
  ]);
  assert.equal(answer(t, 'http://c.a.test:81/wide'), 'b:nobody');
});

test('translateGateways() copies to where a mirror refers, and goes on without where that is nowhere', () => {
  const mirror = (name: string, more: object = {}): object => ({
    type: 'RequestMirror',
    requestMirror: { backendRef: to(name), ...more },
  });
  const t = translate(
    gatewayOf(HTTP),
    routeOf('web', { rules: [{ filters: [mirror('two', { percent: 20 })], backendRefs: [to('one')] }] }),
    routeOf('gone', {
      hostnames: ['gone.test'],
      rules: [{ filters: [mirror('none', { fraction: { numerator: 1 } })], backendRefs: [to('one')] }],
    }),
  );
  const mirrors = t.backends.flatMap(({ rules }) => rules.filter((one) => one.do === 'mirror'));
  const [to2] = mirrors;
  assert.deepEqual(mirrors, [{ do: 'mirror', to: to2?.to, share: 20, of: 100 }]);
  assert.equal(t.backends.find(({ id }) => id === to2?.to)?.forward?.endpoints[0]?.address, ADDRESSES['two']);
  assert.equal(answer(t, 'http://gone.test/'), '10.0.0.1');
  assert.deepEqual(reasons(t), ['web Accepted ResolvedRefs', 'gone Accepted BackendNotFound']);
});

test('translateGateways() says of listeners what is wrong with them', () => {
  const tls = (name: string): NonNullable<Listener['tls']> => ({ certificateRefs: [{ name }] });
  const t = translate(
    gatewayOf(
      HTTP,
      { ...HTTP, name: 'twice' },
      { name: 'fine', port: 443, protocol: 'HTTPS', tls: tls('tls') },
      { name: 'gone', port: 444, protocol: 'HTTPS', tls: tls('gone') },
      { name: 'far', port: 445, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'tls', namespace: 'far' }] } },
      { name: 'tcp', port: 9000, protocol: 'TCP' },
      { name: 'mixed', port: 443, protocol: 'HTTP' },
      { name: 'elsewhere', port: 6443, protocol: 'HTTP' },
      { ...HTTP, name: 'kinds', port: 81, allowedRoutes: { kinds: [{ kind: 'TCPRoute' }] } },
    ),
  );
  const wrong = t.listeners.map(({ listener, verdicts }) =>
    [
      listener.name,
      ...verdicts.filter(({ type, isTrue }) => isTrue === (type === 'Conflicted')).map(({ reason }) => reason),
    ].join(' '),
  );
  assert.deepEqual(wrong, [
    'http',
    'twice PortUnavailable Invalid HostnameConflict',
    'fine',
    'gone Invalid InvalidCertificateRef',
    'far Invalid RefNotPermitted',
    'tcp UnsupportedProtocol Invalid',
    'mixed PortUnavailable Invalid ProtocolConflict',
    'elsewhere PortUnavailable Invalid',
    'kinds InvalidRouteKinds',
  ]);
});

test('methods of gRPC are paths, and go to endpoints over HTTP/2', () => {
  const t = translate(
    gatewayOf(HTTP),
    routeOf(
      'calls',
      {
        rules: [
          { matches: [{ method: { service: 'a.B', method: 'C' } }], backendRefs: [to('one')] },
          { matches: [{ method: { service: 'a.B' } }], backendRefs: [to('two')] },
        ],
      },
      'n',
      'GRPCRoute',
    ),
  );
  assert.deepEqual(
    ['/a.B/C', '/a.B/D', '/a.C/C'].map((path) => answer(t, `http://h${path}`)),
    ['10.0.0.1', '10.0.0.2', '404'],
  );
  assert.deepEqual([...new Set(t.backends.map(({ forward }) => forward?.protocol))], ['h2c']);
});

test('statusWrites() tells once, keeps the time since when, and leaves what others said', () => {
  const gateway = gatewayOf(HTTP);
  const others = [{ parentRef: { name: 'else' }, controllerName: 'other', conditions: [] }];
  const route: RouteObject = { ...routeOf('web', { rules: [rule('/', to('one'))] }), status: { parents: others } };
  const writes = (now: string, at: Gateway, of: RouteObject) =>
    statusWrites({
      objects: {
        classes: [] as readonly GatewayClass[],
        gateways: [at],
        routes: [of],
        grants: [],
        labelsOf: () => undefined,
        kindOf: () => undefined,
      },
      translation: translate(at, of),
      addresses: ['10.0.0.9'],
      ownAddresses: () => undefined,
      now,
    });
  const [first, second] = writes('2026-01-01T00:00:00Z', gateway, route);
  assert.match(JSON.stringify(first?.status), /"value":"10.0.0.9".*"attachedRoutes":1/);
  assert.match(
    JSON.stringify(second?.status),
    /^\{"parents":\[\{"parentRef":\{"name":"else"\},"controllerName":"other"/,
  );
  const told = { ...gateway, status: first?.status ?? {} };
  const toldRoute = { ...route, status: second?.status ?? {} };
  assert.deepEqual(writes('2026-01-02T00:00:00Z', told, toldRoute), []);
  const changed = { ...told, spec: { ...told.spec, listeners: [{ ...HTTP, hostname: 'b.test' }] } };
  assert.deepEqual(
    writes('2026-01-02T00:00:00Z', changed, { ...toldRoute, spec: { ...route.spec, hostnames: ['a.test'] } }).length,
    2,
  );
});

test('statusWrites() says which address a Gateway asks for that it cannot have', () => {
  const said = (address: { readonly type?: string; readonly value?: string }): readonly string[] => {
    const plain = gatewayOf(HTTP);
    const gateway: Gateway = { ...plain, spec: { ...plain.spec, addresses: [address] } };
    const [write] = statusWrites({
      objects: {
        classes: [],
        gateways: [gateway],
        routes: [],
        grants: [],
        labelsOf: () => undefined,
        kindOf: () => undefined,
      },
      translation: translate(gateway),
      addresses: ['10.0.0.9'],
      ownAddresses: () => undefined,
      now: '2026-01-01T00:00:00Z',
    });
    const { conditions = [] } = (write?.status ?? {}) as {
      conditions?: readonly { type: string; status: string; reason: string }[];
    };
    return conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
  };
  const fine = ['Accepted True Accepted', 'Programmed True Programmed'];
  assert.deepEqual(said({ value: '10.0.0.9' }), fine);
  assert.deepEqual(said({ type: 'IPAddress' }), fine);
  assert.deepEqual(said({ value: '10.0.0.8' }), ['Accepted True Accepted', 'Programmed False AddressNotUsable']);
  assert.deepEqual(said({ type: 'Hostname', value: 'a.test' }), [
    'Accepted False UnsupportedAddress',
    'Programmed False Invalid',
  ]);
});
