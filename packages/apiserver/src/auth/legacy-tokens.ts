import { configMap, secret, type Secret, tokenSecret, tokenSecretDate } from '@navarch/api';
import type { Clock, Logger } from '@navarch/base';
import { hasReason } from '@navarch/machinery';
import type { Registry } from '../registry/registry.ts';
import type { TokenClaims, TokenRefusal } from './service-account-tokens.ts';
import { systemUser } from './user.ts';

// Tokens that live in secrets never end by themselves. Which of them are still used is written down (KEP-2799), so that
// those that are not can be taken away: by the legacy-serviceaccount-token-cleaner controller.

const { namespace: NAMESPACE, name: NAME } = tokenSecret.tracking;
const DAY_MS = 24 * 3_600_000;
const INTERVAL_MS = 60_000;
const call = { user: systemUser, isDryRun: false } as const;

/**
 * Writes into the secret of a long-lived token on which day it was used. Why it is refused, when it was marked invalid: that
 * it was tried is written down all the same. `now` in milliseconds.
 */
export async function legacyRefusal(
  token: string,
  { 'kubernetes.io': bound }: TokenClaims,
  registry: Registry,
  now: number,
): Promise<TokenRefusal | undefined> {
  const secrets = registry.of(secret);
  const found = bound.secret && secrets.find(bound.namespace, bound.secret.name);
  if (!found || !carries(found, token)) return undefined;
  const lastUsed = found.metadata.labels?.[tokenSecret.lastUsed];
  // Servers' clocks may be on both sides of midnight.
  if (lastUsed !== tokenSecretDate(now) && lastUsed !== tokenSecretDate(now + DAY_MS)) {
    try {
      await secrets.update(
        bound.namespace,
        found.metadata.name,
        (current) => usedOn(current, tokenSecretDate(now)),
        call,
      );
    } catch (error) {
      registry.deps.log.info('use of a long-lived token not written down', { secret: found.metadata.name, error });
    }
  }
  if (!found.metadata.labels?.[tokenSecret.invalidSince]) return undefined;
  const { namespace, serviceaccount } = bound;
  return {
    refusal: `the token in secret ${namespace}/${found.metadata.name} for service account ${namespace}/${serviceaccount.name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${tokenSecret.invalidSince}' label from the secret to temporarily allow use of this token`,
  };
}

/** Others may be bound to a secret without living there. */
const carries = ({ type, data }: Secret, token: string): boolean =>
  type === tokenSecret.type && data?.['token'] === btoa(token);

const usedOn = (current: Secret, date: string): Secret => ({
  ...current,
  metadata: { ...current.metadata, labels: { ...current.metadata.labels, [tokenSecret.lastUsed]: date } },
});

/** Says since when uses are written down, and puts that back when somebody takes it away, for as long as the signal lasts. */
export async function keepTokensTracked(
  registry: Registry,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await ensureSince(registry, clock.now());
    } catch (error) {
      if (!hasReason(error, 'Conflict')) log.info('start of tracking not written down', { error });
    }
    await clock.sleep(INTERVAL_MS, signal);
  }
}

async function ensureSince(registry: Registry, now: number): Promise<void> {
  const configMaps = registry.of(configMap);
  const found = configMaps.find(NAMESPACE, NAME);
  const data = { since: tokenSecretDate(now) };
  if (!found)
    return void (await configMaps.create(NAMESPACE, { metadata: { namespace: NAMESPACE, name: NAME }, data }, call));
  const since = Date.parse(found.data?.['since'] ?? '');
  // A day to come is as good as none: nothing could ever be taken away.
  if (since <= now + DAY_MS) return;
  await configMaps.update(NAMESPACE, NAME, (current) => ({ ...current, data: { ...current.data, ...data } }), call);
}
