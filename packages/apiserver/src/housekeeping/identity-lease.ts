import { lease, type Lease } from '@navarch/api';
import { type Clock, type Logger, type Random, randomUid, sha256 } from '@navarch/base';
import { hasReason } from '@navarch/machinery';
import { systemUser } from '../auth/user.ts';
import type { Registry } from '../registry/registry.ts';

// Each server of a cluster says that it is there by a lease in its name (KEP-1965), which others find by its label.

const NAMESPACE = 'kube-system';
const COMPONENT = 'kube-apiserver';
const LABEL = 'apiserver.kubernetes.io/identity';
const DURATION_SECONDS = 3600;
const RENEW_MS = 10_000;
/** How often it is looked for leases of servers that are gone. */
const GC_MS = 3_600_000;
const call = { user: systemUser, isDryRun: false } as const;

export interface IdentityDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Of the machine: a server that starts again is the same. */
  readonly hostname: string;
}

/** Keeps the lease of this server for as long as the signal lasts, and takes it away then. */
export async function keepIdentity(registry: Registry, deps: IdentityDeps, signal: AbortSignal): Promise<void> {
  const { clock, random, log, hostname } = deps;
  const name = identityOf(hostname);
  const holder = `${name}_${randomUid(random)}`;
  const labels = { [LABEL]: COMPONENT, 'kubernetes.io/hostname': hostname };
  const renewed = ({ metadata, spec }: Pick<Lease, 'metadata' | 'spec'>): object => ({
    metadata: { ...metadata, labels: { ...metadata.labels, ...labels } },
    spec: { ...spec, renewTime: microTime(clock.now()) },
  });
  const made = {
    metadata: { name, namespace: NAMESPACE },
    spec: { holderIdentity: holder, leaseDurationSeconds: DURATION_SECONDS },
  } as unknown as Lease;
  try {
    // What a server before it left behind would tell of one that is not there.
    await forget(registry, name, log);
    for (;;) {
      try {
        if (registry.of(lease).find(NAMESPACE, name))
          await registry.of(lease).update(NAMESPACE, name, (current) => ({ ...current, ...renewed(current) }), call);
        else await registry.of(lease).create(NAMESPACE, renewed(made), call);
      } catch (error) {
        log.info('identity lease not renewed', { lease: name, error });
      }
      await clock.sleep(RENEW_MS, signal);
    }
  } finally {
    await forget(registry, name, log);
  }
}

/** Takes away leases of servers that have not renewed them, for as long as the signal lasts. */
export async function collectIdentities(
  registry: Registry,
  { clock, log }: Pick<IdentityDeps, 'clock' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  const { shelf } = registry.of(lease);
  for (;;) {
    const over = [...shelf.cache.range(shelf.prefixOf(NAMESPACE))]
      .map((cached) => cached.object as Lease)
      .filter(({ metadata, spec }) => metadata.labels?.[LABEL] === COMPONENT && isOver(spec, clock.now()));
    for (const { metadata } of over) await forget(registry, metadata.name, log);
    await clock.sleep(GC_MS, signal);
  }
}

function isOver({ renewTime, leaseDurationSeconds }: Lease['spec'], now: number): boolean {
  if (!renewTime || leaseDurationSeconds === undefined) return true;
  return Date.parse(renewTime) + leaseDurationSeconds * 1000 < now;
}

async function forget(registry: Registry, name: string, log: Logger): Promise<void> {
  try {
    await registry.of(lease).delete(NAMESPACE, name, {}, call);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) log.info('identity lease not removed', { lease: name, error });
  }
}

/** From the machine's name and what the server is, each with its length before it. */
function identityOf(hostname: string): string {
  const encoder = new TextEncoder();
  const parts = [hostname, COMPONENT].flatMap((text) => {
    const bytes = encoder.encode(text);
    return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
  });
  return `apiserver-${base32(sha256(Uint8Array.from(parts)).subarray(0, 16))}`;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 in lower case, without padding. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let [held, bits] = [0, 0];
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += LETTERS[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + LETTERS[(held << (5 - bits)) & 31];
}

const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
