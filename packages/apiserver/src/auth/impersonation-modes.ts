import { dnsSubdomainErrors, failure } from '@navarch/machinery';
import type { Access } from './access.ts';
import { type Attributes, forbiddenMessage } from './attributes.ts';
import { accountGroups, accountOf, MASTERS, NODES, type User } from './user.ts';

/** Whom a request wants to be made as. */
export interface Wanted extends Required<User> {}

interface Asked {
  readonly wanted: Wanted;
  readonly user: User;
  readonly attributes: Attributes;
  readonly access: Access;
}

/** A way to be somebody else, with permissions of its own. */
export interface Mode {
  /** As its verbs name it: `impersonate:NAME` whom, `impersonate-on:NAME:VERB` for what. */
  readonly name: string;
  isFor(wanted: Wanted, user: User): boolean;
  /** Who the user is then. Throws Forbidden. */
  become(asked: Asked): User;
}

/** One that is a permission for some requests and not for others. */
function constrained(
  name: string,
  isFor: Mode['isFor'],
  become: Mode['become'],
  shown = (user: User): User => user,
): Mode {
  return {
    name,
    isFor,
    become(asked) {
      const user = shown(asked.user);
      asked.access.require(user, { ...asked.attributes, verb: `impersonate-on:${name}:${asked.attributes.verb}` });
      return become({ ...asked, user });
    },
  };
}

const AUTHENTICATION = 'authentication.k8s.io';
const NODE_USER = 'system:node:';
/** What a service account's token says of the node that its pod runs on. */
const NODE_NAME = 'authentication.kubernetes.io/node-name';
const ASSOCIATED_KEYS = 'authentication.kubernetes.io/associated-node-keys';
/** From so many on, a permission for all of a sort is looked for first. */
const MANY = 4;

const nodeOf = ({ name }: Pick<User, 'name'>): string | undefined => {
  const node = name.startsWith(NODE_USER) ? name.slice(NODE_USER.length) : undefined;
  return node !== undefined && dnsSubdomainErrors(node).length === 0 ? node : undefined;
};
const isOnlyNamed = ({ uid, groups, extra }: Wanted): boolean =>
  uid === '' && groups.length === 0 && Object.keys(extra).length === 0;

const about = (part: Partial<Attributes> & Pick<Attributes, 'verb'>): Attributes => ({
  isResource: true,
  path: '',
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  ...part,
});

/** Authorizers are told which things are known of the account, not what: one permission holds on every node. */
const withKeysAlone = (user: User): User => ({
  ...user,
  extra: { [ASSOCIATED_KEYS]: Object.keys(user.extra ?? {}).sort() },
});

function isOwnNode(wanted: Wanted, user: User): boolean {
  const node = nodeOf(wanted);
  const [own, ...others] = user.extra?.[NODE_NAME] ?? [];
  return (
    isOnlyNamed(wanted) &&
    node !== undefined &&
    accountOf(user.name) !== undefined &&
    own === node &&
    others.length === 0
  );
}

/** The node that the service account's own pod runs on, whichever that is. */
const associatedNode = constrained(
  'associated-node',
  isOwnNode,
  ({ wanted, user, access }) => {
    access.require(
      user,
      about({ verb: 'impersonate:associated-node', group: AUTHENTICATION, resource: 'nodes', name: '*' }),
    );
    return { name: wanted.name, groups: [NODES] };
  },
  withKeysAlone,
);

const arbitraryNode = constrained(
  'arbitrary-node',
  (wanted) => isOnlyNamed(wanted) && nodeOf(wanted) !== undefined,
  ({ wanted, user, access }) => {
    access.require(
      user,
      about({
        verb: 'impersonate:arbitrary-node',
        group: AUTHENTICATION,
        resource: 'nodes',
        name: nodeOf(wanted) ?? '',
      }),
    );
    return { name: wanted.name, groups: [NODES] };
  },
);

const serviceAccount = constrained(
  'serviceaccount',
  (wanted) => isOnlyNamed(wanted) && accountOf(wanted.name) !== undefined,
  ({ wanted, user, access }) => {
    const account = accountOf(wanted.name) ?? { namespace: '', name: '' };
    access.require(
      user,
      about({ verb: 'impersonate:serviceaccount', group: AUTHENTICATION, resource: 'serviceaccounts', ...account }),
    );
    return { name: wanted.name, groups: accountGroups(account.namespace) };
  },
);

const userInfo = constrained(
  'user-info',
  (wanted) => nodeOf(wanted) === undefined && accountOf(wanted.name) === undefined,
  ({ wanted, user, access }) => {
    const { name, uid, groups, extra } = wanted;
    const ask = (part: Partial<Attributes>): Attributes =>
      about({ verb: 'impersonate:user-info', group: AUTHENTICATION, ...part });
    const refuse = (part: Partial<Attributes>, reason: string): never => {
      const asked = ask(part);
      throw failure('Forbidden', forbiddenMessage(user, asked, reason), {
        ...(asked.name ? { name: asked.name } : {}),
        group: asked.group,
        kind: asked.resource,
      });
    };
    access.require(user, ask({ resource: 'users', name }));
    if (uid !== '') access.require(user, ask({ resource: 'uids', name: uid }));
    if (groups.includes(MASTERS))
      refuse({ resource: 'groups', name: MASTERS }, 'impersonating the system:masters group is not allowed');
    if (groups.length < MANY || !access.isAllowed(user, ask({ resource: 'groups', name: '*' })))
      for (const group of groups) access.require(user, ask({ resource: 'groups', name: group }));
    const complaint = complaintOf(extra);
    if (complaint !== undefined) refuse({ resource: 'userextras' }, complaint);
    const pairs = Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({ resource: 'userextras', subresource: key, name: value })),
    );
    if (pairs.length < MANY || !access.isAllowed(user, ask({ resource: 'userextras', subresource: '*', name: '*' })))
      for (const pair of pairs) access.require(user, ask(pair));
    return shaped(wanted, groups);
  },
);

/** Before KEP-5284: whoever may be somebody else may be so for every request. Each part of the identity is a permission of its own. */
export const legacy: Mode = {
  name: 'legacy',
  isFor: () => true,
  become({ wanted, user, access }) {
    const may = (part: Partial<Attributes>): void => access.require(user, about({ verb: 'impersonate', ...part }));
    const account = accountOf(wanted.name);
    if (account) may({ resource: 'serviceaccounts', ...account });
    else may({ resource: 'users', name: wanted.name });
    if (wanted.uid !== '') may({ group: AUTHENTICATION, resource: 'uids', name: wanted.uid });
    for (const group of wanted.groups) may({ resource: 'groups', name: group });
    for (const [key, values] of Object.entries(wanted.extra)) {
      for (const value of values) may({ group: AUTHENTICATION, resource: 'userextras', subresource: key, name: value });
    }
    return shaped(wanted, wanted.groups.length === 0 && account ? accountGroups(account.namespace) : wanted.groups);
  },
};

/** In the order in which they are tried. */
export const constrainedModes: readonly Mode[] = [associatedNode, arbitraryNode, serviceAccount, userInfo];

const shaped = ({ name, uid, extra }: Wanted, groups: readonly string[]): User => ({
  name,
  groups,
  ...(uid === '' ? {} : { uid }),
  ...(Object.keys(extra).length === 0 ? {} : { extra }),
});

const PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/** What is wrong with an extra; undefined: nothing. */
function complaintOf(extra: Wanted['extra']): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    const slash = key.indexOf('/');
    if (slash <= 0 || slash === key.length - 1)
      return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${JSON.stringify(key)}: must be a domain-prefixed path (such as "acme.io/foo")`;
    const [host, path] = [key.slice(0, slash), key.slice(slash + 1)];
    const [error] = dnsSubdomainErrors(host);
    if (error !== undefined)
      return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${JSON.stringify(host)}: ${error}`;
    if (!PATH.test(path))
      return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${JSON.stringify(path)}: Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`;
    if (key !== key.toLowerCase())
      return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`;
    if (values.length === 0) return 'impersonating empty values in extra is not allowed';
  }
  return undefined;
}
