import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice, Service } from '@navarch/api';
import { answer, codes, decodeQuery, encodeAnswer, types, type View } from './index.ts';

const zone = { domain: 'cluster.local', ttl: 5 };
const serviceOf = (name: string, spec: object): Service =>
  ({ metadata: { name, namespace: 'default' }, spec }) as unknown as Service;
const services = new Map([
  [
    'web',
    serviceOf('web', {
      clusterIP: '10.96.0.7',
      clusterIPs: ['10.96.0.7'],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    }),
  ],
  ['db', serviceOf('db', { clusterIP: 'None' })],
  ['out', serviceOf('out', { type: 'ExternalName', externalName: 'Example.com.' })],
]);
const slices = [
  {
    metadata: { name: 'db-1', namespace: 'default' },
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.244.0.6'], conditions: { ready: true } },
      { addresses: ['10.244.0.7'], conditions: { ready: false } },
    ],
  },
] as unknown as readonly EndpointSlice[];
const view: View = {
  service: (namespace, name) => (namespace === 'default' ? services.get(name) : undefined),
  slices: (_namespace, name) => (name === 'db' ? slices : []),
  hasNamespace: (name) => name === 'default',
  serviceAt: (address) => (address === '10.96.0.7' ? services.get('web') : undefined),
  endpointAt: () => undefined,
};

/** `NXDOMAIN`, `NODATA`, `elsewhere`, or the records' data. */
function check(name: string, type: keyof typeof types, expected: string): void {
  const found = answer({ name, type: types[type] }, view, zone);
  const text = !found
    ? 'elsewhere'
    : found.code === codes.NXDOMAIN
      ? 'NXDOMAIN'
      : found.answers.length === 0
        ? 'NODATA'
        : found.answers
            .map(({ data }) =>
              'address' in data
                ? data.address
                : 'port' in data
                  ? `${data.port} ${data.target}`
                  : 'target' in data
                    ? data.target
                    : 'text' in data
                      ? data.text
                      : '?',
            )
            .join(', ');
  assert.equal(text, expected, `${type} ${name}`);
}

test('answer() gives services by cluster IP, and no data for the other family', () => {
  check('web.default.svc.cluster.local', 'A', '10.96.0.7');
  check('web.default.svc.cluster.local', 'AAAA', 'NODATA');
  check('nothing.default.svc.cluster.local', 'A', 'NXDOMAIN');
  check('web.nowhere.svc.cluster.local', 'A', 'NXDOMAIN');
  check('default.svc.cluster.local', 'A', 'NODATA');
  check('example.com', 'A', 'elsewhere');
});

test('answer() gives ready endpoints of headless services, by host name or address', () => {
  check('db.default.svc.cluster.local', 'A', '10.244.0.5, 10.244.0.6');
  check('db-0.db.default.svc.cluster.local', 'A', '10.244.0.5');
  check('10-244-0-6.db.default.svc.cluster.local', 'A', '10.244.0.6');
  check('db-9.db.default.svc.cluster.local', 'A', 'NXDOMAIN');
});

test('answer() gives ports by SRV, external names by CNAME, addresses by PTR', () => {
  check('_http._tcp.web.default.svc.cluster.local', 'SRV', '80 web.default.svc.cluster.local');
  check(
    '_sql._tcp.db.default.svc.cluster.local',
    'SRV',
    '5432 db-0.db.default.svc.cluster.local, 5432 10-244-0-6.db.default.svc.cluster.local',
  );
  check('_sql._udp.db.default.svc.cluster.local', 'SRV', 'NXDOMAIN');
  check('out.default.svc.cluster.local', 'A', 'example.com');
  check('7.0.96.10.in-addr.arpa', 'PTR', 'web.default.svc.cluster.local');
  check('8.0.96.10.in-addr.arpa', 'PTR', 'elsewhere');
  check('dns-version.cluster.local', 'TXT', '1.1.0');
});

test('answer() takes only labels that spell an address for pods', () => {
  check('10-244-0-5.default.pod.cluster.local', 'A', '10.244.0.5');
  check('fd00--5.default.pod.cluster.local', 'AAAA', 'fd00::5');
  check('my-pod.default.pod.cluster.local', 'AAAA', 'NXDOMAIN');
  check('300-1-1-1.default.pod.cluster.local', 'A', 'NXDOMAIN');
  check('a-b.default.pod.cluster.local', 'AAAA', 'NXDOMAIN');
});

test('encodeAnswer() cuts at the bytes a client takes and says so', () => {
  const query = {
    id: 7,
    isRecursionDesired: true,
    question: { name: 'x.cluster.local', type: types.A },
    udpBytes: 512,
    hasEdns: false,
  };
  const answers = Array.from({ length: 100 }, (_, i) => ({
    name: 'x.cluster.local',
    ttl: 5,
    data: { type: 'A' as const, address: `10.0.0.${i}` },
  }));
  const bytes = encodeAnswer(query, { code: 0, answers, authorities: [], additionals: [] }, 512);
  assert.ok(bytes.length <= 512 && bytes.length > 480);
  assert.equal((bytes[2] as number) & 0x02, 0x02);
});

test('decodeQuery() refuses names that point forward or to themselves', () => {
  const header = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  assert.equal(decodeQuery(Uint8Array.from([...header, 0xc0, 12, 0, 1, 0, 1])), undefined);
  assert.equal(decodeQuery(Uint8Array.from([...header, 3, 97, 98, 99, 0, 0, 1, 0, 1]))?.question.name, 'abc');
});
