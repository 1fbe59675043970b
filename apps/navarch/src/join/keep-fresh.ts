import type { Clock, Logger, Random } from '@navarch/base';
import { certificateFacts, type Credentials } from '@navarch/node/pki';

export interface FreshDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Something that holds a certificate and can get another. */
export interface Renewable {
  /** For the log: `client`, `serving`. */
  readonly what: string;
  readonly first: Credentials;
  /** Gets, stores and takes a new one into use. */
  renew(signal: AbortSignal): Promise<Credentials>;
}

/** Wall clocks jump, and machines sleep: the time is looked at anew at least this often. */
const LOOK_MS = 60_000;
const RETRY_MS = 10_000;
const RETRY_MS_MAX = 10 * 60_000;

/** When a certificate is to be renewed: after four fifths of its life, a tenth earlier or later, so that not all nodes ask at once. */
export function renewalTime(certificate: string, random: Random): number {
  const { notBefore, notAfter } = certificateFacts(certificate);
  return notBefore + (notAfter - notBefore) * (0.7 + 0.2 * (random.uint32() / 2 ** 32));
}

/** Renews a certificate in time, for as long as the signal lets it. What cannot be renewed is tried again, later each time. */
export async function keepFresh(
  { what, first, renew }: Renewable,
  { clock, random, log }: FreshDeps,
  signal: AbortSignal,
): Promise<void> {
  let dueAt = renewalTime(first.certificate, random);
  let retryMs = RETRY_MS;
  while (!signal.aborted) {
    const leftMs = dueAt - clock.now();
    if (leftMs > 0) {
      await clock.sleep(Math.min(leftMs, LOOK_MS), signal).catch(() => undefined);
      continue;
    }
    try {
      const { certificate } = await renew(signal);
      dueAt = renewalTime(certificate, random);
      retryMs = RETRY_MS;
      log.info('certificate renewed', { what, until: new Date(certificateFacts(certificate).notAfter).toISOString() });
    } catch (error) {
      if (signal.aborted) return;
      log.warn('cannot renew a certificate, will try again', { what, error });
      await clock.sleep(retryMs, signal).catch(() => undefined);
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
    }
  }
}
