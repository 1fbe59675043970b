/** Who asks, as authentication found out (authentication.k8s.io/v1 UserInfo). */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const AUTHENTICATED = 'system:authenticated';
export const MASTERS = 'system:masters';
export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** The server's own hand: starts the cluster up, repairs what it needs. */
export const systemUser: User = { name: 'system:apiserver', groups: [MASTERS, AUTHENTICATED] };

export const serviceAccountUser = (namespace: string, name: string, uid: string): User => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  uid,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, AUTHENTICATED],
});
