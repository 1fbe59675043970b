import { certificateSigningRequest, type CertificateSigningRequest } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { type Controller, defineController, self } from '../controller.ts';

const HOUR_MS = 3_600_000;
/** How long a request is kept after it was decided, for people to look at; and how long it may wait for that. */
const DECIDED_MS = HOUR_MS;
const WAITING_MS = 24 * HOUR_MS;

/** Takes certificate requests away that nobody needs any more (upstream's csrcleaner). */
export const requestCleaningController: Controller = defineController({
  name: 'certificatesigningrequest-cleaner-controller',
  watches: [self(certificateSigningRequest, ({ current }) => current !== undefined)],
  async reconcile(key, { api, cache, clock }) {
    const request = cache.get(certificateSigningRequest, key);
    if (!request || request.metadata.deletionTimestamp) return undefined;
    const leftMs = keptUntil(request) - clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    try {
      await api.of(certificateSigningRequest).delete(key, { preconditions: { uid: request.metadata.uid } });
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
    return undefined;
  },
});

/** Milliseconds since the epoch. */
function keptUntil({ metadata, status }: CertificateSigningRequest): number {
  const ends = (status.conditions ?? []).flatMap(({ type, lastUpdateTime }) => {
    const isOver = type === 'Denied' || type === 'Failed' || (type === 'Approved' && status.certificate);
    return isOver && lastUpdateTime ? [Date.parse(lastUpdateTime) + DECIDED_MS] : [];
  });
  return Math.min(Date.parse(metadata.creationTimestamp) + WAITING_MS, ...ends);
}
