import { badRequest, internalError } from '@navarch/machinery';
import type { ApiRequest } from '../request.ts';
import type { Access } from './access.ts';
import type { Attributes } from './attributes.ts';
import { accountGroups, accountOf, anonymous, AUTHENTICATED, UNAUTHENTICATED, type User } from './user.ts';

const EXTRA = 'impersonate-extra-';

/**
 * Who the request is made as: the user, or whom the user may and wants to be ("User impersonation"). Each part of the
 * identity asked for is a permission of its own. Throws Forbidden.
 */
export function impersonated(request: ApiRequest, user: User, access: Access): User {
  const name = request.header('impersonate-user') ?? '';
  const groups = valuesOf(request, 'impersonate-group');
  const uid = request.header('impersonate-uid') ?? '';
  const extra = extraOf(request);
  if (name === '') {
    const asked = [...groups, uid, ...Object.keys(extra)].filter((text) => text !== '');
    // Taking the request as the user's own would do more than was asked for.
    if (asked.length > 0) throw internalError(new Error(`requested [${asked.join(' ')}] without impersonating a user`));
    return user;
  }
  const account = accountOf(name);
  const may = (part: Partial<Attributes>): void =>
    access.require(user, {
      isResource: true,
      path: '',
      verb: 'impersonate',
      group: '',
      resource: '',
      subresource: '',
      namespace: '',
      name: '',
      ...part,
    });
  if (account) may({ resource: 'serviceaccounts', ...account });
  else may({ resource: 'users', name });
  for (const group of groups) may({ resource: 'groups', name: group });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values)
      may({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: value });
  }
  if (uid !== '') may({ group: 'authentication.k8s.io', resource: 'uids', name: uid });
  const given = groups.length === 0 && account ? accountGroups(account.namespace) : groups;
  return {
    name,
    groups: withStanding(name, given),
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** Everybody is in one of the two groups of all users. */
function withStanding(name: string, groups: readonly string[]): readonly string[] {
  const unique = [...new Set(groups)];
  if (unique.includes(UNAUTHENTICATED)) return unique;
  if (name === anonymous.name) return [...unique, UNAUTHENTICATED];
  return unique.includes(AUTHENTICATED) ? unique : [...unique, AUTHENTICATED];
}

function valuesOf(request: ApiRequest, name: string): readonly string[] {
  return (request.header(name) ?? '')
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

/** `Impersonate-Extra-KEY`, the key percent-encoded where a header may not hold it. */
function extraOf(request: ApiRequest): Readonly<Record<string, readonly string[]>> {
  const extra: Record<string, readonly string[]> = {};
  for (const name of request.headerNames()) {
    if (!name.startsWith(EXTRA) || name === EXTRA) continue;
    extra[unescaped(name.slice(EXTRA.length))] = valuesOf(request, name);
  }
  return extra;
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    throw badRequest(`the header ${EXTRA}${key} is not valid`);
  }
}
