import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service } from '@navarch/api';
import { CLUSTER_DEFAULTS } from '../corefile/defaults.ts';
import { codes, types } from '../wire/codes.ts';
import type { Record } from '../wire/record.ts';
import { answerOfCluster } from './answer.ts';
import type { View } from './view.ts';
import type { ClusterZone } from './zone.ts';

const zone: ClusterZone = {
  ...CLUSTER_DEFAULTS,
  zones: ['cluster.local', 'in-addr.arpa', 'ip6.arpa'],
  pods: 'insecure',
  fallthrough: ['in-addr.arpa', 'ip6.arpa'],
};
const serviceOf = (name: string, spec: object): Service =>
  ({ metadata: { name, namespace: 'default' }, spec }) as unknown as Service;
const ports = [
  { name: 'http', port: 80, protocol: 'TCP' },
  { name: 'dns', port: 53, protocol: 'UDP' },
];
const services = new Map([
  ['web', serviceOf('web', { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd00::7'], ports })],
  ['db', serviceOf('db', { clusterIP: 'None' })],
  ['idle', serviceOf('idle', { clusterIP: 'None' })],
  ['out', serviceOf('out', { type: 'ExternalName', externalName: 'Example.com.' })],
  ['inner', serviceOf('inner', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' })],
  ['round', serviceOf('round', { type: 'ExternalName', externalName: 'about.default.svc.cluster.local' })],
  ['about', serviceOf('about', { type: 'ExternalName', externalName: 'round.default.svc.cluster.local' })],
  ['number', serviceOf('number', { type: 'ExternalName', externalName: '192.0.2.1' })],
]);
const slices = [
  {
    metadata: { name: 'db-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'db' } },
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.244.0.6'], conditions: {}, targetRef: { kind: 'Pod', name: 'db-six' } },
      { addresses: ['10.244.0.7'], conditions: { ready: false } },
    ],
  },
] as unknown as readonly EndpointSlice[];
const view: View = {
  service: (namespace, name) => (namespace === 'default' ? services.get(name) : undefined),
  slices: (_namespace, name) => (name === 'db' ? slices : []),
  hasNamespace: (name) => name === 'default',
  servicesAt: (address) => [...services.values()].filter(({ spec }) => spec.clusterIPs?.includes(address)),
  slicesAt: (address) =>
    slices.filter(({ endpoints }) => endpoints?.some(({ addresses }) => addresses.includes(address))),
  hasPodAt: (namespace, address) => namespace === 'default' && address === '10.244.0.5',
};

/** `NXDOMAIN`, `NODATA`, `elsewhere`, `REFUSED`, or the records' data; `→ NAME` where that has to be asked for too. */
function check(name: string, type: keyof typeof types, expected: string, options: Partial<ClusterZone> = {}): void {
  const found = answerOfCluster({ name, type: types[type] }, { ...zone, ...options }, view, {
    addresses: ['10.0.0.9'],
    serial: 1,
  });
  assert.equal(found ? shown(found) : 'elsewhere', expected, `${type} ${name}`);
}

function shown({ answer, follow }: NonNullable<ReturnType<typeof answerOfCluster>>): string {
  if (answer.code === codes.NXDOMAIN) return 'NXDOMAIN';
  if (answer.code === codes.REFUSED) return 'REFUSED';
  if (answer.answers.length === 0) {
    assert.equal(answer.authorities[0]?.data.type, 'SOA');
    return 'NODATA';
  }
  return [...answer.answers.map(dataOf), ...(follow === undefined ? [] : [`→ ${follow}`])].join(', ');
}

function dataOf({ data }: Record): string {
  if ('address' in data) return data.address;
  if (data.type === 'SRV') return `${data.weight} ${data.port} ${data.target}`;
  if ('target' in data) return data.target;
  return data.type === 'TXT' ? data.texts.join(' ') : data.type;
}

test('answerOfCluster() gives services by their cluster IPs of the family that is asked for', () => {
  check('web.default.svc.cluster.local', 'A', '10.96.0.7');
  check('web.default.svc.cluster.local', 'AAAA', 'fd00::7');
  check('web.default.svc.cluster.local', 'MX', 'NODATA');
  check('web.default.svc.cluster.local', 'ANY', 'NODATA');
  check('nothing.default.svc.cluster.local', 'A', 'NXDOMAIN');
  check('nothing.default.svc.cluster.local', 'ANY', 'NXDOMAIN');
  check('web.nowhere.svc.cluster.local', 'A', 'NXDOMAIN');
  check('default.svc.cluster.local', 'A', 'NODATA');
  check('svc.cluster.local', 'A', 'NODATA');
  check('other.cluster.local', 'A', 'NXDOMAIN');
  check('example.com', 'A', 'elsewhere');
});

test('answerOfCluster() gives ready endpoints of headless services, by host name or address', () => {
  check('db.default.svc.cluster.local', 'A', '10.244.0.5, 10.244.0.6');
  check('db-0.db.default.svc.cluster.local', 'A', '10.244.0.5');
  check('10-244-0-6.db.default.svc.cluster.local', 'A', '10.244.0.6');
  check('10-244-0-7.db.default.svc.cluster.local', 'A', 'NXDOMAIN');
  check('db-9.db.default.svc.cluster.local', 'A', 'NXDOMAIN');
  check('db-six.db.default.svc.cluster.local', 'A', '10.244.0.6', { endpointPodNames: true });
  check('idle.default.svc.cluster.local', 'A', 'NXDOMAIN');
  check('db.default.svc.cluster.local', 'A', 'NXDOMAIN', { noEndpoints: true });
  check('a.b.c.db.default.svc.cluster.local', 'A', 'NXDOMAIN');
});

test('answerOfCluster() gives ports by SRV, each as likely, with addresses beside them', () => {
  check('_http._tcp.web.default.svc.cluster.local', 'SRV', '50 80 web.default.svc.cluster.local');
  check(
    '_sql._tcp.db.default.svc.cluster.local',
    'SRV',
    '50 5432 db-0.db.default.svc.cluster.local, 50 5432 10-244-0-6.db.default.svc.cluster.local',
  );
  check('_sql._udp.db.default.svc.cluster.local', 'SRV', 'NXDOMAIN');
  check('_http._tcp.web.default.svc.cluster.local', 'A', '10.96.0.7');
  const found = answerOfCluster({ name: '_dns._udp.web.default.svc.cluster.local', type: types.SRV }, zone, view, {
    addresses: [],
    serial: 1,
  });
  assert.deepEqual(found?.answer.additionals.map(dataOf), ['10.96.0.7', 'fd00::7']);
});

test('answerOfCluster() follows external names within the cluster, and says where to go on outside', () => {
  check('out.default.svc.cluster.local', 'A', 'example.com, → example.com');
  check('out.default.svc.cluster.local', 'CNAME', 'example.com');
  check('out.default.svc.cluster.local', 'TXT', 'NODATA');
  check('x.out.default.svc.cluster.local', 'A', 'NXDOMAIN');
  check('inner.default.svc.cluster.local', 'A', 'web.default.svc.cluster.local, 10.96.0.7');
  check('round.default.svc.cluster.local', 'A', 'NODATA');
  check('number.default.svc.cluster.local', 'A', 'NXDOMAIN');
});

test('answerOfCluster() gives names of addresses, and leaves addresses that it does not know to others', () => {
  check('7.0.96.10.in-addr.arpa', 'PTR', 'web.default.svc.cluster.local');
  check('5.0.244.10.in-addr.arpa', 'PTR', 'db-0.db.default.svc.cluster.local');
  check('7.0.244.10.in-addr.arpa', 'PTR', 'elsewhere');
  check(
    '7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa',
    'PTR',
    'web.default.svc.cluster.local',
  );
  check('8.0.96.10.in-addr.arpa', 'PTR', 'NXDOMAIN', { fallthrough: [] });
});

test('answerOfCluster() takes labels that spell an address for pods, as the mode says', () => {
  check('10-244-0-5.default.pod.cluster.local', 'A', '10.244.0.5');
  check('10-244-0-9.default.pod.cluster.local', 'A', '10.244.0.9');
  check('fd00--5.default.pod.cluster.local', 'AAAA', 'fd00--5'.replaceAll('-', ':'));
  check('my-pod.default.pod.cluster.local', 'AAAA', 'NXDOMAIN');
  check('300-1-1-1.default.pod.cluster.local', 'A', 'NXDOMAIN');
  check('10-244-0-5.nowhere.pod.cluster.local', 'A', 'NXDOMAIN');
  check('10-244-0-5.default.pod.cluster.local', 'A', '10.244.0.5', { pods: 'verified' });
  check('10-244-0-9.default.pod.cluster.local', 'A', 'NXDOMAIN', { pods: 'verified' });
  check('10-244-0-5.default.pod.cluster.local', 'A', 'NXDOMAIN', { pods: 'disabled' });
});

test('answerOfCluster() says what serves, in which version, and no whole zone', () => {
  check('cluster.local', 'SOA', 'SOA');
  check('cluster.local', 'NS', 'ns.dns.cluster.local');
  check('ns.dns.cluster.local', 'A', '10.0.0.9');
  check('dns-version.cluster.local', 'TXT', '1.1.0');
  check('dns-version.cluster.local', 'A', 'NODATA');
  check('cluster.local', 'AXFR', 'REFUSED');
});

test('answerOfCluster() tells only of the namespaces that it shall, and of services with endpoints where it shall', () => {
  check('web.default.svc.cluster.local', 'A', 'NXDOMAIN', { namespaces: ['other'] });
  check('7.0.96.10.in-addr.arpa', 'PTR', 'elsewhere', { namespaces: ['other'] });
  check('web.default.svc.cluster.local', 'A', 'NXDOMAIN', { ignoreEmptyService: true });
});
