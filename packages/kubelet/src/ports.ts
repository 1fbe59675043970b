/** Files and mounts of the node. Every call may be repeated: it brings the node to the state, whatever it finds. */
export interface Files {
  makeDir(path: string, mode?: number): Promise<void>;
  /** undefined when there is no such file. At most `bytesMax` bytes from its end. */
  readText(path: string, bytesMax?: number): Promise<string | undefined>;
  write(path: string, data: string | Uint8Array, options?: { readonly mode?: number; readonly group?: number }): Promise<void>;
  list(path: string): Promise<readonly string[]>;
  /** What is there: undefined when nothing. */
  kindOf(path: string): Promise<'file' | 'directory' | 'other' | undefined>;
  /** Makes `path` a link to `target` in one step: readers see the old one or the new one. */
  replaceLink(path: string, target: string): Promise<void>;
  readLink(path: string): Promise<string | undefined>;
  removeTree(path: string): Promise<void>;
  isMountPoint(path: string): Promise<boolean>;
  mountTmpfs(path: string, sizeBytes: number | undefined): Promise<void>;
  unmount(path: string): Promise<void>;
  chown(path: string, user: number, group: number): Promise<void>;
}

/** Asks a container whether it is well. Resolves to what is wrong, undefined when nothing is. */
export interface Prober {
  http(request: { readonly host: string; readonly port: number; readonly path: string; readonly isTls: boolean; readonly headers: Readonly<Record<string, string>> }, timeoutMs: number, signal: AbortSignal): Promise<string | undefined>;
  tcp(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<string | undefined>;
  grpc(host: string, port: number, service: string, timeoutMs: number, signal: AbortSignal): Promise<string | undefined>;
}

/** What the machine says of itself. */
export interface HostFacts {
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly operatingSystem: string;
  readonly architecture: string;
  /** Resolvers and search domains of the machine. */
  readonly resolvers: readonly string[];
  readonly searches: readonly string[];
}
