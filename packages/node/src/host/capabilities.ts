import { readFileSync } from 'node:fs';

/** Bits of Linux capabilities that running containers needs (capabilities(7)). */
const capabilityBits = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SETPCAP: 8,
  CAP_NET_ADMIN: 12,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_MKNOD: 27,
} as const;

export type Capability = keyof typeof capabilityBits;

/** The effective capabilities in the text of /proc/self/status. */
export function parseCapabilities(status: string): ReadonlySet<Capability> {
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/im.exec(status)?.[1] ?? '0'}`);
  const names = Object.keys(capabilityBits) as Capability[];
  return new Set(names.filter((name) => (mask >> BigInt(capabilityBits[name])) & 1n));
}

/** What this process may do; nothing where there is no /proc. */
export function readCapabilities(): ReadonlySet<Capability> {
  try {
    return parseCapabilities(readFileSync('/proc/self/status', 'utf8'));
  } catch {
    return new Set();
  }
}
