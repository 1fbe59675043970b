import { type Clock, exponential, type Metrics } from '@navarch/base';
import type { Decision } from '../auth/authorizer.ts';
import type { User } from '../auth/user.ts';
import type { ClientCertificate } from '../request.ts';

const SECONDS = exponential(0.001, 2, 15);
/** Lifetimes left, from none to a year (s). */
const LIFETIMES = [
  0, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 2_592_000, 7_776_000, 15_552_000, 31_104_000,
];
/** Users who are told apart; all others are one, lest names become labels. */
const NAMED: ReadonlySet<string> = new Set([
  'admin',
  'client',
  'kube_proxy',
  'kubelet',
  'system:serviceaccount:kube-system:default',
]);
const VERDICTS = { allow: 'allowed', deny: 'denied', none: 'no-opinion' } as const;

/** What is counted on the way in: who asks, and whether they may. Under upstream's names. */
export interface AccessMeasures {
  /** Monotonic, ms. */
  now(): number;
  /** It is known who asks. `began`: monotonic, ms. */
  authenticated(user: User, certificate: ClientCertificate | undefined, began: number): void;
  /** It is not known who asks, though they say. */
  unauthenticated(began: number): void;
  decided(verdict: Decision['verdict'], began: number): void;
}

export function accessMeasures(metrics: Metrics, clock: Clock): AccessMeasures {
  const attempts = metrics.counter('authentication_attempts', '[ALPHA] Counter of authenticated attempts.');
  const lasted = metrics.histogram(
    'authentication_duration_seconds',
    '[ALPHA] Authentication duration in seconds broken out by result.',
    SECONDS,
  );
  const users = metrics.counter(
    'authenticated_user_requests',
    '[ALPHA] Counter of authenticated requests broken out by username.',
  );
  const lifetime = metrics
    .histogram(
      'apiserver_client_certificate_expiration_seconds',
      '[ALPHA] Distribution of the remaining lifetime on the certificate used to authenticate a request.',
      LIFETIMES,
    )
    .of({});
  const decisions = metrics.counter(
    'authorization_attempts_total',
    "[ALPHA] Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
  );
  const judged = metrics.histogram(
    'authorization_duration_seconds',
    '[ALPHA] Authorization duration in seconds broken out by result.',
    SECONDS,
  );
  const result = (name: string) => ({ attempts: attempts.of({ result: name }), lasted: lasted.of({ result: name }) });
  const [success, error] = [result('success'), result('error')];
  const byVerdict = Object.fromEntries(
    Object.entries(VERDICTS).map(([verdict, name]) => [
      verdict,
      { count: decisions.of({ result: name }), lasted: judged.of({ result: name }) },
    ]),
  );
  const others = users.of({ username: 'other' });
  const since = (began: number): number => (clock.monotonic() - began) / 1000;
  return {
    now: () => clock.monotonic(),
    authenticated({ name }, certificate, began) {
      success.attempts.add();
      success.lasted.observe(since(began));
      const username = NAMED.has(name) ? name : name.includes('@') ? 'email_id' : undefined;
      if (username === undefined) others.add();
      else users.add(1, { username });
      if (certificate?.validUntil !== undefined && certificate.commonName === name)
        lifetime.observe((certificate.validUntil - clock.now()) / 1000);
    },
    unauthenticated(began) {
      error.attempts.add();
      error.lasted.observe(since(began));
    },
    decided(verdict, began) {
      const of = byVerdict[verdict];
      of?.count.add();
      of?.lasted.observe(since(began));
    },
  };
}
