import { namespace, type ServiceAccount, serviceAccount } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { type Controller, defineController, self, type Watch } from '../controller.ts';
import { isNamespaceTerminating } from '../shared/pods.ts';

const NAME = 'default';
/** What is made is looked for after this long: it may have gone before the cache, whose watch lay still, heard of it. */
const SEEN_MS = 30_000;

const lost: Watch<ServiceAccount> = {
  kind: serviceAccount,
  *keys({ current, previous }) {
    if (!current && previous?.metadata.name === NAME) yield previous.metadata.namespace ?? '';
  },
};

/** Every namespace has an account that pods get when they ask for none. */
export const serviceAccountController: Controller = defineController({
  name: 'serviceaccount-controller',
  queueName: 'serviceaccount',
  watches: [self(namespace, ({ current }) => current !== undefined), lost],

  async reconcile(key, { api, cache }) {
    const found = cache.get(namespace, key);
    if (
      !found ||
      found.status.phase !== 'Active' ||
      found.metadata.deletionTimestamp ||
      cache.get(serviceAccount, `${key}/${NAME}`)
    )
      return undefined;
    try {
      await api.of(serviceAccount).create({ metadata: { namespace: key, name: NAME } });
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error;
    }
    return { requeueAfterMs: SEEN_MS };
  },
});
