export type Snapshotter = 'overlayfs' | 'native';

/** What a written configuration says; undefined when it says nothing. */
export const snapshotterOf = (config: string): Snapshotter | undefined =>
  /^snapshotter = "(overlayfs|native)"$/m.exec(config)?.[1] as Snapshotter | undefined;
