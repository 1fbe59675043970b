/** What a running kubelet knows of a pod beyond what the runtime tells; all of it may be lost with the process. */
export interface Memory {
  /** Why a container could not be started, and when it is tried again (milliseconds, wall clock). */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** Probe results by container id. */
  readonly probes: ReadonlyMap<string, ProbeResults>;
  /** Set when volumes could not be made. */
  readonly volumeError?: string;
  readonly areVolumesReady: boolean;
  /** The address of the last sandbox that had one: a short pod may be over before it was told to anyone. */
  readonly podIP?: string;
  /** Set when the sandbox could not be made; tried again then. */
  readonly sandboxRetryAt?: number;
}

export interface Waiting {
  readonly reason: string;
  readonly message: string;
  readonly retryAt: number;
  /** Failures in a row. */
  readonly failures: number;
}

export interface ProbeResults {
  /** undefined: not known yet. */
  readonly isReady?: boolean;
  readonly isStarted?: boolean;
  readonly isAlive?: boolean;
}
