interface VolumeErrorOptions extends ErrorOptions {
  /** What was being done, in upstream's words; `MountVolume.SetUp` when left out. */
  readonly operation?: string;
  /** What events call the volume, where that is not its name in the pod. */
  readonly volume?: string;
  /** It only takes its time: nobody is told. */
  readonly isQuiet?: boolean;
  /** It was not even found out what is to be mounted: told of with the pod's volumes as a whole. */
  readonly isUnknown?: boolean;
}

/** A volume cannot be made yet or at all; the text is what the FailedMount event says. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
  readonly operation: string;
  readonly volume: string | undefined;
  readonly isQuiet: boolean;
  readonly isUnknown: boolean;

  constructor(
    text: string,
    { operation = 'MountVolume.SetUp', volume, isQuiet = false, isUnknown = false, ...rest }: VolumeErrorOptions = {},
  ) {
    super(text, rest);
    this.operation = operation;
    this.volume = volume;
    this.isQuiet = isQuiet;
    this.isUnknown = isUnknown;
  }
}

/** Nothing here can make such a volume. */
export const noPlugin = (volume: string): VolumeError =>
  new VolumeError(
    `failed to get Plugin from volumeSpec for volume ${JSON.stringify(volume)} err=no volume plugin matched`,
    { isUnknown: true },
  );
