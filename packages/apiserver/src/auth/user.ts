/** Who asks, as authentication found out (authentication.k8s.io/v1 UserInfo). */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Under this name a user's extra says by what it proved who it is. */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';
export const AUTHENTICATED = 'system:authenticated';
export const UNAUTHENTICATED = 'system:unauthenticated';
export const MASTERS = 'system:masters';
export const NODES = 'system:nodes';
const NODE_USER = 'system:node:';
const ACCOUNT_USER = /^system:serviceaccount:([^:]+):([^:]+)$/;

export const anonymous: User = { name: 'system:anonymous', groups: [UNAUTHENTICATED] };

/** The server's own hand: starts the cluster up, repairs what it needs. */
export const systemUser: User = { name: 'system:apiserver', groups: [MASTERS, AUTHENTICATED] };

export const accountGroups = (namespace: string): readonly string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
];

export const serviceAccountUser = (namespace: string, name: string, uid: string): User => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  uid,
  groups: [...accountGroups(namespace), AUTHENTICATED],
});

/** The service account a user name stands for. */
export function accountOf(userName: string): { readonly namespace: string; readonly name: string } | undefined {
  const [, namespace, name] = ACCOUNT_USER.exec(userName) ?? [];
  return namespace !== undefined && name !== undefined ? { namespace, name } : undefined;
}

/** The node a user is, `''` for a node that does not say which; undefined for everybody else. */
export function nodeNameOf(user: User): string | undefined {
  return user.name.startsWith(NODE_USER) && user.groups.includes(NODES) ? user.name.slice(NODE_USER.length) : undefined;
}

/** Everybody whom authentication knows is in the group of all whom it knows. */
export const authenticated = (user: User): User =>
  user.groups.includes(AUTHENTICATED) || user.groups.includes(UNAUTHENTICATED)
    ? user
    : { ...user, groups: [...user.groups, AUTHENTICATED] };
