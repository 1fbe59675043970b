import { type Pod, serviceAccount } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { Api } from '@navarch/client';
import { hasReason } from '@navarch/machinery';

export interface AccountTokensDeps {
  readonly api: Api;
  readonly clock: Clock;
}

interface Held {
  readonly token: string;
  readonly expiresAt: number;
  readonly renewAt: number;
}

interface TokenAnswer {
  readonly spec?: { readonly expirationSeconds?: number };
  readonly status: { readonly token: string; readonly expirationTimestamp?: string };
}

const LIFE_MS_MAX = 24 * 3_600_000;

/**
 * Tokens of the accounts that pods run as, bound to their pod. A token is asked anew when four fifths of its life are
 * over, or after a day (KEP-1205); while that fails, the old one serves until it expires.
 */
export class AccountTokens {
  readonly #deps: AccountTokensDeps;
  /** By pod, then by audience and life asked for. Forgotten with the pod. */
  readonly #held = new Map<string, Map<string, Held>>();

  constructor(deps: AccountTokensDeps) {
    this.#deps = deps;
  }

  async get(pod: Pod, audience: string, expirationSeconds: number): Promise<string> {
    return (await this.issued(pod, audience, expirationSeconds)).token;
  }

  /** The token, and until when it is good. */
  async issued(pod: Pod, audience: string, expirationSeconds: number): Promise<Held> {
    const { clock } = this.#deps;
    const key = `${expirationSeconds} ${audience}`;
    const known = this.#held.get(pod.metadata.uid)?.get(key);
    if (known && known.renewAt > clock.now()) return known;
    try {
      const fresh = await this.#request(pod, audience, expirationSeconds);
      const ofPod = this.#held.get(pod.metadata.uid) ?? new Map<string, Held>();
      this.#held.set(pod.metadata.uid, ofPod.set(key, fresh));
      return fresh;
    } catch (error) {
      if (known && known.expiresAt > clock.now()) return known;
      if (hasReason(error, 'NotFound'))
        throw new Error(`failed to fetch token: ${(error as Error).message}`, { cause: error });
      throw error;
    }
  }

  forget(podUid: string): void {
    this.#held.delete(podUid);
  }

  async #request({ metadata, spec }: Pod, audience: string, expirationSeconds: number): Promise<Held> {
    const { api, clock } = this.#deps;
    const askedAt = clock.now();
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: audience ? [audience] : [],
        expirationSeconds,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: metadata.name, uid: metadata.uid },
      },
    };
    const answer = (await api
      .of(serviceAccount)
      .post(`${metadata.namespace}/${spec.serviceAccountName || 'default'}`, 'token', body)) as TokenAnswer;
    // The server may give another life than was asked for.
    const expiresAt = Date.parse(answer.status.expirationTimestamp ?? '') || askedAt + expirationSeconds * 1000;
    const lifeMs = (answer.spec?.expirationSeconds ?? expirationSeconds) * 1000;
    return {
      token: answer.status.token,
      expiresAt,
      renewAt: Math.min(expiresAt - lifeMs / 5, expiresAt - lifeMs + LIFE_MS_MAX),
    };
  }
}
