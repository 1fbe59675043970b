import {
  configMap,
  pod,
  referencesOf,
  secret,
  type Secret,
  serviceAccount,
  tokenSecret,
  tokenSecretDate,
} from '@navarch/api';
import { hasReason, keyIn, keyOf } from '@navarch/machinery';
import { type Context, type Controller, defineController } from '../controller.ts';

const DAY_MS = 24 * 3_600_000;
/** Upstream's --legacy-service-account-token-clean-up-period. */
const PERIOD_MS = 365 * DAY_MS;
const ALL = 'tokens';

/**
 * Takes away tokens in secrets that were made for an account without anybody asking (KEP-2799) and that nobody has used
 * for a year: it marks them invalid, and a year later, when nobody has missed them, deletes them. Looks once a day.
 */
export const legacyTokenCleanerController: Controller = defineController({
  name: 'legacy-serviceaccount-token-cleaner-controller',
  watches: [],
  reads: [secret, serviceAccount, pod],
  initialKeys: [ALL],
  workers: 1,

  async reconcile(_, context) {
    const now = context.clock.now();
    const since = await trackedSince(context);
    if (since !== undefined && now >= since + PERIOD_MS)
      for (const found of context.cache.list(secret))
        if (isIdle(found, now, context)) await takeAway(found, now, context);
    return { requeueAfterMs: DAY_MS };
  },
});

/** Milliseconds of a date as labels carry it; undefined for what is none. */
function timeOf(date: string | undefined): number | undefined {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(date ?? '') ? Date.parse(date ?? '') : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** From when on every use is known: the day after the one that is written down. */
async function trackedSince({ api, log }: Context): Promise<number | undefined> {
  try {
    const { data } = await api.of(configMap).get(keyIn(tokenSecret.tracking.namespace, tokenSecret.tracking.name));
    const since = timeOf(data?.['since']);
    if (since === undefined) log.info('no date from which on uses of tokens are known', { since: data?.['since'] });
    return since === undefined ? undefined : since + DAY_MS;
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    return undefined;
  }
}

function isIdle(found: Secret, now: number, { cache }: Context): boolean {
  const { metadata, type } = found;
  if (type !== tokenSecret.type || metadata.deletionTimestamp) return false;
  if (Date.parse(metadata.creationTimestamp ?? '') >= now - PERIOD_MS) return false;
  const lastUsed = metadata.labels?.[tokenSecret.lastUsed];
  // What cannot be read may mean that it was used.
  if (lastUsed !== undefined && (timeOf(lastUsed) === undefined || lastUsed >= tokenSecretDate(now - PERIOD_MS)))
    return false;
  const uid = metadata.annotations?.[tokenSecret.accountUid];
  const account = cache.get(
    serviceAccount,
    `${metadata.namespace}/${metadata.annotations?.[tokenSecret.accountName] ?? ''}`,
  );
  // Only those that upstream once made by itself are named there; what people make is theirs.
  if (!account?.secrets?.some(({ name }) => name === metadata.name)) return false;
  if (uid && uid !== account.metadata.uid) return false;
  return ![...cache.list(pod, metadata.namespace)].some((p) => referencesOf(p).secrets.has(metadata.name));
}

async function takeAway(found: Secret, now: number, { api }: Context): Promise<void> {
  const { uid, resourceVersion, labels } = found.metadata;
  const since = labels?.[tokenSecret.invalidSince];
  try {
    if (timeOf(since) === undefined) {
      const body = { metadata: { uid, labels: { [tokenSecret.invalidSince]: tokenSecretDate(now) } } };
      await api.of(secret).patch(keyOf(found), { type: 'merge', body });
    } else if ((since ?? '') < tokenSecretDate(now - PERIOD_MS)) {
      // Of this version only: somebody may just have used it.
      await api
        .of(secret)
        .delete(keyOf(found), { preconditions: { uid, ...(resourceVersion ? { resourceVersion } : {}) } });
    }
  } catch (error) {
    if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
  }
}
