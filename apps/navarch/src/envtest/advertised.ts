import { isIPv4, isIPv6 } from 'node:net';
import { ownAddress } from '../cluster/own-address.ts';
import { UserError } from '../user-error.ts';
import type { Flags } from './flags.ts';

/** Of a machine without any network, where tests run and nobody else could come: of those that are nobody's (RFC 5737). */
const NOBODYS = '192.0.2.1';

/**
 * The address that clients in the cluster are told: that of the flag, else the one that is listened on where others reach it,
 * else the machine's own. An endpoint may not be at a loopback address.
 */
export function advertisedAddress(flags: Flags, own: () => string = ownAddress): string {
  const [given, bound = ''] = [flags.get('advertise-address')?.[0], flags.get('bind-address')?.[0]];
  if (given) return given;
  if (isReachable(bound)) return bound;
  try {
    return own();
  } catch (error) {
    if (error instanceof UserError) return NOBODYS;
    throw error;
  }
}

const isReachable = (address: string): boolean =>
  isIPv4(address) ? !/^(127\.|0\.0\.0\.0$)/.test(address) : isIPv6(address) && !/^(::|::1)$/.test(address);
