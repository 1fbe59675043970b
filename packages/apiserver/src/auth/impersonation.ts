import { badRequest } from '@navarch/machinery';
import type { ApiRequest } from '../request.ts';
import type { Access } from './access.ts';
import type { Attributes } from './attributes.ts';
import { constrainedModes, legacy, type Mode, type Wanted } from './impersonation-modes.ts';
import { anonymous, AUTHENTICATED, UNAUTHENTICATED, type User } from './user.ts';

const HEADERS = 'impersonate-';
const EXTRA = `${HEADERS}extra-`;

export interface Impersonated {
  readonly user: User;
  /** The verb by which it is allowed to be that user, where it is allowed for such requests only. */
  readonly constraint?: string;
}

/** Of so many users is remembered how they came to be somebody else; of others it is found out again. */
const REMEMBERED_MAX = 10_000;

/** Lets users be others whom they may be ("User impersonation"), for all requests or for some (KEP-5284). */
export class Impersonator {
  readonly #access: Access;
  readonly #modes: readonly Mode[];
  /** By the name of a user, the mode by which they were somebody else last: it is tried first. */
  readonly #last = new Map<string, Mode>();

  /** `isConstrained`: what the request is about is looked at too, not only who may be whom. */
  constructor(access: Access, isConstrained: boolean) {
    this.#access = access;
    this.#modes = isConstrained ? [...constrainedModes, legacy] : [legacy];
  }

  /** Who the request is made as. What is allowed for this very request comes before what is allowed for all. Throws Forbidden: the first refusal. */
  of(request: ApiRequest, user: User, attributes: Attributes): Impersonated {
    const wanted = wantedOf(request);
    if (!wanted) return { user };
    const last = this.#last.get(user.name);
    const modes = (last ? [last, ...this.#modes.filter((mode) => mode !== last)] : this.#modes).filter((mode) =>
      mode.isFor(wanted, user),
    );
    let refusal: unknown;
    for (const mode of modes) {
      try {
        const become = mode.become({ wanted, user, attributes, access: this.#access });
        this.#remember(user.name, mode);
        return { user: known(become), ...(mode === legacy ? {} : { constraint: `impersonate:${mode.name}` }) };
      } catch (error) {
        refusal ??= error;
      }
    }
    throw refusal;
  }

  #remember(name: string, mode: Mode): void {
    this.#last.delete(name);
    this.#last.set(name, mode);
    const [oldest] = this.#last.size > REMEMBERED_MAX ? this.#last.keys() : [];
    if (oldest !== undefined) this.#last.delete(oldest);
  }
}

/** Everybody is in one of the two groups of all users. */
function known(user: User): User {
  const groups = [...new Set(user.groups)];
  const standing = user.name === anonymous.name ? UNAUTHENTICATED : AUTHENTICATED;
  return groups.includes(UNAUTHENTICATED) || groups.includes(standing)
    ? { ...user, groups }
    : { ...user, groups: [...groups, standing] };
}

/** What the headers ask for; undefined: nothing. Throws BadRequest where they do not say whom. */
function wantedOf(request: ApiRequest): Wanted | undefined {
  if (!request.headerNames().some((header) => header.startsWith(HEADERS))) return undefined;
  const name = request.header('impersonate-user') ?? '';
  const groups = valuesOf(request, 'impersonate-group');
  const uid = request.header('impersonate-uid') ?? '';
  const extra = extraOf(request);
  if (name !== '') return { name, uid, groups, extra };
  if (uid === '' && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  // Taking the request as the user's own would do more than was asked for.
  throw badRequest(`requested ${goUser({ name, uid, groups, extra })} without impersonating a user name`);
}

/** As Go writes the structure down in which upstream has it. */
function goUser({ uid, groups, extra }: Wanted): string {
  const texts = (values: readonly string[]): string =>
    values.length === 0 ? '[]string(nil)' : `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`;
  const keys = Object.keys(extra).sort();
  const pairs = keys.map((key) => `${JSON.stringify(key)}:${texts(extra[key] ?? [])}`).join(', ');
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${texts(groups)}, Extra:map[string][]string${keys.length === 0 ? '(nil)' : `{${pairs}}`}}`;
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
    if (!name.startsWith(EXTRA)) continue;
    extra[unescaped(name.slice(EXTRA.length))] = valuesOf(request, name);
  }
  return extra;
}

/** What cannot be decoded is meant as it is. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
