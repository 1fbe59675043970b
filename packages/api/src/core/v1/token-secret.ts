// What those who make, use, keep and take away the tokens that live in secrets write on them (KEP-2799 for the labels).

/** Under which names a secret says that it holds a token, whose, and how it fares. */
export const tokenSecret = Object.freeze({
  type: 'kubernetes.io/service-account-token',
  /** Annotations: the account that the token is of. */
  accountName: 'kubernetes.io/service-account.name',
  accountUid: 'kubernetes.io/service-account.uid',
  /** Labels whose values are dates, as tokenSecretDate() writes them. */
  lastUsed: 'kubernetes.io/legacy-token-last-used',
  invalidSince: 'kubernetes.io/legacy-token-invalid-since',
  /** The ConfigMap whose `since` is the date from which on uses are written down. */
  tracking: Object.freeze({ namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' }),
});

/** The date (UTC) of a time in milliseconds since the epoch. */
export const tokenSecretDate = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
