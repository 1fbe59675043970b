import { type AddressRange, canonicalAddress, holdsAddress } from '@navarch/api';
import type { LinkAddresses } from '@navarch/proxy';
import { CommandError, runCommand } from './command.ts';
import { findProgram } from './find-program.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';

export interface LinkAddressOptions {
  /** An address of the node: those of the pool go on the device that has it. */
  readonly nodeIP: string;
  /** Whatever of it is on a device of this machine is ours to take away. */
  readonly pool: readonly AddressRange[];
  /** Default: this machine's own. */
  readonly netns?: string;
}

interface ShownDevice {
  readonly ifname: string;
  readonly addr_info?: readonly ShownAddress[];
}

interface ShownAddress {
  readonly family: string;
  readonly local?: string;
  readonly prefixlen: number;
}

interface Held {
  readonly address: string;
  readonly device: string;
}

const ARPING_SECONDS = 2;

/**
 * Addresses of a pool on the device that the node's own address is on: the kernel answers who asks for them there (ARP,
 * NDP). On the loopback device, which nobody asks on, they are reached from this machine and its pods.
 */
export function linkAddresses({ nodeIP, pool, netns }: LinkAddressOptions): LinkAddresses {
  const inside = netns === undefined ? {} : { netns };
  const ip = async (signal: AbortSignal, ...words: readonly string[]): Promise<string> =>
    (await runCommand(['ip', ...words], inside, signal)).stdout;

  return {
    async hold(wanted, signal) {
      const devices = JSON.parse((await ip(signal, '-j', 'address', 'show')) || '[]') as readonly ShownDevice[];
      const device = deviceOf(devices, nodeIP);
      if (device === undefined && wanted.size > 0) throw new Error(`no device of this machine has ${nodeIP}`);
      const held = heldOf(devices, pool);
      const isRight = (one: Held): boolean => one.device === device && wanted.has(one.address);
      for (const one of held)
        if (!isRight(one)) await removed(ip(signal, 'address', 'del', placeOf(one), 'dev', one.device));
      for (const address of wanted) {
        if (device === undefined || held.some((one) => one.address === address && isRight(one))) continue;
        await put({ address, device }, netns, signal);
      }
    },
  };

  async function put(one: Held, inNetns: string | undefined, signal: AbortSignal): Promise<void> {
    const isOfIpv6 = one.address.includes(':');
    // Once nobody else is found to have it the kernel tells all neighbours of an address of IPv6.
    if (isOfIpv6 && readSysctl('net.ipv6.conf.all.ndisc_notify') !== undefined)
      await writeSysctl(`net.ipv6.conf.${one.device}.ndisc_notify`, '1', inNetns, signal);
    await ip(signal, 'address', 'replace', placeOf(one), 'dev', one.device);
    if (!isOfIpv6 && one.device !== 'lo') await tellNeighbours(one, inside, signal);
  }
}

/** Several may have the address; on any but the loopback there are others to answer. */
function deviceOf(devices: readonly ShownDevice[], nodeIP: string): string | undefined {
  const having = devices
    .filter(({ addr_info = [] }) =>
      addr_info.some(({ local }) => canonicalAddress(local ?? '') === canonicalAddress(nodeIP)),
    )
    .map(({ ifname }) => ifname);
  return having.find((name) => name !== 'lo') ?? having[0];
}

/** An address that somebody gave a device for a network has the network's prefix: that is not of ours. */
const heldOf = (devices: readonly ShownDevice[], pool: readonly AddressRange[]): readonly Held[] =>
  devices.flatMap(({ ifname, addr_info = [] }) =>
    addr_info.flatMap(({ local = '', prefixlen, family }) => {
      const address = canonicalAddress(local);
      const isWhole = prefixlen === (family === 'inet6' ? 128 : 32);
      return address !== undefined && isWhole && pool.some((range) => holdsAddress(range, address))
        ? [{ address, device: ifname }]
        : [];
    }),
  );

const placeOf = ({ address }: Held): string => `${address}/${address.includes(':') ? 128 : 32}`;

/** It may have gone by itself, with its device. */
async function removed(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
}

/** Who knew the address at another machine learns where it is now. Without the program they learn when their entry runs out. */
async function tellNeighbours(
  { address, device }: Held,
  inside: { readonly netns?: string },
  signal: AbortSignal,
): Promise<void> {
  if (findProgram('arping') === undefined) return;
  try {
    const words = ['arping', '-q', '-U', '-c', '1', '-w', String(ARPING_SECONDS), '-I', device, address];
    await runCommand(words, inside, signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
}
