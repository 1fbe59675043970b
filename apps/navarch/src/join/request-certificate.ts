import { certificateSigningRequest, type CertificateSigningRequest, SIGNERS } from '@navarch/api';
import type { Clock, Logger } from '@navarch/base';
import type { Api } from '@navarch/client';
import { type Credentials, makeRequest, type Subject } from '@navarch/node/pki';
import { UserError } from '../user-error.ts';

export interface CertificateOrder {
  readonly subject: Subject;
  readonly purpose: 'client' | 'serving';
}

export interface OrderDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Logger;
}

const POLL_MS = 50;
const POLL_MS_MAX = 1_000;
/** After this time of waiting a person is told what would help, again and again. */
const REMIND_MS = 30_000;

const signers = {
  client: { signerName: SIGNERS.kubeletClient, usages: ['digital signature', 'client auth'] },
  serving: { signerName: SIGNERS.kubeletServing, usages: ['digital signature', 'server auth'] },
} as const;

/** Makes a key, asks the cluster for its certificate and waits until it is approved and signed. The key stays here. */
export async function requestCertificate(
  { subject, purpose }: CertificateOrder,
  { api, clock, log }: OrderDeps,
  signal: AbortSignal,
): Promise<Credentials> {
  const { request, key } = makeRequest(subject);
  const requests = api.of(certificateSigningRequest);
  const {
    metadata: { name },
  } = await requests.create({
    metadata: { generateName: 'csr-' },
    spec: { request: Buffer.from(request).toString('base64'), ...signers[purpose] },
  });
  let remindAt = clock.monotonic() + REMIND_MS;
  for (let waitMs = POLL_MS; ; waitMs = Math.min(waitMs * 2, POLL_MS_MAX)) {
    await clock.sleep(waitMs, signal);
    const certificate = issued(await requests.get(name));
    if (certificate !== undefined) return { certificate, key };
    if (clock.monotonic() < remindAt) continue;
    log.warn(`the ${purpose} certificate of this node waits for approval: kubectl certificate approve ${name}`, {
      subject: subject.commonName,
    });
    remindAt = clock.monotonic() + REMIND_MS;
  }
}

/** The certificate in PEM; undefined while nobody has decided. Throws when it was refused. */
function issued({ metadata, status }: CertificateSigningRequest): string | undefined {
  const refusal = status.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
  if (refusal)
    throw new UserError(
      `the cluster refused the certificate request ${metadata.name}: ${refusal.reason ?? refusal.type}${refusal.message ? `, ${refusal.message}` : ''}`,
    );
  return status.certificate ? Buffer.from(status.certificate, 'base64').toString() : undefined;
}
