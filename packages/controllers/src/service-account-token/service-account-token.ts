import { type Secret, secret, type ServiceAccount, serviceAccount, tokenSecret } from '@navarch/api';
import { defineIndex } from '@navarch/client';
import { hasReason, type Key, keyIn, keyOf } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Watch } from '../controller.ts';
import { remove } from '../shared/remove.ts';

/** The account that a secret for tokens is for; undefined: it is for something else. */
const accountKey = ({ type, metadata }: Secret): Key | undefined => {
  const name = metadata.annotations?.[tokenSecret.accountName];
  return type === tokenSecret.type && name ? keyIn(metadata.namespace, name) : undefined;
};

const byAccount = defineIndex<Secret>((found) => {
  const key = accountKey(found);
  return key === undefined ? [] : [key];
});
const accountsByToken = defineIndex<ServiceAccount>(({ metadata, secrets = [] }) =>
  secrets.flatMap(({ name }) => (name ? [keyIn(metadata.namespace, name)] : [])),
);

const accounts: Watch<ServiceAccount> = {
  kind: serviceAccount,
  *keys({ current, previous }, cache) {
    if (current?.metadata.uid === previous?.metadata.uid) return;
    const key = keyOf((current ?? previous) as ServiceAccount);
    for (const token of cache.find(secret, byAccount, key)) yield keyOf(token);
  },
};

const tokens: Watch<Secret> = {
  kind: secret,
  *keys({ current, previous }) {
    const found = (current ?? previous) as Secret;
    if (accountKey(found) !== undefined) yield keyOf(found);
  },
};

/**
 * Deletes the tokens of accounts that are gone, and takes tokens that are gone from what accounts name. That a secret for
 * a token has one is the API server's part.
 */
export const serviceAccountTokenController: Controller = defineController({
  name: 'serviceaccount-token-controller',
  queueName: 'serviceaccount_tokens_secret',
  watches: [tokens, accounts],

  async reconcile(key, context) {
    const { cache } = context;
    const found = cache.get(secret, key);
    if (!found) {
      for (const account of cache.find(serviceAccount, accountsByToken, key)) await forget(account, key, context);
      return undefined;
    }
    const account = accountKey(found);
    if (account === undefined || found.metadata.deletionTimestamp) return undefined;
    if (await isThere(account, found.metadata.annotations?.[tokenSecret.accountUid], context)) return undefined;
    await remove(secret, found, context);
    return undefined;
  },
});

/** Asks the server where the cache knows no such account: it may be behind. */
async function isThere(key: Key, uid: string | undefined, { api, cache }: Context): Promise<boolean> {
  const isIt = ({ metadata }: ServiceAccount): boolean => !uid || metadata.uid === uid;
  const known = cache.get(serviceAccount, key);
  if (known && isIt(known)) return true;
  try {
    return isIt(await api.of(serviceAccount).get(key));
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

async function forget(account: ServiceAccount, token: Key, { api }: Context): Promise<void> {
  try {
    // Somebody may have made it anew meanwhile.
    await api.of(secret).get(token);
    return;
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
  try {
    await api.of(serviceAccount).update(keyOf(account), (current) => {
      const secrets = (current.secrets ?? []).filter(
        ({ name }) => keyIn(current.metadata.namespace, name ?? '') !== token,
      );
      return secrets.length === (current.secrets ?? []).length ? current : { ...current, secrets };
    });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
