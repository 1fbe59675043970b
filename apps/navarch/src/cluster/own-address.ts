import { networkInterfaces } from 'node:os';
import { UserError } from '../user-error.ts';

/** The first IPv4 address of this machine that others may reach. */
export function ownAddress(): string {
  const own = Object.values(networkInterfaces())
    .flat()
    .find((found) => found?.family === 'IPv4' && !found.internal)?.address;
  if (own === undefined) throw new UserError('this machine has no IPv4 address on a network: name one by flag');
  return own;
}
