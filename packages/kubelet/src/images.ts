import type { Container, Secret } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { AuthConfig, ContainerRuntime, Image, Input } from './cri/index.ts';
import { decoded } from './environment.ts';

/** The image cannot be had now; the reason and message are what the container's waiting state shows. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly reason: 'ErrImagePull' | 'ErrImageNeverPull' | 'InvalidImageName';

  constructor(reason: ImageError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface PullDeps {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** `docker.io/library/nginx:latest` for nginx: what a reference without a registry or a tag means. */
export function fullReference(image: string): string {
  const [name = '', digest] = image.split('@');
  const first = name.split('/')[0] ?? '';
  const hasRegistry = name.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost');
  const withRegistry = hasRegistry ? name : name.includes('/') ? `docker.io/${name}` : `docker.io/library/${name}`;
  const hasTag = /:[^/]+$/.test(withRegistry);
  return digest ? `${withRegistry}@${digest}` : hasTag ? withRegistry : `${withRegistry}:latest`;
}

/** An image on the machine, as far as a container made of it needs to know. */
export interface HeldImage {
  /** What the runtime is told to run. */
  readonly ref: string;
  /** The user that the image says it runs as, when that is a number; `username` when it is a name. */
  readonly uid?: number;
  readonly username: string;
}

const held = ({ id, uid, username }: Image): HeldImage => ({ ref: id, username, ...(uid ? { uid: uid.value } : {}) });

/** Brings the image as the pull policy says. Throws ImageError. */
export async function ensureImage(container: Container, secrets: readonly Secret[], deps: PullDeps, signal: AbortSignal): Promise<HeldImage> {
  const image = container.image ?? '';
  if (!/^[\w][\w.:/@-]*$/.test(image)) throw new ImageError('InvalidImageName', `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`);
  const reference = fullReference(image);
  const present = (await deps.runtime.imageStatus({ image: { image: reference } }, signal)).image;
  if (present && container.imagePullPolicy !== 'Always') {
    deps.event('Normal', 'Pulled', `Container image "${image}" already present on machine`);
    return held(present);
  }
  if (container.imagePullPolicy === 'Never') throw new ImageError('ErrImageNeverPull', `Container image "${image}" is not present with pull policy of Never`);
  deps.event('Normal', 'Pulling', `Pulling image "${image}"`);
  const started = deps.clock.monotonic();
  try {
    const { imageRef } = await deps.runtime.pullImage({ image: { image: reference }, auth: credentials(reference, secrets) }, signal);
    const pulled = (await deps.runtime.imageStatus({ image: { image: imageRef } }, signal)).image;
    const seconds = ((deps.clock.monotonic() - started) / 1000).toFixed(3);
    deps.event('Normal', 'Pulled', `Successfully pulled image "${image}" in ${seconds}s (${seconds}s including waiting). Image size: ${pulled?.size ?? 0} bytes.`);
    return pulled ? held(pulled) : { ref: imageRef, username: '' };
  } catch (error) {
    // Loaded by hand on a machine that reaches no registry: what is there is what there is.
    if (present && signal.aborted === false) {
      deps.event('Warning', 'Failed', `Failed to pull image "${image}", using the one present on the machine: ${(error as Error).message}`);
      return held(present);
    }
    throw new ImageError('ErrImagePull', `failed to pull and unpack image "${reference}": ${(error as Error).message}`);
  }
}

/** The login for the image's registry, from the pod's pull secrets (kubernetes.io/dockerconfigjson). */
function credentials(reference: string, secrets: readonly Secret[]): Input<AuthConfig> | undefined {
  const registry = reference.split('/')[0] ?? '';
  for (const { data } of secrets) {
    const text = data?.['.dockerconfigjson'];
    if (text === undefined) continue;
    const { auths = {} } = JSON.parse(decoded(text)) as { auths?: Readonly<Record<string, { username?: string; password?: string; auth?: string }>> };
    const found = Object.entries(auths).find(([name]) => name.replace(/^https?:\/\//, '').split('/')[0] === registry || (registry === 'docker.io' && name.includes('index.docker.io')));
    if (!found) continue;
    const [, { username = '', password = '', auth = '' }] = found;
    return auth ? { auth } : { username, password };
  }
  return undefined;
}
