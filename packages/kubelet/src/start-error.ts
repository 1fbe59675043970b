/** The reasons that a waiting container shows when it could not be started (upstream's words). */
export type StartReason =
  | 'ErrImagePull'
  | 'ImagePullBackOff'
  | 'ErrImageNeverPull'
  | 'InvalidImageName'
  | 'ImageInspectError'
  | 'RegistryUnavailable'
  | 'SignatureValidationFailed'
  | 'CreateContainerConfigError'
  | 'CreateContainerError'
  | 'RunContainerError';

/** A container could not be started: the reason and the message are what its waiting state shows. */
export class StartError extends Error {
  override readonly name: string = 'StartError';
  readonly reason: StartReason;
  /** Wall clock, milliseconds: before this another try is in vain. Absent: the caller decides. */
  readonly retryAt: number | undefined;

  constructor(reason: StartReason, message: string, options: ErrorOptions & { readonly retryAt?: number } = {}) {
    super(message, options);
    this.reason = reason;
    this.retryAt = options.retryAt;
  }

  /** What the `Failed` event says: images have had events of their own by then, so the reason is enough. */
  get eventMessage(): string {
    return `Error: ${IMAGE_REASONS.has(this.reason) ? this.reason : this.message}`;
  }
}

const IMAGE_REASONS: ReadonlySet<StartReason> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/** A container that cannot be made as its spec says. */
export const configError = (message: string, options: ErrorOptions = {}): StartError =>
  new StartError('CreateContainerConfigError', message, options);
