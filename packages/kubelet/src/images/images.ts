import type { Container, Pod, Secret } from '@navarch/api';
import { type Clock, Notifier, TokenBucket, type TokenRate } from '@navarch/base';
import type { ContainerRuntime, Image } from '../cri/index.ts';
import { RpcError } from '../rpc/rpc-error.ts';
import { StartError } from '../start-error.ts';
import type { Files } from '../ports.ts';
import { credentialsFor, type Login } from './credentials.ts';
import { goDuration } from './go-duration.ts';
import { PullRecords, pullRecordsDir } from './pull-records.ts';
import { fullReference, referenceProblem } from './reference.ts';

/** An image on the machine, as far as a container made of it needs to know. */
export interface HeldImage {
  /** What the runtime is told to run. */
  readonly ref: string;
  /** The user that the image says it runs as, when that is a number; `username` when it is a name. */
  readonly uid?: number;
  readonly username: string;
}

export interface ImagesDeps {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly files: Files;
  readonly dirs: { readonly root: string };
  /** Pulls at the same time; the others wait their turn. Five when left out. */
  readonly pullsMax?: number;
  /** What comes faster is refused, and backs off. As fast as pods ask when left out. */
  readonly pullRate?: TokenRate;
  /** Who may use an image that is on the machine already. Upstream's usual policy when left out. */
  readonly verification?: ImageVerification;
}

/** imagePullCredentialsVerificationPolicy (KEP-2535); `allowed` says of which images that nobody here fetched everyone may use. */
export interface ImageVerification {
  readonly policy: 'NeverVerify' | 'NeverVerifyPreloadedImages' | 'NeverVerifyAllowlistedImages' | 'AlwaysVerify';
  allowed(image: string): boolean;
}

export interface ImageRequest {
  readonly pod: Pod;
  readonly image: string;
  readonly policy: Container['imagePullPolicy'];
  readonly secrets: readonly Secret[];
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

interface Pulled {
  readonly pulled: Image;
  /** Which login it took. */
  readonly login: Login | undefined;
}

interface Failure {
  readonly error: StartError;
  readonly failedAt: number;
  readonly pauseMs: number;
}

/** Enough that one slow registry does not hold up the rest. */
const PULLS_MAX = 5;
const PAUSE_MS_MIN = 10_000;
const PAUSE_MS_MAX = 300_000;
/** A pull that failed is shown as such for this long before it is shown as backing off. */
const SHOWN_MS = 2000;
/** An image that was not asked for this long begins its back-off anew. */
const FORGET_MS = 2 * PAUSE_MS_MAX;

const ORDINARY_VERIFICATION: ImageVerification = { policy: 'NeverVerifyPreloadedImages', allowed: () => false };

/** The images of a node: brings them as pull policies say, a few at a time, and backs off what fails. */
export class Images {
  readonly #deps: ImagesDeps;
  /** By pod and image: another pod may have other credentials. */
  readonly #failures = new Map<string, Failure>();
  readonly #records: PullRecords;
  readonly #freed = new Notifier();
  readonly #gate: TokenBucket | undefined;
  #pulling = 0;

  constructor(deps: ImagesDeps) {
    this.#deps = deps;
    this.#gate = deps.pullRate && new TokenBucket(deps.pullRate, deps.clock.monotonic());
    this.#records = new PullRecords({ files: deps.files, dir: pullRecordsDir(deps.dirs.root) });
  }

  /** Resolves when the image is on the machine. Throws StartError with the reason why it is not. */
  async ensure(request: ImageRequest, signal: AbortSignal): Promise<HeldImage> {
    const { image, policy, event } = request;
    const problem = referenceProblem(image);
    if (problem !== undefined) {
      const message = `Failed to apply default image tag ${JSON.stringify(image)}: couldn't parse image name ${JSON.stringify(image)}: ${problem}`;
      event('Warning', 'InspectFailed', message);
      throw new StartError('InvalidImageName', message);
    }
    const present = policy === 'Always' ? undefined : await this.#status(request, signal);
    if (present && (await this.#mayUse(present.id, image, request.secrets))) {
      event(
        'Normal',
        'Pulled',
        `Container image ${JSON.stringify(image)} already present on machine and can be accessed by the pod`,
      );
      return held(present);
    }
    if (policy === 'Never') {
      const why = present
        ? 'present with pull policy of Never but does not have the proper credentials to access the image'
        : 'not present with pull policy of Never';
      const message = `Container image ${JSON.stringify(image)} is ${why}`;
      event('Warning', 'ErrImageNeverPull', message);
      throw new StartError('ErrImageNeverPull', message);
    }
    this.#refuseWhileBackingOff(request);
    return this.#pull(request, signal);
  }

  async #mayUse(id: string, image: string, secrets: readonly Secret[]): Promise<boolean> {
    const { policy, allowed } = this.#deps.verification ?? ORDINARY_VERIFICATION;
    if (policy === 'NeverVerify') return true;
    const isPreloadedFree = policy === 'NeverVerifyPreloadedImages' || (policy !== 'AlwaysVerify' && allowed(image));
    return this.#records.mayUse(id, image, { logins: credentialsFor(fullReference(image), secrets), isPreloadedFree });
  }

  async #status({ image, event }: ImageRequest, signal: AbortSignal): Promise<Image | undefined> {
    try {
      return (await this.#deps.runtime.imageStatus({ image: { image: fullReference(image) } }, signal)).image;
    } catch (error) {
      if (signal.aborted) throw error;
      const message = `Failed to inspect image ${JSON.stringify(image)}: ${(error as Error).message}`;
      event('Warning', 'InspectFailed', message);
      throw new StartError('ImageInspectError', message, { cause: error });
    }
  }

  #refuseWhileBackingOff({ pod, image, event }: ImageRequest): void {
    const failure = this.#failures.get(keyOf(pod, image));
    const retryAt = failure && failure.failedAt + failure.pauseMs;
    const now = this.#deps.clock.now();
    // One that is yet to come was before somebody set the clock back.
    if (!failure || retryAt === undefined || now >= retryAt || failure.failedAt > now) return;
    const message = `Back-off pulling image ${JSON.stringify(image)}`;
    event('Normal', 'BackOff', message);
    throw new StartError('ImagePullBackOff', `${message}: ${failure.error.reason}: ${failure.error.message}`, {
      retryAt,
      cause: failure.error,
    });
  }

  async #pull(request: ImageRequest, signal: AbortSignal): Promise<HeldImage> {
    const { clock } = this.#deps;
    const { image, event } = request;
    event('Normal', 'Pulling', `Pulling image ${JSON.stringify(image)}`);
    const askedAt = clock.monotonic();
    while (this.#pulling >= (this.#deps.pullsMax ?? PULLS_MAX)) await this.#freed.wait(signal);
    this.#pulling += 1;
    const begunAt = clock.monotonic();
    try {
      await this.#records.begin(image);
      const { pulled, login } = await this.#tryPull(request, signal);
      // Should this fail, the image is not known to be anyone's: it is asked for again.
      await this.#records.end(image, { id: pulled.id, login });
      const [took, waited] = [clock.monotonic() - begunAt, clock.monotonic() - askedAt].map(goDuration);
      event(
        'Normal',
        'Pulled',
        `Successfully pulled image ${JSON.stringify(image)} in ${took} (${waited} including waiting). Image size: ${pulled.size} bytes.`,
      );
      this.#failures.delete(keyOf(request.pod, image));
      return held(pulled);
    } finally {
      this.#pulling -= 1;
      this.#freed.notify();
    }
  }

  async #tryPull(request: ImageRequest, signal: AbortSignal): Promise<Pulled> {
    const { image, event } = request;
    try {
      if (this.#gate?.tryTake(this.#deps.clock.monotonic()) === false) throw new Error('pull QPS exceeded');
      return await this.#pullWithAny(request, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      await this.#records.end(image);
      event('Warning', 'Failed', `Failed to pull image ${JSON.stringify(image)}: ${(error as Error).message}`);
      throw this.#failed(request, error);
    }
  }

  /** The credentials that match the image are tried one after the other; without any the pull is anonymous. */
  async #pullWithAny({ image, secrets }: ImageRequest, signal: AbortSignal): Promise<Pulled> {
    const { runtime } = this.#deps;
    const reference = fullReference(image);
    const logins = credentialsFor(reference, secrets);
    let refusal: unknown;
    for (const login of logins.length > 0 ? logins : [undefined]) {
      try {
        const { imageRef } = await runtime.pullImage({ image: { image: reference }, auth: login?.auth }, signal);
        const pulled = (await runtime.imageStatus({ image: { image: imageRef } }, signal)).image;
        if (pulled) return { pulled, login };
        refusal = new RpcError('NOT_FOUND', `image ${JSON.stringify(imageRef)} is gone right after it was pulled`);
      } catch (error) {
        if (signal.aborted) throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  #failed({ pod, image }: ImageRequest, cause: unknown): StartError {
    const now = this.#deps.clock.now();
    const key = keyOf(pod, image);
    const before = this.#failures.get(key);
    const isFresh = !before || now - before.failedAt > FORGET_MS;
    const pauseMs = isFresh ? PAUSE_MS_MIN : Math.min(PAUSE_MS_MAX, before.pauseMs * 2);
    const error = pullError(image, cause, now + SHOWN_MS);
    for (const [other, { failedAt }] of this.#failures) if (now - failedAt > FORGET_MS) this.#failures.delete(other);
    this.#failures.set(key, { error, failedAt: now, pauseMs });
    return error;
  }
}

const keyOf = (pod: Pod, image: string): string => `${pod.metadata.uid}_${image}`;

const held = ({ id, uid, username }: Image): HeldImage => ({ ref: id, username, ...(uid ? { uid: uid.value } : {}) });

/** Runtimes say two things by a word at the beginning of their text (CRI's image errors); the rest is the message. */
function pullError(image: string, cause: unknown, retryAt: number): StartError {
  const text = cause instanceof RpcError ? cause.details : '';
  for (const [reason, because] of [
    ['RegistryUnavailable', 'the registry is unavailable'],
    ['SignatureValidationFailed', 'the signature validation failed'],
  ] as const) {
    if (text.startsWith(reason))
      return new StartError(reason, `image pull failed for ${image} because ${because}${text.slice(reason.length)}`, {
        cause,
        retryAt,
      });
  }
  return new StartError('ErrImagePull', (cause as Error).message, { cause, retryAt });
}
