import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Pod, Service } from '@navarch/api';
import fc from 'fast-check';
import { bytesOfText } from './byte-text.ts';
import { valueInFile } from './env-file.ts';
import { environmentOf } from './environment.ts';
import { expand } from './expand.ts';
import { fieldValue } from './field-value.ts';
import { resourceValue } from './resource-value.ts';

const service = (name: string, namespace: string, clusterIP: string, ports: readonly object[]): Service =>
  ({ metadata: { name, namespace }, spec: { clusterIP, ports } }) as unknown as Service;
const services = [
  service('kubernetes', 'default', '10.96.0.1', [{ name: 'https', port: 443, protocol: 'TCP' }]),
  service('my-db', 'ns', 'fd00::5', [
    { name: 'main-port', port: 5432, protocol: 'TCP' },
    { name: 'probe', port: 53, protocol: 'UDP' },
  ]),
  service('headless', 'ns', 'None', [{ port: 80 }]),
];
const maps: Readonly<Record<string, object>> = { m: { data: { a: '1', 'b.c': '2', LEVEL: 'high' } } };
const secrets: Readonly<Record<string, object>> = {
  s: { data: { user: 'bcOp' } },
  raw: { data: { key: btoa('a\xff\xc3\xa9') } },
};
const skips: string[] = [];

const podOf = (spec: object = {}): Pod =>
  ({
    metadata: { name: 'web', namespace: 'ns', uid: 'u', labels: { app: 'x' }, annotations: { note: 'n' } },
    spec: { containers: [], serviceAccountName: 'sa', ...spec },
    status: {},
  }) as unknown as Pod;

function variables(container: object, spec: object = {}): Readonly<Record<string, string>> {
  skips.length = 0;
  const sources = {
    configMap: (name: string) => maps[name] as never,
    secret: (name: string) => secrets[name] as never,
    services,
    podIPs: ['10.0.0.9', 'fd00::9'],
    hostIPs: ['192.0.2.1'],
    nodeName: 'n1',
    allocatable: { cpu: '2', memory: '4Gi' },
    envFile: (volume: string, path: string) => (volume === 'v' && path === 'f.env' ? "A='1'\nB='x y'" : undefined),
  };
  return Object.fromEntries(
    environmentOf(podOf(spec), { name: 'c', ...container } as Container, sources, (what, name, keys) =>
      skips.push(`${what} ${name} ${keys.join(',')}`),
    ),
  );
}
const onlyOwn = (container: object): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(variables(container)).filter(
      ([name]) => !name.startsWith('KUBERNETES_') && !name.startsWith('MY_DB_'),
    ),
  );

test('environmentOf() names services as containers of old expect them', () => {
  assert.deepEqual(variables({}), {
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_SERVICE_PORT: '443',
    KUBERNETES_SERVICE_PORT_HTTPS: '443',
    KUBERNETES_PORT: 'tcp://10.96.0.1:443',
    KUBERNETES_PORT_443_TCP: 'tcp://10.96.0.1:443',
    KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
    KUBERNETES_PORT_443_TCP_PORT: '443',
    KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
    MY_DB_SERVICE_HOST: 'fd00::5',
    MY_DB_SERVICE_PORT: '5432',
    MY_DB_SERVICE_PORT_MAIN_PORT: '5432',
    MY_DB_SERVICE_PORT_PROBE: '53',
    MY_DB_PORT: 'tcp://[fd00::5]:5432',
    MY_DB_PORT_5432_TCP: 'tcp://[fd00::5]:5432',
    MY_DB_PORT_5432_TCP_PROTO: 'tcp',
    MY_DB_PORT_5432_TCP_PORT: '5432',
    MY_DB_PORT_5432_TCP_ADDR: 'fd00::5',
    MY_DB_PORT_53_UDP: 'udp://[fd00::5]:53',
    MY_DB_PORT_53_UDP_PROTO: 'udp',
    MY_DB_PORT_53_UDP_PORT: '53',
    MY_DB_PORT_53_UDP_ADDR: 'fd00::5',
  });
  assert.deepEqual(
    Object.keys(variables({}, { enableServiceLinks: false })).filter((name) => name.startsWith('MY_DB')),
    [],
  );
  assert.equal(variables({}, { enableServiceLinks: false })['KUBERNETES_SERVICE_HOST'], '10.96.0.1');
});

test('environmentOf() lets env win over envFrom, and both over services', () => {
  const container = {
    envFrom: [
      { configMapRef: { name: 'm' } },
      { prefix: 'P_', configMapRef: { name: 'm' } },
      { secretRef: { name: 's' } },
      { configMapRef: { name: 'none', optional: true } },
    ],
    env: [
      { name: 'LEVEL', value: 'low' },
      { name: 'KUBERNETES_PORT', value: 'mine' },
      { name: 'OPTIONAL', valueFrom: { secretKeyRef: { name: 's', key: 'none', optional: true } } },
      { name: 'EMPTY' },
    ],
  };
  assert.deepEqual(onlyOwn(container), {
    a: '1',
    'b.c': '2',
    LEVEL: 'low',
    P_a: '1',
    'P_b.c': '2',
    P_LEVEL: 'high',
    user: 'mé',
    EMPTY: '',
  });
  assert.equal(variables(container)['KUBERNETES_PORT'], 'mine');
});

test('environmentOf() keeps values of secrets that are no UTF-8, also within others', () => {
  const values = onlyOwn({
    envFrom: [{ secretRef: { name: 'raw' } }],
    env: [
      { name: 'X', valueFrom: { secretKeyRef: { name: 'raw', key: 'key' } } },
      { name: 'Y', value: '<$(X)>' },
    ],
  });
  assert.deepEqual(
    Object.values(values).map((text) => [...bytesOfText(text)]),
    [
      [0x61, 0xff, 0xc3, 0xa9],
      [0x61, 0xff, 0xc3, 0xa9],
      [0x3c, 0x61, 0xff, 0xc3, 0xa9, 0x3e],
    ],
  );
});

test('environmentOf() skips keys that cannot be names, and says which', () => {
  assert.deepEqual(onlyOwn({ envFrom: [{ prefix: 'ü=', configMapRef: { name: 'm' } }] }), {});
  assert.deepEqual(skips, ['configMap m ü=LEVEL,ü=a,ü=b.c']);
});

test("environmentOf() says what is missing in upstream's words", () => {
  const table: readonly (readonly [container: object, message: string])[] = [
    [{ envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmap "none" not found'],
    [{ envFrom: [{ secretRef: { name: 'none' } }] }, 'secret "none" not found'],
    [
      { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }] },
      "couldn't find key k in ConfigMap ns/m",
    ],
    [
      { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
      "couldn't find key k in Secret ns/s",
    ],
    [{ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }] }, 'secret "none" not found'],
    [
      { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'spec.other' } } }] },
      'unsupported fieldPath: spec.other',
    ],
    [
      { env: [{ name: 'X', valueFrom: { resourceFieldRef: { resource: 'limits.pods' } } }] },
      'unsupported container resource : limits.pods',
    ],
    [
      { env: [{ name: 'X', valueFrom: { resourceFieldRef: { containerName: 'z', resource: 'limits.cpu' } } }] },
      'container z not found',
    ],
    [
      { env: [{ name: 'X', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'f.env', key: 'C' } } }] },
      'environment variable key "C" not found in file',
    ],
    [
      { env: [{ name: 'X', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'g.env', key: 'C' } } }] },
      'environment file "g.env" not found in volume "v"',
    ],
  ];
  for (const [container, message] of table)
    assert.throws(() => variables(container), { message, reason: 'CreateContainerConfigError' });
});

test('environmentOf() reads values from files', () => {
  const ref = (key: string, path = 'f.env'): object => ({
    valueFrom: { fileKeyRef: { volumeName: 'v', path, key, optional: true } },
  });
  assert.deepEqual(
    onlyOwn({
      env: [
        { name: 'X', ...ref('B') },
        { name: 'Y', ...ref('none') },
        { name: 'Z', ...ref('B', 'none') },
      ],
    }),
    { X: 'x y' },
  );
});

test('valueInFile() takes what a shell takes, and nothing else', () => {
  const file = "# comment = 'x'\n\n  A = 'one'  \nMULTI='l1\nl2 # no comment'\n\t#end\r\nA='two'\nE=''";
  assert.deepEqual(
    ['A', 'MULTI', 'E', 'none'].map((key) => valueInFile(file, key)),
    ['two', 'l1\nl2 # no comment', '', undefined],
  );
  for (const bad of ['A=x', 'A="x"', "A='x'y", "A='x''y'", "A='x", "='x'", 'A', "A='x' # no", "A='x' B='y'"])
    assert.throws(() => valueInFile(bad, 'A'), { message: "couldn't parse env file" }, bad);
});

test('expand() replaces what is known, once, and keeps the rest', () => {
  const known = new Map([
    ['A', '1'],
    ['B', '$(A)'],
    ['a b', 's'],
  ]);
  const table: Readonly<Record<string, string>> = {
    '$(A)': '1',
    '$(B)': '$(A)',
    '$$(A)': '$(A)',
    '$$$(A)': '$1',
    $A: '$A',
    '$(NO)': '$(NO)',
    '$(A': '$(A',
    $: '$',
    $$: '$',
    'x$(A)y$(A)': 'x1y1',
    '$(a b)': 's',
    '$()': '$()',
    '$(x$(A)': '$(x$(A)',
    '%(A)': '%(A)',
  };
  for (const [text, expected] of Object.entries(table)) assert.equal(expand(text, known), expected, text);
  fc.assert(fc.property(fc.string(), (text) => expand(text.replaceAll('$', '$$$$'), known) === text));
});

test('fieldValue() gives every field of the downward API', () => {
  const facts = { podIPs: ['10.0.0.9', 'fd00::9'], hostIPs: ['192.0.2.1'], nodeName: 'n1' };
  const table: Readonly<Record<string, string>> = {
    'metadata.name': 'web',
    'metadata.namespace': 'ns',
    'metadata.uid': 'u',
    'metadata.labels': 'app="x"',
    "metadata.labels['app']": 'x',
    "metadata.annotations['note']": 'n',
    "metadata.labels['none']": '',
    'spec.nodeName': 'n1',
    'spec.serviceAccountName': 'sa',
    'status.podIP': '10.0.0.9',
    'status.podIPs': '10.0.0.9,fd00::9',
    'status.hostIP': '192.0.2.1',
    'status.hostIPs': '192.0.2.1',
  };
  for (const [path, expected] of Object.entries(table)) assert.equal(fieldValue(podOf(), path, facts), expected, path);
});

test('resourceValue() counts in divisors, rounded up; the node stands in for a limit that is absent', () => {
  const container = {
    name: 'c',
    resources: {
      requests: { cpu: '250m', memory: '100Mi', 'ephemeral-storage': '1Gi', 'hugepages-2Mi': '4Mi' },
      limits: { cpu: '1500m' },
    },
  } as unknown as Container;
  const value = (resource: string, divisor?: string, spec: object = {}): string =>
    resourceValue(
      podOf({ containers: [container], ...spec }),
      container,
      { resource, ...(divisor ? { divisor } : {}) },
      { cpu: '4', memory: '8Gi', 'ephemeral-storage': '10Gi' },
    );
  const table: readonly (readonly [resource: string, divisor: string | undefined, expected: string])[] = [
    ['requests.cpu', undefined, '1'],
    ['requests.cpu', '1m', '250'],
    ['requests.cpu', '0', '1'],
    ['limits.cpu', '1', '2'],
    ['limits.cpu', '100m', '15'],
    ['requests.memory', '1Mi', '100'],
    ['requests.memory', '1M', '105'],
    ['requests.memory', '1Gi', '1'],
    ['limits.memory', '1Gi', '8'],
    ['limits.ephemeral-storage', '1Gi', '10'],
    ['requests.ephemeral-storage', undefined, '1073741824'],
    ['requests.hugepages-2Mi', '1Mi', '4'],
    ['limits.hugepages-2Mi', '1Mi', '0'],
  ];
  for (const [resource, divisor, expected] of table)
    assert.equal(value(resource, divisor), expected, `${resource} / ${divisor}`);
  assert.equal(value('limits.memory', '1Gi', { resources: { limits: { memory: '3Gi' } } }), '3');
});
