import type { ServeOptions } from '@navarch/apiserver';
import { parseDuration } from '@navarch/machinery';
import { UserError } from '../user-error.ts';
import type { Flags } from './flags.ts';

type Tuning = NonNullable<ServeOptions['tuning']>;

const HOUR_MS = 3_600_000;
const TOKEN_SECONDS_MAX = 2 ** 32;
/** Of a flag of the pair, where only the other one is given. */
const DEFAULTS = { reads: 400, writes: 200, tolerated: 300 };

/** What the flags set of how the server works. Throws UserError, in upstream's words, for what cannot be. */
export function tuningOf(flags: Flags): Tuning {
  const text = (name: string): string | undefined => flags.get(name)?.[0] || undefined;
  const number = (name: string): number | undefined => {
    const value = text(name);
    if (value !== undefined && Number(value) < 0) throw new UserError(`--${name} can not be negative value`);
    return value === undefined ? undefined : Number(value);
  };
  const ms = (name: string): number | undefined => {
    const value = text(name);
    if (value?.startsWith('-')) throw new UserError(`--${name} can not be negative value`);
    return value === undefined ? undefined : parseDuration(value);
  };
  ms('storage-initialization-timeout');
  const [reads, writes] = [number('max-requests-inflight'), number('max-mutating-requests-inflight')];
  const seats = (reads ?? DEFAULTS.reads) + (writes ?? DEFAULTS.writes);
  if (seats === 0)
    throw new UserError(
      '--max-requests-inflight and --max-mutating-requests-inflight must add up to more than 0 with --enable-priority-and-fairness',
    );
  const [eventTtlMs, requestMsMax, watchSeconds] = [
    ms('event-ttl'),
    ms('request-timeout'),
    number('min-request-timeout'),
  ];
  const [externalHost, keysUri] = [text('external-hostname'), text('service-account-jwks-uri')];
  if (keysUri !== undefined && URL.parse(keysUri)?.protocol !== 'https:')
    throw new UserError(`issuer-jwks-uri must be an https URL: ${JSON.stringify(keysUri)}`);
  const notReady = number('default-not-ready-toleration-seconds');
  const unreachable = number('default-unreachable-toleration-seconds');
  const transportSecurity = flags.get('strict-transport-security-directives');
  return {
    seats,
    extendsTokens: text('service-account-extend-token-expiration') !== 'false',
    toleratedSeconds: { notReady: notReady ?? DEFAULTS.tolerated, unreachable: unreachable ?? DEFAULTS.tolerated },
    ...tokenLife(ms('service-account-max-token-expiration')),
    ...(eventTtlMs ? { eventTtlMs } : {}),
    ...(requestMsMax ? { requestMsMax } : {}),
    ...(watchSeconds ? { watchMsMin: watchSeconds * 1000 } : {}),
    ...(externalHost === undefined ? {} : { externalHost }),
    ...(keysUri === undefined ? {} : { keysUri }),
    ...(transportSecurity ? { transportSecurity } : {}),
  };
}

function tokenLife(ms: number | undefined): Pick<Tuning, 'tokenSecondsMax'> {
  if (!ms) return {};
  const seconds = Math.floor(ms / 1000);
  if (ms < HOUR_MS || seconds > TOKEN_SECONDS_MAX)
    throw new UserError('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds');
  return { tokenSecondsMax: seconds };
}
