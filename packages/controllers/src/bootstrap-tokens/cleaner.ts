import { secret } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { type Controller, defineController, self } from '../controller.ts';
import { tokenOf } from './token.ts';

/** Deletes bootstrap tokens that have expired. */
export const tokenCleanerController: Controller = defineController({
  name: 'token-cleaner-controller',
  queueName: 'token_cleaner',
  watches: [self(secret, ({ current }) => current !== undefined && tokenOf(current)?.expiresAt !== undefined)],
  workers: 1,
  async reconcile(key, { api, cache, clock }) {
    const found = cache.get(secret, key);
    const expiresAt = found && tokenOf(found)?.expiresAt;
    if (!found || expiresAt === undefined) return undefined;
    const leftMs = expiresAt - clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    try {
      // Of this version only: somebody may be prolonging it.
      const { uid, resourceVersion } = found.metadata;
      await api.of(secret).delete(key, { preconditions: { uid, ...(resourceVersion ? { resourceVersion } : {}) } });
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
    return undefined;
  },
});
