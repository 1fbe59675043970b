/** How the driver is started. */
export interface Settings {
  readonly name: string;
  /** The socket on which it answers. */
  readonly endpoint: string;
  /** Where volumes are, on every node: a folder that all of them share. */
  readonly dataDir: string;
  readonly nodeId: string;
  readonly zone: string;
  readonly volumesMax: number;
  /** Where the kubelet looks for plugins; none: nobody is told of it. */
  readonly registrationDir: string | undefined;
}

export const ZONE = 'topology.csi.navarch.dev/zone';
