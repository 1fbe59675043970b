import { certificateSigningRequest, type CertificateSigningRequest, podCertificateRequest } from '@navarch/api';
import type { ApiObject, Kind } from '@navarch/machinery';
import { type Controller, defineController, self } from '../controller.ts';
import { remove } from '../shared/remove.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How long a request is kept after it was decided, for people to look at; and how long it may wait for that. */
const DECIDED_MS = HOUR_MS;
const WAITING_MS = 24 * HOUR_MS;
/** A node asks anew for a pod's certificate long before this. */
const POD_REQUEST_MS = 15 * MINUTE_MS;

/** Takes certificate requests away that nobody needs any more (upstream's csrcleaner). */
export const requestCleaningController: Controller = cleaner(
  'certificatesigningrequest-cleaner-controller',
  certificateSigningRequest,
  keptUntil,
);

/** The same for those of pods, whatever came of them (KEP-4317). */
export const podRequestCleaningController: Controller = cleaner(
  'podcertificaterequest-cleaner-controller',
  podCertificateRequest,
  ({ metadata }) => Date.parse(metadata.creationTimestamp) + POD_REQUEST_MS,
);

/** `keptUntilMs` says it in milliseconds since the epoch. */
function cleaner<O extends ApiObject>(name: string, kind: Kind<O>, keptUntilMs: (request: O) => number): Controller {
  return defineController({
    name,
    watches: [self(kind, ({ current }) => current !== undefined)],
    async reconcile(key, context) {
      const request = context.cache.get(kind, key);
      if (!request || request.metadata.deletionTimestamp) return undefined;
      const leftMs = keptUntilMs(request) - context.clock.now();
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      await remove(kind, request, context);
      return undefined;
    },
  });
}

function keptUntil({ metadata, status }: CertificateSigningRequest): number {
  const ends = (status.conditions ?? []).flatMap(({ type, lastUpdateTime }) => {
    const isOver = type === 'Denied' || type === 'Failed' || (type === 'Approved' && status.certificate);
    return isOver && lastUpdateTime ? [Date.parse(lastUpdateTime) + DECIDED_MS] : [];
  });
  return Math.min(Date.parse(metadata.creationTimestamp) + WAITING_MS, ...ends);
}
