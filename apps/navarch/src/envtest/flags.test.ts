import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../user-error.ts';
import { advertisedAddress } from './advertised.ts';
import { API_SERVER_FLAGS } from './api-server-flags.ts';
import { type FlagTable, helpOf, readFlags } from './flags.ts';
import { storeFolder } from './store-place.ts';
import { cipherSuitesOf } from './cipher-suites.ts';
import { readTokenFile } from './token-file.ts';
import { tuningOf } from './tuning.ts';

const table: FlagTable = {
  name: ['text', 'a name'],
  port: ['number', 'a port'],
  on: ['switch', 'on or off'],
  hosts: ['list', 'hosts'],
  mode: ['list', 'how', ['A', 'B']],
  secret: ['refused', 'nothing is secret'],
  wait: ['duration', 'how long', ['1m']],
  part: ['float', 'how much', ['0']],
};

test('readFlags() reads the forms that Go reads, adds lists up, lets the last text count', () => {
  const flags = readFlags(
    ['--name=a', '-name', 'b', '--port', '80', '--on', '--hosts=a,b', '--hosts=c', '--mode=A,B'],
    table,
  );
  assert.deepEqual(Object.fromEntries(flags), {
    name: ['b'],
    port: ['80'],
    on: ['true'],
    hosts: ['a', 'b', 'c'],
    mode: ['A', 'B'],
  });
  assert.deepEqual(readFlags(['--on=0'], table).get('on'), ['false']);
  assert.deepEqual([...readFlags(['--wait=60s', '--part=0.0'], table).values()].flat(), ['60s', '0.0']);
});

for (const [args, message] of [
  [['--x=1'], 'unknown flag: --x'],
  [['--name'], 'flag needs an argument: --name'],
  [['serve'], 'unknown command "serve"'],
  [['--on=maybe'], 'invalid argument "maybe" for "--on" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
  [['--port=http'], 'invalid argument "http" for "--port" flag: strconv.ParseInt: parsing "http": invalid syntax'],
  [['--mode=A,C'], '--mode=C cannot be followed: how'],
  [['--secret=x'], '--secret cannot be followed: nothing is secret'],
  [['--wait=soon'], 'invalid argument "soon" for "--wait" flag: time: invalid duration "soon"'],
  [['--wait=2m'], '--wait=2m cannot be followed: how long'],
  [['--part=x'], 'invalid argument "x" for "--part" flag: strconv.ParseFloat: parsing "x": invalid syntax'],
  [['--part=.02'], '--part=.02 cannot be followed: how much'],
] as const) {
  test(`readFlags() refuses ${args.join(' ')}`, () => assert.throws(() => readFlags(args, table), { message }));
}

test('helpOf() offers what is followed', () => {
  const help = helpOf('program', 'About.', table);
  assert.match(help, /^ {6}--port int {3}a port$/m);
  assert.doesNotMatch(help, /secret/);
});

test("what kubeadm's manifest passes is taken", () => {
  const pki = '/etc/kubernetes/pki';
  const flags = readFlags(
    [
      '--advertise-address=10.0.0.1',
      '--allow-privileged=true',
      '--authorization-mode=Node,RBAC',
      `--client-ca-file=${pki}/ca.crt`,
      '--enable-admission-plugins=NodeRestriction',
      '--enable-bootstrap-token-auth=true',
      `--etcd-cafile=${pki}/etcd/ca.crt`,
      `--etcd-certfile=${pki}/apiserver-etcd-client.crt`,
      `--etcd-keyfile=${pki}/apiserver-etcd-client.key`,
      '--etcd-servers=https://127.0.0.1:2379',
      `--kubelet-client-certificate=${pki}/k.crt`,
      `--kubelet-client-key=${pki}/k.key`,
      '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
      `--proxy-client-cert-file=${pki}/front-proxy-client.crt`,
      `--proxy-client-key-file=${pki}/front-proxy-client.key`,
      '--requestheader-allowed-names=front-proxy-client',
      `--requestheader-client-ca-file=${pki}/front-proxy-ca.crt`,
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-username-headers=X-Remote-User',
      '--runtime-config=',
      '--secure-port=6443',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${pki}/sa.pub`,
      `--service-account-signing-key-file=${pki}/sa.key`,
      '--service-cluster-ip-range=10.96.0.0/16',
      `--tls-cert-file=${pki}/a.crt`,
      `--tls-private-key-file=${pki}/a.key`,
    ],
    API_SERVER_FLAGS,
  );
  assert.equal(flags.get('secure-port')?.[0], '6443');
});

test('no flag that is taken is forgotten: what it says is done, or there is nothing to see of it', () => {
  const of = (...args: string[]) => tuningOf(readFlags(args, API_SERVER_FLAGS));
  assert.deepEqual(of(), { seats: 600, extendsTokens: true, toleratedSeconds: { notReady: 300, unreachable: 300 } });
  assert.deepEqual(
    of(
      '--event-ttl=2h',
      '--max-requests-inflight=10',
      '--max-mutating-requests-inflight=0',
      '--service-account-max-token-expiration=24h',
      '--service-account-extend-token-expiration=false',
      '--service-account-jwks-uri=https://a/b',
      '--external-hostname=h',
      '--strict-transport-security-directives=max-age=1,preload',
      '--default-not-ready-toleration-seconds=1',
      '--request-timeout=5m',
      '--min-request-timeout=10',
      '--storage-initialization-timeout=2m',
    ),
    {
      eventTtlMs: 7_200_000,
      seats: 10,
      tokenSecondsMax: 86_400,
      extendsTokens: false,
      keysUri: 'https://a/b',
      externalHost: 'h',
      transportSecurity: ['max-age=1', 'preload'],
      toleratedSeconds: { notReady: 1, unreachable: 300 },
      requestMsMax: 300_000,
      watchMsMin: 10_000,
    },
  );
  for (const [arg, message] of [
    ['--service-account-max-token-expiration=59m', /must be between 1 hour and 2\^32 seconds/],
    ['--service-account-jwks-uri=http://a', /must be an https URL/],
    ['--storage-initialization-timeout=-1s', /can not be negative value/],
    ['--min-request-timeout=-1', /can not be negative value/],
  ] as const)
    assert.throws(() => of(arg), { message });
});

test("advertisedAddress() is the one of the flag, the one listened on, the own one; without a network it is nobody's", () => {
  const own = (): string => '10.0.0.9';
  const none = (): string => {
    throw new UserError('no network');
  };
  const of = (address: () => string, ...args: string[]): string =>
    advertisedAddress(readFlags(args, API_SERVER_FLAGS), address);
  assert.equal(of(own, '--advertise-address=10.0.0.1', '--bind-address=10.0.0.2'), '10.0.0.1');
  assert.equal(of(own, '--bind-address=10.0.0.2'), '10.0.0.2');
  for (const bound of ['127.0.0.1', '0.0.0.0', '::', '::1'])
    assert.equal(of(own, `--bind-address=${bound}`), '10.0.0.9');
  assert.equal(of(own), '10.0.0.9');
  assert.equal(of(none, '--bind-address=127.0.0.1'), '192.0.2.1');
});

test('cipherSuitesOf() names what Go names as OpenSSL does, and takes nothing broken', () => {
  assert.deepEqual(cipherSuitesOf(['TLS_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384']), [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-RSA-AES256-GCM-SHA384',
  ]);
  assert.throws(() => cipherSuitesOf(['TLS_X']), { message: "Cipher suite TLS_X not supported or doesn't exist" });
  assert.throws(() => cipherSuitesOf(['TLS_RSA_WITH_RC4_128_SHA']), { message: /cannot be followed/ });
});

test("storeFolder() keeps servers of different prefixes apart, and takes upstream's for none", () => {
  const at = (prefix?: string): string => storeFolder({ folder: '/e', isSynced: true }, prefix);
  assert.deepEqual([at(), at('/registry'), at('registry/')], ['/e/navarch', '/e/navarch', '/e/navarch']);
  assert.deepEqual(
    [at('/a/b'), at('a/b/'), at('/a_b')],
    ['/e/navarch%2Fa%2Fb', '/e/navarch%2Fa%2Fb', '/e/navarch%2Fa_b'],
  );
});

test('readTokenFile() reads people and their groups, and names the line that says too little', () => {
  assert.deepEqual(Object.fromEntries(readTokenFile('f', 't1,ann,1,"a, b"\n\nt2,bob,2\n')), {
    t1: { name: 'ann', uid: '1', groups: ['a', 'b'] },
    t2: { name: 'bob', uid: '2', groups: [] },
  });
  assert.throws(() => readTokenFile('f', 't,ann'), {
    message: "token file 'f' must have at least 3 columns (token, user name, user uid), found 2",
  });
});
