/** What upstream's flags of the same names set. Absent: upstream's default. */
export interface Tuning {
  /** How long an event is kept after it was last seen (--event-ttl). */
  readonly eventTtlMs?: number;
  /** Requests worked on at once, over all levels (--max-requests-inflight and --max-mutating-requests-inflight together). */
  readonly seats?: number;
  /** Longest life of a token that is asked for (--service-account-max-token-expiration). */
  readonly tokenSecondsMax?: number;
  /** False: tokens for pods live no longer than was asked (--service-account-extend-token-expiration). */
  readonly extendsTokens?: boolean;
  /** Name by which the server is told to be reached (--external-hostname). Absent: the advertised address. */
  readonly externalHost?: string;
  /** Where others find the keys of tokens (--service-account-jwks-uri). */
  readonly keysUri?: string;
  /** Of the header that browsers keep (--strict-transport-security-directives). */
  readonly transportSecurity?: readonly string[];
  /** How long pods outlive the absence of their node (--default-not-ready-toleration-seconds and its sibling). */
  readonly toleratedSeconds?: ToleratedSeconds;
  /** How long a request is worked on at most (--request-timeout). */
  readonly requestMsMax?: number;
  /** Shortest time that a watch lasts whose client does not say (--min-request-timeout). */
  readonly watchMsMin?: number;
}

export interface ToleratedSeconds {
  readonly notReady: number;
  readonly unreachable: number;
}
