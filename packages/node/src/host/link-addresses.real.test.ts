import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { type AddressRange, poolRange } from '@navarch/api';
import { linkAddresses } from './link-addresses.ts';

const run = promisify(execFile);
const ip = async (...args: readonly string[]): Promise<string> => (await run('ip', [...args])).stdout;
const { signal } = new AbortController();
const pool = ['192.0.2.128-192.0.2.140', 'fd00:78::128-fd00:78::140'].map((text) =>
  poolRange(text),
) as readonly AddressRange[];

/** Two machines on one network, as namespaces: a (192.0.2.1) and b (192.0.2.2). */
async function twoMachines(context: TestContext): Promise<{ readonly a: string; readonly b: string }> {
  const [a, b] = [`navarch-la${process.pid}`, `navarch-lb${process.pid}`];
  for (const name of [a, b]) {
    context.after(() => ip('netns', 'del', name));
    await ip('netns', 'add', name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  await ip('-n', a, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b);
  for (const [name, number] of [
    [a, 1],
    [b, 2],
  ] as const) {
    await ip('-n', name, 'address', 'add', `192.0.2.${number}/24`, 'dev', 'eth0');
    await ip('-n', name, 'address', 'add', `fd00:78::${number}/64`, 'dev', 'eth0', 'nodad');
    await ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
  return { a, b };
}

const addressesIn = async (netns: string): Promise<readonly string[]> =>
  (await ip('-n', netns, '-o', 'address', 'show')).split('\n').flatMap((line) => {
    const [, device, , address = ''] = line.split(/\s+/);
    return /^(192\.0\.2|fd00)/.test(address) ? [`${device} ${address}`] : [];
  });

const OWN = ['eth0 192.0.2.1/24', 'eth0 fd00:78::1/64'];

test('linkAddresses() has exactly what is wanted on the device of the node, and leaves other addresses alone', async (context) => {
  const { a } = await twoMachines(context);
  await ip('-n', a, 'address', 'add', '192.0.2.131/32', 'dev', 'lo');
  const link = linkAddresses({ nodeIP: '192.0.2.1', pool, netns: `/run/netns/${a}` });
  await link.hold(new Set(['192.0.2.130', 'fd00:78::130']), signal);
  assert.deepEqual(new Set(await addressesIn(a)), new Set([...OWN, 'eth0 192.0.2.130/32', 'eth0 fd00:78::130/128']));
  await link.hold(new Set(['192.0.2.130', '192.0.2.131']), signal);
  assert.deepEqual(new Set(await addressesIn(a)), new Set([...OWN, 'eth0 192.0.2.130/32', 'eth0 192.0.2.131/32']));
  await link.hold(new Set(), signal);
  assert.deepEqual(new Set(await addressesIn(a)), new Set(OWN));
});

test('linkAddresses() answers neighbours for its addresses', async (context) => {
  const { a, b } = await twoMachines(context);
  const link = linkAddresses({ nodeIP: '192.0.2.1', pool, netns: `/run/netns/${a}` });
  await link.hold(new Set(['192.0.2.130', 'fd00:78::130']), signal);
  const [, mac = '?'] = /link\/ether (\S+)/.exec(await ip('-n', a, 'link', 'show', 'eth0')) ?? [];
  for (const address of ['192.0.2.130', 'fd00:78::130']) {
    // A datagram makes the kernel ask who has the address.
    const send = `const { isIPv6 } = require('net');
      const s = require('dgram').createSocket(isIPv6('${address}') ? 'udp6' : 'udp4');
      const again = setInterval(() => s.send('x', 9, '${address}', () => undefined), 50);
      setTimeout(() => { clearInterval(again); s.close(); }, 2500);`;
    await run('nsenter', [`--net=/run/netns/${b}`, process.execPath, '-e', send]);
    assert.match(await ip('-n', b, 'neigh', 'show', address), new RegExp(mac));
  }
});

test('linkAddresses() says which address no device has', async (context) => {
  const { a } = await twoMachines(context);
  const link = linkAddresses({ nodeIP: '192.0.2.77', pool, netns: `/run/netns/${a}` });
  await assert.rejects(link.hold(new Set(['192.0.2.130']), signal), /no device of this machine has 192.0.2.77/);
});
