import { certificateSigningRequest, type CertificateSigningRequest, type SignerName } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { type Context, type Controller, defineController, self } from '../controller.ts';
import { timestamp } from '../shared/time.ts';
import type { CertificateAuthority } from './ports.ts';
import { complaint, hasCondition, isSigner, pemOf } from './rules.ts';

export interface SigningOptions {
  /** The authority behind each signer; a signer without one is left to others. */
  readonly authorities: Readonly<Partial<Record<SignerName, CertificateAuthority>>>;
  /** The longest life of a certificate. Upstream's default is a year. */
  readonly lifeMsMax?: number;
}

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS;
/** Certificates begin before now: the clocks of those who check them may be behind. */
const BACKDATE_MS = 5 * MINUTE_MS;
const LIFE_MS_MIN = 2 * BACKDATE_MS;
/** A life shorter than this is counted from now, so that the backdating does not eat it. */
const SHORT_MS = 8 * 60 * MINUTE_MS;

/** Signs approved requests (upstream's csrsigning). One that its signer's rules forbid is marked as failed, for good. */
export const signingController = ({ authorities, lifeMsMax = YEAR_MS }: SigningOptions): Controller =>
  defineController({
    name: 'certificatesigningrequest-signing-controller',
    watches: [self(certificateSigningRequest, ({ current }) => current !== undefined)],
    async reconcile(key, context) {
      const request = context.cache.get(certificateSigningRequest, key);
      if (!request || !isDue(request) || !isSigner(request.spec.signerName)) return undefined;
      const authority = authorities[request.spec.signerName];
      if (authority) await settle(request, request.spec.signerName, { authority, lifeMsMax }, context);
      return undefined;
    },
  });

const isDue = (request: CertificateSigningRequest): boolean =>
  hasCondition(request, 'Approved') &&
  !hasCondition(request, 'Denied') &&
  !hasCondition(request, 'Failed') &&
  !request.status.certificate;

interface Signing {
  readonly authority: CertificateAuthority;
  readonly lifeMsMax: number;
}

async function settle(
  request: CertificateSigningRequest,
  signer: SignerName,
  { authority, lifeMsMax }: Signing,
  context: Context,
): Promise<void> {
  const pem = pemOf(request) ?? '';
  const now = context.clock.now();
  const usages = request.spec.usages ?? [];
  let wrong: string | undefined;
  try {
    wrong = complaint(signer, await authority.read(pem), usages);
  } catch (error) {
    wrong = `unable to parse csr ${JSON.stringify(request.metadata.name)}: ${(error as Error).message}`;
  }
  if (wrong !== undefined)
    return write(context, request, (current) => ({
      ...current,
      status: { ...current.status, conditions: [...(current.status.conditions ?? []), failed(wrong, now)] },
    }));
  const certificate = btoa(
    await authority.issue({ request: pem, usages, ...period(request.spec.expirationSeconds, now, lifeMsMax) }),
  );
  return write(context, request, (current) => ({ ...current, status: { ...current.status, certificate } }));
}

/** How long the certificate is good: what was asked within bounds, else the longest. */
function period(
  expirationSeconds: number | undefined,
  now: number,
  lifeMsMax: number,
): { readonly notBefore: number; readonly notAfter: number } {
  const asked = expirationSeconds === undefined ? lifeMsMax : expirationSeconds * 1000;
  const life = Math.min(Math.max(asked, LIFE_MS_MIN), lifeMsMax);
  const notBefore = now - BACKDATE_MS;
  return { notBefore, notAfter: (life < SHORT_MS ? now : notBefore) + life };
}

const failed = (
  message: string,
  now: number,
): NonNullable<CertificateSigningRequest['status']['conditions']>[number] => ({
  type: 'Failed',
  status: 'True',
  reason: 'SignerValidationFailure',
  message,
  lastUpdateTime: timestamp(now),
  lastTransitionTime: timestamp(now),
});

async function write(
  { api }: Context,
  request: CertificateSigningRequest,
  change: (current: CertificateSigningRequest) => CertificateSigningRequest,
): Promise<void> {
  try {
    await api
      .of(certificateSigningRequest)
      .update(
        request.metadata.name,
        (current) => (current.metadata.uid === request.metadata.uid && isDue(current) ? change(current) : current),
        { subresource: 'status' },
      );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
