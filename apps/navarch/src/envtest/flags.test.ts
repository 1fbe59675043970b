import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_SERVER_FLAGS } from './api-server-flags.ts';
import { type FlagTable, helpOf, readFlags } from './flags.ts';
import { readTokenFile } from './token-file.ts';

const table: FlagTable = {
  name: ['text', 'a name'],
  port: ['number', 'a port'],
  on: ['switch', 'on or off'],
  hosts: ['list', 'hosts'],
  mode: ['list', 'how', ['A', 'B']],
  secret: ['refused', 'nothing is secret'],
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
});

for (const [args, message] of [
  [['--x=1'], 'unknown flag: --x'],
  [['--name'], 'flag needs an argument: --name'],
  [['serve'], 'unknown command "serve"'],
  [['--on=maybe'], 'invalid argument "maybe" for "--on" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
  [['--port=http'], 'invalid argument "http" for "--port" flag: strconv.ParseInt: parsing "http": invalid syntax'],
  [['--mode=A,C'], '--mode=C cannot be followed: how'],
  [['--secret=x'], '--secret cannot be followed: nothing is secret'],
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

test('readTokenFile() reads people and their groups, and names the line that says too little', () => {
  assert.deepEqual(Object.fromEntries(readTokenFile('f', 't1,ann,1,"a, b"\n\nt2,bob,2\n')), {
    t1: { name: 'ann', uid: '1', groups: ['a', 'b'] },
    t2: { name: 'bob', uid: '2', groups: [] },
  });
  assert.throws(() => readTokenFile('f', 't,ann'), {
    message: "token file 'f' must have at least 3 columns (token, user name, user uid), found 2",
  });
});
