import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { EndpointSlice, Service } from '@navarch/api';
import { FAMILIES, PolicyView, ServiceView, type StaleFlows } from '@navarch/proxy';
import { nftFilter } from './nft-filter.ts';

const run = promisify(execFile);
const ip = (...args: readonly string[]): Promise<unknown> => run('ip', [...args]);

const { signal } = new AbortController();
const NODE = { name: 'a', clusterCidr: '10.244.0.0/16' };
const SERVICE = {
  metadata: { name: 'web', namespace: 'default' },
  status: { loadBalancer: {} },
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30_080 }] },
} as unknown as Service;
const SLICE = {
  metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: [{ addresses: ['10.244.0.5'], conditions: { ready: true }, nodeName: 'a' }],
} as unknown as EndpointSlice;

/** A node of which the API tells of one service and its endpoints, by the family of each. */
class Programmed {
  readonly #view: ServiceView;
  readonly #filter: ReturnType<typeof nftFilter>;

  constructor(netns: string, clusterCidr: string = NODE.clusterCidr) {
    this.#view = new ServiceView({ ...NODE, clusterCidr });
    this.#filter = nftFilter(`/run/netns/${netns}`);
  }

  /** What is still to be forgotten. */
  async tell(service: Service | undefined, ...slices: readonly EndpointSlice[]): Promise<readonly StaleFlows[]> {
    this.#view.setService('default/web', service);
    for (const family of ['IPv4', 'IPv6'])
      this.#view.setSlice(
        `default/web-${family}`,
        slices.find(({ addressType }) => addressType === family),
      );
    const { script, stale } = this.#view.take();
    await this.#filter.apply(script, signal);
    return stale;
  }

  async tellAndForget(...told: Parameters<Programmed['tell']>): Promise<void> {
    await this.#filter.forget(await this.tell(...told), signal);
  }
}

/**
 * A node and a pod as two network namespaces; in the pod something says `hello` on port 8080, and on 8081 by which address it
 * was reached, and from which.
 */
async function world(context: TestContext): Promise<string> {
  const [node, pod] = [`navarch-n${process.pid}`, `navarch-p${process.pid}`];
  context.after(async () => {
    await ip('netns', 'del', node);
    await ip('netns', 'del', pod);
  });
  await ip('netns', 'add', node);
  await ip('netns', 'add', pod);
  await ip('-n', node, 'link', 'add', 'pod', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod);
  for (const [ns, link, address] of [
    [node, 'pod', '10.244.0.1/24'],
    [pod, 'eth0', '10.244.0.5/24'],
  ] as const) {
    await ip('-n', ns, 'address', 'add', address, 'dev', link);
    await ip('-n', ns, 'link', 'set', link, 'up');
    await ip('-n', ns, 'link', 'set', 'lo', 'up');
  }
  // A packet to a cluster IP needs some route before its destination is rewritten.
  await ip('-n', node, 'route', 'add', 'default', 'via', '10.244.0.5');
  const program = `const { createServer } = require('net');
    createServer((s) => s.end(s.localAddress + ' ' + s.remoteAddress + '\\n')).listen(8081, '0.0.0.0', () =>
      createServer((s) => s.end('hello')).listen(8080, () => console.log('up')));`;
  const server = spawn('ip', ['netns', 'exec', pod, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => server.kill());
  await once(server.stdout, 'data');
  return node;
}

/** What a connection from the node's namespace reads, or the error's code. */
async function reads(netns: string, address: string, port: number): Promise<string> {
  const program = `const s = require('net').connect({ host: '${address}', port: ${port}, timeout: 2000 });
    s.on('data', (d) => process.stdout.write(d)); s.on('error', (e) => process.stdout.write(e.code)); s.on('timeout', () => { process.stdout.write('timeout'); s.destroy(); })`;
  return (await run('ip', ['netns', 'exec', netns, process.execPath, '-e', program])).stdout;
}

test('nftFilter() makes the kernel carry TCP through cluster IPs and node ports, refuse without endpoints, and forget', async (context) => {
  const netns = await world(context);
  const node = new Programmed(netns);
  await node.tell(SERVICE, SLICE);
  assert.equal(await reads(netns, '10.96.0.7', 80), 'hello');
  assert.equal(await reads(netns, '10.244.0.1', 30_080), 'hello');
  await node.tell(SERVICE);
  assert.equal(await reads(netns, '10.96.0.7', 80), 'ECONNREFUSED');
  await node.tell(undefined);
  const { stdout } = await run('ip', ['netns', 'exec', netns, 'nft', 'list', 'table', 'inet', 'navarch']);
  assert.doesNotMatch(stdout, /elements|chain (?:to|at|svc|ext|ep)/);
  await assert.rejects(nftFilter(`/run/netns/${netns}`).apply('add rule inet navarch nowhere accept\n', signal));
});

test('nftFilter().areNamed() tells rules that are there from those that were thrown away, and changes nothing', async (context) => {
  const netns = `navarch-a${process.pid}`;
  await ip('netns', 'add', netns);
  context.after(() => ip('netns', 'del', netns));
  const filter = nftFilter(`/run/netns/${netns}`);
  const nft = async (...words: readonly string[]): Promise<string> =>
    (await run('ip', ['netns', 'exec', netns, 'nft', ...words])).stdout;
  for (const [table, named, script, emptied] of [
    ['navarch', ['map service-ips', 'chain services'], new ServiceView(NODE).take().script, 'services'],
    ['navarch-policy', ['map egress', 'chain leaving'], new PolicyView('pods0', FAMILIES).take(), 'leaving'],
  ] as const) {
    const areNamed = (): Promise<boolean> => filter.areNamed(table, named, signal);
    assert.equal(await areNamed(), false, 'no table');
    await filter.apply(script, signal);
    const before = await nft('list', 'ruleset');
    assert.equal(await areNamed(), true);
    assert.equal(await nft('list', 'ruleset'), before);
    for (const words of [
      ['flush', 'chain', 'inet', table, emptied],
      ['flush', 'table', 'inet', table],
    ]) {
      await filter.apply(script, signal);
      await nft(...words);
      assert.equal(await areNamed(), false, words.join(' '));
    }
    assert.match(await nft('list', 'tables'), new RegExp(`inet ${table}$`, 'm'));
    await nft('flush', 'ruleset');
    assert.equal(await areNamed(), false);
    assert.equal(await nft('list', 'tables'), '');
  }
});

test('nftFilter() drops what only other nodes could answer, and lets the node itself in by an external address', async (context) => {
  const netns = await world(context);
  const node = new Programmed(netns);
  const tell = (spec: object, nodeName: string): Promise<unknown> =>
    node.tell(
      { ...SERVICE, spec: { ...SERVICE.spec, ...spec } } as unknown as Service,
      { ...SLICE, endpoints: [{ ...SLICE.endpoints?.[0], nodeName }] } as unknown as EndpointSlice,
    );
  await tell({ internalTrafficPolicy: 'Local' }, 'b');
  assert.equal(await reads(netns, '10.96.0.7', 80), 'timeout');
  await tell({ externalTrafficPolicy: 'Local' }, 'b');
  assert.equal(await reads(netns, '10.96.0.7', 80), 'hello');
  assert.equal(await reads(netns, '10.244.0.1', 30_080), 'hello');
});

test('nftFilter() lets through to the address of a balancer whom the service names', async (context) => {
  const netns = await world(context);
  const node = new Programmed(netns);
  const tell = (...loadBalancerSourceRanges: readonly string[]): Promise<unknown> =>
    node.tell(
      {
        ...SERVICE,
        spec: { ...SERVICE.spec, type: 'LoadBalancer', loadBalancerSourceRanges },
        status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } },
      } as unknown as Service,
      SLICE,
    );
  await tell('192.0.2.0/24', '198.51.100.7/32');
  assert.equal(await reads(netns, '203.0.113.1', 80), 'timeout');
  await tell('192.0.2.0/24', '10.244.0.0/16');
  assert.equal(await reads(netns, '203.0.113.1', 80), 'hello');
  await node.tell(undefined);
});

test('nftFilter() carries both families to the pods of a service of both, with and without a memory for clients', async (context) => {
  const netns = await world(context);
  const pod = `navarch-p${process.pid}`;
  for (const [ns, link, address] of [
    [netns, 'pod', 'fd00:44::1/64'],
    [pod, 'eth0', 'fd00:44::5/64'],
  ] as const)
    await ip('-n', ns, 'address', 'add', address, 'dev', link, 'nodad');
  await ip('-n', netns, '-6', 'route', 'add', 'default', 'via', 'fd00:44::5');
  const both = (sessionAffinity: string): Service =>
    ({
      ...SERVICE,
      spec: {
        ...SERVICE.spec,
        type: 'LoadBalancer',
        clusterIPs: ['10.96.0.7', 'fd00:96::7'],
        sessionAffinity,
        loadBalancerSourceRanges: ['fd00:44::/64', '10.244.0.0/16'],
      },
      status: { loadBalancer: { ingress: [{ ip: 'fd00:1::9' }, { ip: '203.0.113.1' }] } },
    }) as unknown as Service;
  const six = {
    ...SLICE,
    addressType: 'IPv6',
    endpoints: [{ addresses: ['fd00:44::5'], conditions: { ready: true }, nodeName: 'a' }],
  } as unknown as EndpointSlice;
  const node = new Programmed(netns, '10.244.0.0/16,fd00:44::/64');
  for (const affinity of ['ClientIP', 'None']) {
    await node.tell(both(affinity), SLICE, six);
    for (const [address, port] of [
      ['10.96.0.7', 80],
      ['fd00:96::7', 80],
      ['fd00:1::9', 80],
      ['203.0.113.1', 80],
      ['fd00:44::1', 30_080],
      ['10.244.0.1', 30_080],
    ] as const)
      assert.equal(await reads(netns, address, port), 'hello', `${address} port ${port}, affinity ${affinity}`);
  }
  await node.tell(both('None'), SLICE);
  assert.equal(await reads(netns, 'fd00:96::7', 80), 'ECONNREFUSED');
  assert.equal(await reads(netns, '10.96.0.7', 80), 'hello');
  await node.tell(undefined);
});

const POD_ADDRESSES = [5, 6, 7, 8, 9].map((last) => `10.244.0.${last}`);
/** Pods at these addresses that say by which of them they were reached, and from where. */
const telling = (addresses: readonly string[]): EndpointSlice =>
  ({
    ...SLICE,
    ports: [{ name: 'http', port: 8081 }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true }, nodeName: 'a' })),
  }) as unknown as EndpointSlice;

/** What so many connections from a namespace to the service's address read, one after the other. */
async function readsAll(netns: string, count: number): Promise<readonly string[]> {
  const program = `const { connect } = require('net'); let left = ${count};
    const next = () => left-- > 0 && connect({ host: '10.96.0.7', port: 80, timeout: 2000 })
      .on('data', (d) => process.stdout.write(d)).on('close', next)
      .on('error', (e) => process.stdout.write(e.code + '\\n')).on('timeout', function () { this.destroy(new Error('timeout')); });
    next();`;
  const { stdout } = await run('ip', ['netns', 'exec', netns, process.execPath, '-e', program]);
  return stdout.trim().split('\n');
}

test('nftFilter() spreads connections over all endpoints, keeps a client with one that remembers, and lets it go with it', async (context) => {
  const netns = await world(context);
  const pod = `navarch-p${process.pid}`;
  for (const address of POD_ADDRESSES.slice(1)) await ip('-n', pod, 'address', 'add', `${address}/24`, 'dev', 'eth0');
  const node = new Programmed(netns);
  await node.tell(SERVICE, telling(POD_ADDRESSES));
  const reached = async (): Promise<readonly string[]> =>
    [...new Set((await readsAll(netns, 80)).map((line) => line.split(' ')[0] ?? ''))].toSorted();
  // That one of five is missed by all of 80 happens once in ten million times.
  assert.deepEqual(await reached(), POD_ADDRESSES);
  await node.tell(SERVICE, telling(POD_ADDRESSES.slice(2)));
  assert.deepEqual(await reached(), POD_ADDRESSES.slice(2));

  const sticky = { ...SERVICE, spec: { ...SERVICE.spec, sessionAffinity: 'ClientIP' } } as unknown as Service;
  await node.tell(sticky, telling(POD_ADDRESSES));
  const [first = '', ...others] = await reached();
  assert.deepEqual([POD_ADDRESSES.includes(first), others], [true, []]);
  const rest = POD_ADDRESSES.filter((address) => address !== first);
  await node.tell(sticky, telling(rest));
  const [second = '', ...more] = await reached();
  assert.deepEqual([rest.includes(second), more], [true, []]);
  await node.tell(sticky, telling(POD_ADDRESSES));
  assert.deepEqual(await reached(), [second], 'who came back is new');
  const forAWhile = {
    ...sticky,
    spec: { ...sticky.spec, sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } },
  } as unknown as Service;
  await node.tell(SERVICE, telling(POD_ADDRESSES));
  await node.tell(forAWhile, telling(POD_ADDRESSES));
  const seen = new Set<string>();
  // One of five is met 30 times in a row, after pauses longer than the memory, once in 10^20 times.
  for (let i = 0; i < 30 && seen.size < 2; i++) {
    for (const line of await readsAll(netns, 3)) seen.add(line.split(' ')[0] ?? '');
    assert.equal(seen.size <= i + 1, true, 'three at once go to one');
    await sleep(1200);
  }
  assert.equal(seen.size, 2);
});

test('nftFilter() hides a pod from itself that asks for its own service, and from nobody else', async (context) => {
  const netns = await world(context);
  const pod = `navarch-p${process.pid}`;
  await ip('netns', 'exec', netns, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  await ip('-n', pod, 'address', 'add', '10.244.0.6/24', 'dev', 'eth0');
  await ip('-n', pod, 'route', 'add', '10.96.0.0/16', 'via', '10.244.0.1', 'src', '10.244.0.5');
  const node = new Programmed(netns);
  await node.tell(SERVICE, telling(['10.244.0.5']));
  assert.deepEqual(await readsAll(pod, 1), ['10.244.0.5 10.244.0.1']);
  assert.deepEqual(await readsAll(netns, 1), ['10.244.0.5 10.244.0.1']);
});

/** That one leads to these addresses. */
const datagramsTo = (...addresses: readonly string[]): readonly [Service, EndpointSlice] => [
  {
    ...SERVICE,
    spec: { ...SERVICE.spec, ports: [{ name: 'http', port: 80, protocol: 'UDP' }] },
  } as unknown as Service,
  {
    ...SLICE,
    ports: [{ name: 'http', port: 8080, protocol: 'UDP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  } as unknown as EndpointSlice,
];

test('nftFilter() lets datagrams of a client that goes on sending leave an endpoint that went', async (context) => {
  const netns = await world(context);
  const pod = `navarch-p${process.pid}`;
  await ip('-n', pod, 'address', 'add', '10.244.0.6/24', 'dev', 'eth0');
  const echo = `for (const a of ['10.244.0.5', '10.244.0.6']) { const s = require('dgram').createSocket('udp4');
    s.on('message', (_, from) => s.send(a, from.port, from.address)); s.bind(8080, a, () => console.log('up')); }`;
  const server = spawn('ip', ['netns', 'exec', pod, process.execPath, '-e', echo], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => server.kill());
  await once(server.stdout, 'data');
  const asks = async (): Promise<string> => {
    const program = `const s = require('dgram').createSocket('udp4'); setTimeout(() => { process.stdout.write('silence'); s.close(); }, 2000).unref();
      s.on('message', (m) => { process.stdout.write(m); s.close(); }); s.bind(5000, () => s.send('?', 80, '10.96.0.7'));`;
    return (await run('ip', ['netns', 'exec', netns, process.execPath, '-e', program])).stdout;
  };
  const node = new Programmed(netns);
  await node.tell(...datagramsTo('10.244.0.5'));
  assert.equal(await asks(), '10.244.0.5');
  await node.tell(...datagramsTo('10.244.0.6'));
  assert.equal(await asks(), '10.244.0.5', 'the kernel remembers');
  await node.tell(...datagramsTo('10.244.0.5'));
  await node.tellAndForget(...datagramsTo('10.244.0.6'));
  assert.equal(await asks(), '10.244.0.6');
  const filter = nftFilter(`/run/netns/${netns}`);
  assert.equal(await filter.forget([{ family: 'IPv4', address: '10.96.0.9', port: 1 }], signal), 0);
  // Another agent, after one that ended before the endpoint went.
  const next = new ServiceView(NODE);
  const [again, ...slices] = datagramsTo('10.244.0.5');
  next.setService('default/web', again);
  for (const slice of slices) next.setSlice('default/web-1', slice);
  await filter.apply(next.take().script, signal);
  assert.equal(await asks(), '10.244.0.6', 'the kernel remembers');
  assert.equal(await filter.forget(next.strayed(await filter.flows(signal)), signal), 1);
  assert.equal(await asks(), '10.244.0.5');
  assert.deepEqual(next.strayed(await filter.flows(signal)), []);
  await filter.forget([{ family: 'IPv6', address: 'fd00:96::9', port: 1, endpoint: 'fd00:44::5:53' }], signal);
});
