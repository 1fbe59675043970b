import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { NetworkPolicy, Pod } from '@navarch/api';
import { FAMILIES, podFacts, PolicyView } from '@navarch/proxy';
import { nftFilter } from './nft-filter.ts';

// The kernel's own reading of what policies become: two pods of both families on one bridge, which reach each other
// by TCP and UDP, and by the addresses of their link.

const run = promisify(execFile);
const ip = async (...args: readonly string[]): Promise<string> => (await run('ip', [...args])).stdout;
const { signal } = new AbortController();

const NODE = `nvpol${process.pid}`;
const PODS = ['one', 'two'] as const;
const BRIDGE = 'pods0';
const netnsOf = (name: string): string => `${NODE}-${name}`;
const ADDRESSES = { one: ['10.244.0.2', 'fd00:44::2'], two: ['10.244.0.3', 'fd00:44::3'] } as const;
const filter = nftFilter(`/run/netns/${NODE}`);
const links: Record<string, string> = {};
const servers: { kill(): unknown }[] = [];

/** Says `hello` by TCP and UDP on any address. */
const PROGRAM = `require('net').createServer((s) => s.end('hello')).listen(8080, '::', () => console.log('up'));
  const u = require('dgram').createSocket('udp6'); u.on('message', (_, from) => u.send('hello', from.port, from.address)); u.bind(8080, '::');`;

before(async () => {
  await ip('netns', 'add', NODE);
  await ip('-n', NODE, 'link', 'set', 'lo', 'up');
  await ip('-n', NODE, 'link', 'add', BRIDGE, 'type', 'bridge');
  await ip('-n', NODE, 'link', 'set', BRIDGE, 'up');
  for (const address of ['10.244.0.1/24', 'fd00:44::1/64'])
    await ip('-n', NODE, 'address', 'add', address, 'dev', BRIDGE, ...(address.includes(':') ? ['nodad'] : []));
  for (const name of PODS) {
    const pod = netnsOf(name);
    await ip('netns', 'add', pod);
    await ip('-n', NODE, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod);
    await ip('-n', NODE, 'link', 'set', name, 'master', BRIDGE, 'up');
    await ip('-n', pod, 'link', 'set', 'lo', 'up');
    await ip('-n', pod, 'link', 'set', 'eth0', 'up');
    const [four, six] = ADDRESSES[name];
    await ip('-n', pod, 'address', 'add', `${four}/24`, 'dev', 'eth0');
    await ip('-n', pod, 'address', 'add', `${six}/64`, 'dev', 'eth0', 'nodad');
    const server = spawn('ip', ['netns', 'exec', pod, process.execPath, '-e', PROGRAM], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    servers.push(server);
    await once(server.stdout, 'data');
    links[name] = /inet6 (fe80:\S+)\//.exec(await ip('-n', pod, 'address', 'show', 'eth0'))?.[1] ?? '';
  }
  // Until then an address of the link may not be used.
  await new Promise((resolve) => setTimeout(resolve, 2500));
});

after(async () => {
  for (const server of servers) server.kill();
  for (const name of PODS) await ip('netns', 'del', netnsOf(name));
  await ip('netns', 'del', NODE);
});

/** What a namespace hears from an address on port 8080: `hello`, or nothing within a second and a half. */
async function hears(netns: string, protocol: 'tcp' | 'udp', address: string): Promise<string> {
  const end = "setTimeout(() => { process.stdout.write('nothing'); process.exit(); }, 1500);";
  const program =
    protocol === 'tcp'
      ? `const s = require('net').connect({ host: '${address}', port: 8080 }); s.on('data', (d) => { process.stdout.write(d); process.exit(); }); s.on('error', () => undefined); ${end}`
      : `const s = require('dgram').createSocket('${address.includes(':') ? 'udp6' : 'udp4'}'); s.on('message', (m) => { process.stdout.write(m); process.exit(); }); s.send('?', 8080, '${address}'); ${end}`;
  return (await run('ip', ['netns', 'exec', netns, process.execPath, '-e', program])).stdout;
}

const podOf = (name: (typeof PODS)[number]): Pod =>
  ({
    metadata: { namespace: 'n', name, labels: { name } },
    spec: { nodeName: 'here', containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 8080 }] }] },
    status: { phase: 'Running', podIPs: ADDRESSES[name].map((address) => ({ ip: address })) },
  }) as unknown as Pod;
const policyOf = (spec: object): NetworkPolicy =>
  ({
    metadata: { namespace: 'n', name: 'p' },
    spec: { podSelector: { matchLabels: { name: 'two' } }, ...spec },
  }) as unknown as NetworkPolicy;

/** What pod `one`, and the node, hear from pod `two`: `tcp4 udp4 tcp6 udp6`, and by the address of its link. */
async function heard(): Promise<Readonly<Record<string, string>>> {
  const [four, six] = ADDRESSES.two;
  const ways = {
    tcp4: ['tcp', four],
    udp4: ['udp', four],
    tcp6: ['tcp', six],
    udp6: ['udp', six],
    link: ['tcp', `${links['two']}%eth0`],
  } as const;
  const all = await Promise.all(
    Object.entries(ways).map(
      async ([name, [protocol, address]]) => [name, await hears(netnsOf('one'), protocol, address)] as const,
    ),
  );
  return { ...Object.fromEntries(all), node: `${await hears(NODE, 'tcp', four)} ${await hears(NODE, 'udp', six)}` };
}

const OPEN = { tcp4: 'hello', udp4: 'hello', tcp6: 'hello', udp6: 'hello', link: 'hello', node: 'hello hello' };
const SHUT = {
  tcp4: 'nothing',
  udp4: 'nothing',
  tcp6: 'nothing',
  udp6: 'nothing',
  link: 'nothing',
  node: 'hello hello',
};

test('the kernel keeps two pods of one bridge apart as policies say, by both families, and neither from its node', async () => {
  const view = new PolicyView(BRIDGE, FAMILIES);
  const apply = async (): Promise<void> => filter.apply(view.take(), signal);
  view.setNamespace('n', {});
  assert.deepEqual(await heard(), OPEN);

  view.setPolicy('n/p', policyOf({ policyTypes: ['Ingress'] }));
  view.setPod('n/two', podFacts(podOf('two'), 'here'));
  view.setPod('n/one', podFacts(podOf('one'), 'here'));
  await apply();
  assert.deepEqual(await heard(), SHUT);

  const from = [{ podSelector: { matchLabels: { name: 'one' } } }];
  view.setPolicy(
    'n/p',
    policyOf({ ingress: [{ from, ports: [{ port: 'web' }, { protocol: 'UDP', port: 8000, endPort: 8080 }] }] }),
  );
  await apply();
  // The addresses of the link are no pod's.
  assert.deepEqual(await heard(), { ...OPEN, link: 'nothing' });

  const blocks = [
    { ipBlock: { cidr: '10.244.0.0/16', except: ['10.244.0.2/32'] } },
    { ipBlock: { cidr: 'fd00:44::/64' } },
  ];
  view.setPolicy('n/p', policyOf({ ingress: [{ from: blocks, ports: [{ protocol: 'TCP' }] }] }));
  await apply();
  assert.deepEqual(await heard(), { ...SHUT, tcp6: 'hello' });

  // Of a pod that nobody told of nothing is let through, though no policy selects it.
  view.setPolicy('n/p', policyOf({ ingress: [{}] }));
  view.setPod('n/one', undefined);
  await apply();
  assert.deepEqual(await heard(), SHUT);
  view.setPod('n/one', podFacts(podOf('one'), 'here'));
  await apply();
  assert.deepEqual(await heard(), { ...OPEN, link: 'nothing' });
});

test('the kernel takes rules of SCTP, long names and many elements, and everything away again', async () => {
  const view = new PolicyView(BRIDGE, FAMILIES);
  const ports = [
    { protocol: 'SCTP', port: 80 },
    { protocol: 'SCTP' },
    { protocol: 'SCTP', port: 'web' },
    { port: 1, endPort: 65_535 },
  ];
  const peers = [
    { namespaceSelector: {} },
    { ipBlock: { cidr: '0.0.0.0/0' } },
    { ipBlock: { cidr: '::/0', except: ['::/1'] } },
  ];
  const spec = {
    podSelector: {},
    ingress: [{ from: peers, ports }],
    egress: [{ to: peers, ports }],
  } as NetworkPolicy['spec'];
  const names = ['p', `${'long.'.repeat(50)}name`, '0'];
  view.setNamespace('n', {});
  for (const name of names) view.setPolicy(`n/${name}`, { metadata: { namespace: 'n', name }, spec } as NetworkPolicy);
  const many = Array.from({ length: 1200 }, (_, i) => `pod-${i}`);
  for (const [i, name] of many.entries()) {
    const pod = { ...podOf('one'), metadata: { namespace: 'n', name }, status: { podIP: `10.9.${i >> 8}.${i & 255}` } };
    view.setPod(`n/${name}`, podFacts(pod as unknown as Pod, 'here'));
  }
  await filter.apply(view.take(), signal);
  for (const name of many) view.setPod(`n/${name}`, undefined);
  for (const name of names) view.setPolicy(`n/${name}`, undefined);
  await filter.apply(view.take(), signal);
  const { stdout } = await run('ip', ['netns', 'exec', NODE, 'nft', 'list', 'table', 'inet', 'navarch-policy']);
  assert.doesNotMatch(stdout, /elements|chain (?:in|out|isolated)|set (?:pods|port)/);
});
