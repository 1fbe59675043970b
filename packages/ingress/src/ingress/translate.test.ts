import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Ingress, IngressClass, Secret, Service } from '@navarch/api';
import { Wardrobe } from '../certificates.ts';
import { decide, type Request, type Translation, translateIngresses } from '../index.ts';
import { defaultCertificateOf } from './classes.ts';

interface Given {
  readonly name?: string;
  readonly at?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec: object;
}

const ingressOf = ({ name = 'one', at = 0, annotations = {}, spec }: Given): Ingress =>
  ({
    metadata: {
      namespace: 'n',
      name,
      creationTimestamp: `2026-01-01T00:00:0${at}Z`,
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]),
      ),
    },
    spec,
    status: { loadBalancer: {} },
  }) as unknown as Ingress;
const backend = (name: string, port: number | string = 80): object => ({
  service: { name, port: typeof port === 'number' ? { number: port } : { name: port } },
});
const rule = (host: string, path: string, to: object, pathType = 'Prefix'): object => ({
  ...(host === '' ? {} : { host }),
  http: { paths: [{ path, pathType, backend: to }] },
});

const services = new Map(
  ['web', 'other', 'empty', 'v2'].map((name) => [
    name,
    { metadata: { namespace: 'n', name }, spec: { ports: [{ name: 'http', port: 80 }], ipFamilies: ['IPv4'] } },
  ]),
);
const slice = (name: string, endpoints: readonly object[]): object => ({
  addressType: 'IPv4',
  metadata: { labels: { 'kubernetes.io/service-name': name } },
  ports: [{ name: 'http', port: 8080 }],
  endpoints,
});
const slices: Readonly<Record<string, readonly object[]>> = {
  web: [slice('web', [{ addresses: ['10.0.0.1'], conditions: { ready: true } }])],
  other: [slice('other', [{ addresses: ['10.0.0.2'], conditions: { ready: true } }])],
  v2: [slice('v2', [{ addresses: ['10.0.0.3'], conditions: { ready: true } }])],
  empty: [slice('empty', [{ addresses: ['10.0.0.9'], conditions: { ready: false } }])],
};
const secretOf = (data: Readonly<Record<string, string>>): Secret =>
  ({ data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, btoa(text)])) }) as unknown as Secret;
const secrets: Readonly<Record<string, Secret>> = {
  'n/tls': secretOf({ 'tls.crt': 'a.test *.b.test', 'tls.key': 'key' }),
  'n/broken': secretOf({ 'tls.crt': 'broken', 'tls.key': 'key' }),
  'n/users': secretOf({ auth: 'ann:$2y$05$x\nold:$apr1$x\n' }),
};

function translate(...given: readonly Given[]): Translation & Pick<Wardrobe, 'certificates'> {
  const wardrobe = new Wardrobe(
    {
      inspect: (certificate) =>
        certificate === 'broken' ? 'tls.crt is no certificate' : { names: certificate.split(' '), notAfter: 2 },
    },
    1,
  );
  const translation = translateIngresses(given.map(ingressOf), {
    service: (namespace, name) => (namespace === 'n' ? (services.get(name) as unknown as Service) : undefined),
    slices: (_namespace, name) => (slices[name] ?? []) as unknown as readonly EndpointSlice[],
    secret: (namespace, name) => secrets[`${namespace}/${name}`],
    wardrobe,
    httpsPort: 443,
  });
  return { ...translation, certificates: wardrobe.certificates };
}

const none: ReadonlyMap<string, string> = new Map();
/** Who answers: addresses by weight, a rule that answers itself, or nothing. */
function answer(translation: Translation, host: string, path: string, more: Partial<Request> = {}): string {
  const request = { method: 'GET', host, path, headers: none, query: none, cookies: none, ...more };
  const entrance = { id: '', binds: [], certificates: [], routes: translation.routes };
  const route = decide(request, entrance);
  if (!route) return '404';
  const found = route.targets.map(({ weight, backend: id }) => {
    const forward = translation.backends.find((one) => one.id === id)?.forward;
    const to = forward?.endpoints.map((e) => `${e.address}:${e.port}`).join('+') ?? 'answered';
    return route.targets.length > 1 ? `${weight}x${to}` : to || 'nobody';
  });
  return found.join(' ') || 'nothing';
}
const told = ({ problems }: Translation): readonly string[] =>
  problems.map(({ owner, reason, message }) => `${owner} ${reason}: ${message}`);

test('translateIngresses() leads hosts and paths to endpoints, by number and by name of the port', () => {
  const t = translate({
    spec: {
      rules: [
        rule('a.test', '/', backend('web')),
        rule('a.test', '/x', backend('other', 'http')),
        rule('*.a.test', '/only', backend('other'), 'Exact'),
        rule('', '/every', backend('web')),
      ],
    },
  });
  assert.deepEqual(
    [
      ['a.test', '/'],
      ['a.test', '/x/y'],
      ['a.test', '/xy'],
      ['b.a.test', '/only'],
      ['b.a.test', '/only/'],
      ['c.b.a.test', '/only'],
      ['z.test', '/every/where'],
    ].map(([host = '', path = '']) => answer(t, host, path)),
    ['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.1:8080', '10.0.0.2:8080', '404', '404', '10.0.0.1:8080'],
  );
  assert.deepEqual(told(t), []);
});

test('translateIngresses() gives a host and path to the older of two, and says so to the younger', () => {
  const t = translate(
    {
      name: 'young',
      at: 2,
      spec: { rules: [rule('a.test', '/', backend('other')), rule('b.test', '/', backend('other'))] },
    },
    { name: 'old', at: 1, spec: { rules: [rule('a.test', '/', backend('web'))] } },
  );
  assert.equal(answer(t, 'a.test', '/'), '10.0.0.1:8080');
  assert.equal(answer(t, 'b.test', '/'), '10.0.0.2:8080');
  assert.deepEqual(told(t), ['n/young Conflict: host "a.test" path "/" is served by Ingress n/old already']);
});

test('translateIngresses() has a default backend for what nothing else matches', () => {
  const t = translate({ spec: { defaultBackend: backend('other'), rules: [rule('a.test', '/x', backend('web'))] } });
  assert.deepEqual(
    [answer(t, 'a.test', '/x'), answer(t, 'a.test', '/y'), answer(t, 'z.test', '/')],
    ['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.2:8080'],
  );
});

test('translateIngresses() tells of what is missing, and serves the rest', () => {
  const t = translate({
    spec: {
      tls: [
        { hosts: ['a.test'], secretName: 'gone' },
        { hosts: ['b.test'], secretName: 'broken' },
      ],
      rules: [
        rule('a.test', '/service', backend('gone')),
        rule('a.test', '/port', backend('web', 81)),
        rule('a.test', '/resource', { resource: { kind: 'Bucket', name: 'b' } }),
        rule('a.test', '/empty', backend('empty')),
        rule('a.test', '/', backend('web')),
      ],
    },
  });
  assert.deepEqual(told(t), [
    'n/one SecretNotFound: secret "n/gone" not found; the default certificate is shown instead',
    'n/one InvalidCertificate: secret "n/broken": tls.crt is no certificate; the default certificate is shown instead',
    'n/one ServiceNotFound: service "n/gone" not found',
    'n/one PortNotFound: service "n/web" has no port 81',
    'n/one ResourceBackend: host "a.test" path "/resource": backends of kind Bucket (b) are not supported',
  ]);
  assert.deepEqual(
    ['/service', '/port', '/resource', '/empty', '/fine'].map((path) => answer(t, 'a.test', path)),
    ['nothing', 'nothing', 'nothing', 'nobody', '10.0.0.1:8080'],
  );
});

test('translateIngresses() shows a certificate for the hosts that name it, once for each host', () => {
  const t = translate(
    { spec: { tls: [{ hosts: ['a.test'], secretName: 'tls' }] } },
    { name: 'two', at: 1, spec: { tls: [{ hosts: ['a.test', 'x.b.test', 'c.test'], secretName: 'tls' }] } },
  );
  assert.deepEqual(
    t.certificates.map(({ id, hosts }) => [id, ...hosts]),
    [['n/tls', 'a.test', 'x.b.test', 'c.test']],
  );
  assert.deepEqual(told(t), ['n/two CertificateMismatch: the certificate of secret "n/tls" is not for c.test']);
});

test('defaultCertificateOf() is what a class of ours names, and a wardrobe shows it for no name of its own', () => {
  const classOf = (name: string, annotation: string, controller = 'navarch.dev/ingress'): IngressClass =>
    ({
      metadata: { name, annotations: { 'ingress.navarch.dev/default-certificate': annotation } },
      spec: { controller },
    }) as unknown as IngressClass;
  const found = defaultCertificateOf([
    classOf('a', 'n/strange', 'else.test/controller'),
    classOf('c', 'n/late'),
    classOf('b', 'n/tls'),
    classOf('a', 'no-namespace'),
  ]);
  assert.deepEqual(found, { namespace: 'n', secretName: 'tls', owner: 'IngressClass b' });
  const wardrobe = new Wardrobe({ inspect: () => ({ names: ['a.test'], notAfter: 2 }) }, 1);
  const secret = { data: { 'tls.crt': btoa('certificate'), 'tls.key': btoa('key') } } as unknown as Secret;
  assert.deepEqual(wardrobe.add({ ...found, hosts: 'rest' }, secret), []);
  assert.deepEqual([wardrobe.defaultCertificate, wardrobe.certificates[0]?.hosts], ['n/tls', []]);
});

const rulesFor = (annotations: Readonly<Record<string, string>>, tls = false): readonly unknown[] => {
  const t = translate({
    annotations,
    spec: { ...(tls ? { tls: [{ hosts: ['a.test'] }] } : {}), rules: [rule('a.test', '/x', backend('web'))] },
  });
  assert.deepEqual(told(t), []);
  return t.backends[0]?.rules ?? [];
};

test('annotations of ingress-nginx become rules', () => {
  assert.deepEqual(rulesFor({}, true), [{ do: 'secure', port: 443 }]);
  assert.deepEqual(rulesFor({ 'ssl-redirect': 'false' }, true), []);
  assert.deepEqual(rulesFor({ 'force-ssl-redirect': 'true' }), [{ do: 'secure', port: 443 }]);
  assert.deepEqual(rulesFor({ 'proxy-body-size': '8m' }), [{ do: 'limit-body', bytes: 8 * 1024 * 1024 }]);
  assert.deepEqual(rulesFor({ 'whitelist-source-range': '10.0.0.0/8, ::1' }), [
    { do: 'admit', sources: ['10.0.0.0/8', '::1'] },
  ]);
  assert.deepEqual(rulesFor({ 'permanent-redirect': 'https://b.test/y', 'permanent-redirect-code': '308' }), [
    { do: 'send-to', location: 'https://b.test/y', status: 308 },
  ]);
  assert.deepEqual(rulesFor({ 'rewrite-target': '/y' }), [{ do: 'set-path', path: '/y' }]);
  assert.deepEqual(rulesFor({ 'limit-rps': '5' }), [
    { do: 'limit', limit: { rate: { requests: 25, seconds: 1 }, except: [] } },
  ]);
  assert.deepEqual(rulesFor({ 'limit-rpm': '2', 'limit-connections': '3', 'limit-whitelist': '::1' }), [
    { do: 'limit', limit: { rate: { requests: 10, seconds: 60 }, atOnce: 3, except: ['::1'] } },
  ]);
});

test('annotations have others asked, of the cluster or outside, and let nobody in where they cannot be', () => {
  const asking = (annotations: Readonly<Record<string, string>>) => {
    const t = translate({ annotations, spec: { rules: [rule('a.test', '/x', backend('web'))] } });
    const rules = t.backends.flatMap((one) => one.rules);
    const [rule0] = rules;
    const to =
      rule0?.do === 'ask' ? rule0.question.to : rule0?.do === 'mirror' || rule0?.do === 'explain' ? rule0.to : '';
    const { endpoints = [], external } = t.backends.find(({ id }) => id === to)?.forward ?? {};
    return { rule: rule0, told: told(t), at: external ? `${external.host}:${external.port}` : endpoints[0]?.address };
  };
  const inside = asking({
    'auth-url': 'http://other.n.svc.cluster.local/check?a=1',
    'auth-signin': 'https://login.test/start',
    'auth-response-headers': 'X-User, X-Groups',
  });
  assert.deepEqual([inside.at, inside.told], ['10.0.0.2', []]);
  assert.deepEqual(inside.rule?.do === 'ask' && { ...inside.rule.question, to: '' }, {
    to: '',
    method: 'get',
    host: 'other.n.svc.cluster.local',
    path: '/check?a=1',
    taken: ['X-User', 'X-Groups'],
    signIn: 'https://login.test/start?rd=$scheme://$http_host$escaped_request_uri',
  });
  assert.equal(asking({ 'auth-url': 'https://guard.test:8443/' }).at, 'guard.test:8443');
  const gone = asking({ 'auth-url': 'http://gone.n.svc/' });
  assert.deepEqual(gone.rule, { do: 'respond', status: 503 });
  assert.deepEqual(gone.told, ['n/one ServiceNotFound: service "n/gone" of http://gone.n.svc/ not found']);
  assert.equal(asking({ 'mirror-target': 'http://other.n.svc$request_uri' }).at, '10.0.0.2');
  const explained = asking({ 'custom-http-errors': '404,503', 'default-backend': 'other' });
  assert.deepEqual([explained.rule?.do, explained.at], ['explain', '10.0.0.2']);
  assert.match(asking({ 'custom-http-errors': '404' }).told.join(), /needs default-backend/);
});

test('from-to-www-redirect sends the other name to its own, unless somebody serves it', () => {
  const spec = { rules: [rule('a.test', '/', backend('web')), rule('www.b.test', '/', backend('web'))] };
  const other = { name: 'two', at: 1, spec: { rules: [rule('b.test', '/', backend('other'))] } };
  const t = translate({ annotations: { 'from-to-www-redirect': 'true' }, spec }, other);
  const rules = t.backends.flatMap((one) => one.rules);
  assert.deepEqual(rules, [{ do: 'redirect', to: { status: 308, host: 'a.test' } }]);
  assert.equal(answer(t, 'b.test', '/'), '10.0.0.2:8080');
});

test('annotations that cannot be read are told of, and are as if they were not there', () => {
  const t = translate({
    annotations: { 'proxy-body-size': 'much', 'configuration-snippet': 'deny all;', 'ssl-redirect': 'no' },
    spec: { rules: [rule('a.test', '/', backend('web'))] },
  });
  const prefix = 'nginx.ingress.kubernetes.io';
  assert.deepEqual(told(t), [
    `n/one InvalidAnnotation: annotation ${prefix}/proxy-body-size must be a size such as 8m, not "much"`,
    `n/one UnsupportedAnnotation: annotation ${prefix}/configuration-snippet is not supported`,
    `n/one InvalidAnnotation: annotation ${prefix}/ssl-redirect must be true or false, not "no"`,
  ]);
  assert.equal(answer(t, 'a.test', '/'), '10.0.0.1:8080');
});

test('a rewrite that takes groups makes paths regular expressions', () => {
  const t = translate({
    annotations: { 'rewrite-target': '/$2' },
    spec: { rules: [rule('a.test', '/api(/|$)(.*)', backend('web'), 'ImplementationSpecific')] },
  });
  assert.deepEqual(
    ['/api', '/API/x', '/apix'].map((path) => answer(t, 'a.test', path)),
    ['10.0.0.1:8080', '10.0.0.1:8080', '404'],
  );
  assert.deepEqual(t.backends[0]?.rules, [
    { do: 'rewrite-path', pattern: '^/api(/|$)(.*)', replacement: '/$2', ignoreCase: true },
  ]);
});

test('basic authentication lets nobody in without passwords, and tells which it cannot check', () => {
  const auth = (secret: string): Translation =>
    translate({
      annotations: { 'auth-type': 'basic', 'auth-secret': secret },
      spec: { rules: [rule('a.test', '/', backend('web'))] },
    });
  assert.deepEqual(auth('users').backends[0]?.rules, [
    { do: 'ask-password', realm: 'Authentication Required', users: [{ name: 'ann', hash: '$2y$05$x' }] },
  ]);
  assert.match(told(auth('users')).join(), /InvalidPassword: .* the password of old is hashed/);
  for (const secret of ['gone', 'other/users']) {
    assert.deepEqual(auth(secret).backends[0]?.rules, [{ do: 'respond', status: 503 }], secret);
    assert.equal(told(auth(secret)).length, 1);
  }
});

test('a canary takes who asks for it by header or cookie, and its share of the others', () => {
  const t = translate(
    { spec: { rules: [rule('a.test', '/', backend('web'))] } },
    {
      name: 'canary',
      at: 1,
      annotations: {
        canary: 'true',
        'canary-by-header': 'X-Canary',
        'canary-by-cookie': 'canary',
        'canary-weight': '30',
      },
      spec: { rules: [rule('a.test', '/', backend('v2'))] },
    },
  );
  const [header, cookie] = [(v: string) => ({ headers: new Map([['x-canary', v]]) }), new Map([['canary', 'always']])];
  assert.deepEqual(
    [
      answer(t, 'a.test', '/', header('always')),
      answer(t, 'a.test', '/', { ...header('never'), cookies: cookie }),
      answer(t, 'a.test', '/', { cookies: cookie }),
      answer(t, 'a.test', '/', header('maybe')),
    ],
    ['10.0.0.3:8080', '10.0.0.1:8080', '10.0.0.3:8080', '70x10.0.0.1:8080 30x10.0.0.3:8080'],
  );
  assert.match(
    told(translate({ annotations: { canary: 'true' }, spec: { rules: [rule('a.test', '/', backend('v2'))] } })).join(),
    /InvalidCanary: host "a.test" path "\/" is not served by another Ingress/,
  );
});
