import type { Secret } from '@navarch/api';

/** A bootstrap token as its Secret in kube-system holds it (bootstrap.kubernetes.io/token). */
export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
  /** Milliseconds since the epoch; undefined: never. */
  readonly expiresAt: number | undefined;
  /** Good for signing kube-public/cluster-info. */
  readonly signs: boolean;
}

export const TOKEN_NAMESPACE = 'kube-system';
const TOKEN_TYPE = 'bootstrap.kubernetes.io/token';
const PREFIX = 'bootstrap-token-';

/** What the Secret says; undefined when it is no token, or not a well-formed one. */
export function tokenOf({ metadata, type, data }: Secret): BootstrapToken | undefined {
  if (metadata.namespace !== TOKEN_NAMESPACE || type !== TOKEN_TYPE) return undefined;
  const field = (name: string): string => decoded(data?.[name]);
  const [id, secret, expiration] = [field('token-id'), field('token-secret'), field('expiration')];
  if (!/^[a-z0-9]{6}$/.test(id) || !/^[a-z0-9]{16}$/.test(secret) || metadata.name !== `${PREFIX}${id}`)
    return undefined;
  return {
    id,
    secret,
    expiresAt: expiration === '' ? undefined : endOf(expiration),
    signs: field('usage-bootstrap-signing') === 'true',
  };
}

/** A time that cannot be read has passed: a token must not live on because of a mistake. */
function endOf(expiration: string): number {
  const at = Date.parse(expiration);
  return Number.isNaN(at) ? 0 : at;
}

function decoded(value: string | undefined): string {
  try {
    return atob(value ?? '');
  } catch {
    return '';
  }
}
