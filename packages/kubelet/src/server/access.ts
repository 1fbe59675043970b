import { subjectAccessReview, tokenReview } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { Api } from '@navarch/client';
import { HttpRefusal } from './refusal.ts';

/** Who asks the kubelet. */
export interface Caller {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a caller showed: the subject of a certificate that is good, a bearer token, or neither. */
export interface Credentials {
  readonly certificate?: { readonly commonName: string; readonly organizations: readonly string[] };
  readonly token?: string;
}

export interface AccessDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly nodeName: string;
  /** Upstream's usual policy when left out. */
  readonly policy?: AccessPolicy;
}

/** KubeletConfiguration's authentication and authorization. */
export interface AccessPolicy {
  /** Who shows nothing is system:anonymous, who may have rights too. */
  readonly hasAnonymous: boolean;
  readonly hasTokens: boolean;
  /** Nobody is asked who may do what. */
  readonly allowsAll: boolean;
  readonly tokenMs: number;
  readonly allowedMs: number;
  readonly deniedMs: number;
}

const ORDINARY_POLICY: AccessPolicy = {
  hasAnonymous: false,
  hasTokens: true,
  allowsAll: false,
  tokenMs: 2 * 60_000,
  allowedMs: 5 * 60_000,
  deniedMs: 30_000,
};
const ANONYMOUS: Caller = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
/** Answers kept; the oldest go. */
const ANSWERS_MAX = 4096;

/** Paths that have a right of their own; everything else is `nodes/proxy`. The finer ones came later: either right will do (KEP-2862). */
const ownRights: readonly (readonly [path: string, subresources: readonly string[]])[] = [
  ['/stats', ['stats']],
  ['/metrics', ['metrics']],
  ['/logs', ['log']],
  ['/checkpoint', ['checkpoint']],
  ['/statusz', ['statusz']],
  ['/flagz', ['flagz']],
  ['/pods', ['pods', 'proxy']],
  ['/runningpods', ['pods', 'proxy']],
  ['/healthz', ['healthz', 'proxy']],
  ['/configz', ['configz', 'proxy']],
];

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What a request to a kubelet is in the terms of authorization: a verb on a subresource of its node; any of them will do. */
export function nodeRights(
  method: string,
  path: string,
): { readonly verb: string; readonly subresources: readonly string[] } {
  const own = ownRights.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
  return { verb: VERBS[method] ?? '', subresources: own?.[1] ?? ['proxy'] };
}

/** Who may ask the kubelet for what: the API server knows (webhook authentication and authorization, as upstream). */
export class Access {
  readonly #deps: AccessDeps;
  readonly #policy: AccessPolicy;
  readonly #callers: Kept<Caller | undefined>;
  readonly #rights: Kept<boolean>;

  constructor(deps: AccessDeps) {
    this.#deps = deps;
    this.#policy = deps.policy ?? ORDINARY_POLICY;
    this.#callers = new Kept(deps.clock);
    this.#rights = new Kept(deps.clock);
  }

  /** Throws HttpRefusal: 401 for nobody, 403 for somebody who may not. */
  async admit(credentials: Credentials, method: string, path: string): Promise<Caller> {
    const caller = await this.#caller(credentials);
    if (!caller) throw new HttpRefusal(401, 'Unauthorized');
    if (this.#policy.allowsAll) return caller;
    const { verb, subresources } = nodeRights(method, path);
    for (const subresource of subresources) if (await this.#may(caller, verb, subresource)) return caller;
    throw new HttpRefusal(
      403,
      `Forbidden (user=${caller.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`,
    );
  }

  async #caller({ certificate, token }: Credentials): Promise<Caller | undefined> {
    if (certificate)
      return { name: certificate.commonName, groups: [...certificate.organizations, 'system:authenticated'] };
    if (token === undefined || !this.#policy.hasTokens) return this.#policy.hasAnonymous ? ANONYMOUS : undefined;
    return this.#callers.get(token, async () => {
      const { status } = await this.#deps.api.of(tokenReview).create({ spec: { token } });
      const { user } = status;
      const found =
        status.authenticated && user.username
          ? {
              name: user.username,
              groups: user.groups ?? [],
              ...(user.uid ? { uid: user.uid } : {}),
              ...(user.extra ? { extra: user.extra } : {}),
            }
          : undefined;
      return { value: found, keepMs: this.#policy.tokenMs };
    });
  }

  #may(caller: Caller, verb: string, subresource: string): Promise<boolean> {
    return this.#rights.get(JSON.stringify([caller, verb, subresource]), async () => {
      const { name, uid, groups, extra } = caller;
      const resourceAttributes = { verb, version: 'v1', resource: 'nodes', subresource, name: this.#deps.nodeName };
      const spec = { resourceAttributes, user: name, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
      const { status } = await this.#deps.api.of(subjectAccessReview).create({ spec });
      return { value: status.allowed, keepMs: status.allowed ? this.#policy.allowedMs : this.#policy.deniedMs };
    });
  }
}

interface Entry<T> {
  readonly value: Promise<{ readonly value: T; readonly keepMs: number }>;
  /** Monotonic milliseconds; undefined while the answer is under way. */
  goodUntil: number | undefined;
}

/** Answers that cost a request, each for a while. Those who ask at the same time share one. */
class Kept<T> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async get(key: string, ask: () => Promise<{ readonly value: T; readonly keepMs: number }>): Promise<T> {
    const known = this.#entries.get(key);
    if (known && (known.goodUntil === undefined || known.goodUntil > this.#clock.monotonic()))
      return (await known.value).value;
    const entry: Entry<T> = { value: ask(), goodUntil: undefined };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= ANSWERS_MAX) break;
      this.#entries.delete(oldest);
    }
    try {
      const { value, keepMs } = await entry.value;
      entry.goodUntil = this.#clock.monotonic() + keepMs;
      return value;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key); // A failure is nobody's answer: the next one asks again.
      throw error;
    }
  }
}
