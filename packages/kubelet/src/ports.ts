import type { Pod } from '@navarch/api';

export type FileKind = 'file' | 'directory' | 'socket' | 'character device' | 'block device' | 'other';

interface WriteOptions {
  /** Permission bits; 0644 when left out. */
  readonly mode?: number;
  readonly user?: number;
  readonly group?: number;
}

/** Files and mounts of the node. Every call may be repeated: it brings the node to the state, whatever it finds. */
export interface Files {
  /** Makes the folder and those above it. `mode` is that of the folder itself, and is set only when it is made. */
  makeDir(path: string, mode?: number): Promise<void>;
  /** undefined when there is no such file. At most `bytesMax` bytes from its end. */
  readText(path: string, bytesMax?: number): Promise<string | undefined>;
  /** The whole file; undefined when there is none. */
  readBytes(path: string): Promise<Uint8Array | undefined>;
  write(path: string, data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** The names in a folder; none when there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  /** What is there, links followed: undefined when nothing. */
  kindOf(path: string): Promise<FileKind | undefined>;
  /** As kindOf, at a path that somebody named: it may be on a file system that never answers. Rejects where it does not. */
  kindOfNamed(path: string): Promise<FileKind | undefined>;
  /** Bytes of a file, links followed: undefined when nothing is there. */
  sizeOf(path: string): Promise<number | undefined>;
  /** Makes `path` a link to `target` in one step: readers see the old one or the new one. */
  replaceLink(path: string, target: string): Promise<void>;
  /** undefined when there is nothing, or no link. */
  readLink(path: string): Promise<string | undefined>;
  rename(from: string, to: string): Promise<void>;
  /** Writes a compressed copy, where nothing is yet. Follows no link. */
  gzip(from: string, to: string): Promise<void>;
  /** Of the disk that a path is on; undefined when there is nothing at the path. */
  diskSpace(path: string): Promise<{ readonly capacityBytes: number; readonly availableBytes: number } | undefined>;
  /** Follows no link. Throws when something is mounted there or below: that may be someone's data. */
  removeTree(path: string): Promise<void>;
  /** The same, of what was made here and where nobody mounts anything: the table of mounts is not read. */
  removeMade(path: string): Promise<void>;
  /** Sets permission bits, set-group-id among them. */
  chmod(path: string, mode: number): Promise<void>;
  /**
   * Gives a whole tree to a group, as fsGroup says: group readable (and writable), folders hand the group on. Links are
   * not followed. With `onRootMismatch` a tree whose root is right already is left alone (KEP-695).
   */
  ownTree(
    path: string,
    group: number,
    options: { readonly isWritable: boolean; readonly onRootMismatch: boolean },
  ): Promise<void>;
  /** Removes a file, a link, or a folder that is empty. Throws for one that is not; nothing there is what was wanted. */
  removeEmpty(path: string): Promise<void>;
  /** Asks nobody who may not answer, but reads the table of all mounts, which is long. */
  isMountPoint(path: string): Promise<boolean>;
  /** The same, by a look at the folder alone: for a file system of ours, which answers, and no part of another one. */
  isOwnFileSystem(path: string): Promise<boolean>;
  mount(path: string, request: MountRequest): Promise<void>;
  /** Shows a file or folder at `path` too; both must be there. */
  bindMount(source: string, path: string, options: { readonly isReadOnly: boolean }): Promise<void>;
  /**
   * Shows what is at `inside` below `root` at `path` too, and makes the folder when it is not there, with root's mode.
   * Throws EscapeError when a link leads out of root, also one that is put there meanwhile.
   */
  bindInside(root: string, inside: string, path: string): Promise<void>;
  /**
   * At most `bytesMax` bytes of the file at `inside` below `root`; undefined when there is none. Throws EscapeError as
   * bindInside does.
   */
  readInside(root: string, inside: string, bytesMax: number): Promise<Uint8Array | undefined>;
  unmount(path: string): Promise<void>;
  /** Unmounts everything at and below a path, innermost first. */
  unmountBelow(path: string): Promise<void>;
}

/** A file system that is made for the mount, or one of a server. */
export type MountRequest =
  | { readonly type: 'tmpfs' | 'hugetlbfs'; readonly options: readonly string[] }
  | { readonly type: 'nfs'; readonly source: string; readonly options: readonly string[] };

/** A path inside a volume leads out of it. */
export class EscapeError extends Error {
  override readonly name = 'EscapeError';
}

/** What a cgroup may use. What is left out is not touched. */
export interface CgroupLimits {
  /** Weight in a shortage: 1024 a core, at least 2 (cgroup v1's scale, as in Kubernetes's own formulas). */
  readonly cpuShares?: number;
  /** Microseconds of CPU time per period. */
  readonly cpuQuotaUs?: number;
  readonly cpuPeriodUs?: number;
  readonly memoryBytes?: number;
  /** Memory that nobody takes from the group, and that is taken only where nothing else is left; cgroup v2 alone has it. */
  readonly memoryMinBytes?: number;
  readonly memoryLowBytes?: number;
  /** Processes; -1 takes the limit off. */
  readonly pids?: number;
}

/** Control groups by path, alike on v1 and v2. Every operation may be repeated. */
export interface Cgroups {
  /** Makes the group and those above it, and sets its limits. Throws when the kernel refuses one. */
  ensure(path: string, limits: CgroupLimits): void;
  /** The groups right below, by name. */
  children(path: string): readonly string[];
  /** Removes the group and everything below. False while processes live in it. */
  remove(path: string): boolean;
}

/** Who may talk to a pod, and with whom it may: known to the machine before any of its containers runs. */
export interface PodGuard {
  /**
   * Resolves when the machine keeps to what is allowed to the pod at these addresses. Rejects where it cannot. At once
   * where that was asked before.
   */
  admit(pod: Pod, addresses: readonly string[], signal: AbortSignal): Promise<void>;
  /** Nothing of the pod is left. */
  dismiss(pod: Pod): void;
}

interface ProbeRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly isTls: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** Asks a container whether it is well. Resolves to what is wrong, undefined when nothing is. */
export interface Prober {
  http(request: ProbeRequest, timeoutMs: number, signal: AbortSignal): Promise<string | undefined>;
  tcp(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<string | undefined>;
  grpc(
    host: string,
    port: number,
    service: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

/** Shows the files of images as folders of the node: for runtimes that do not mount images into containers themselves. */
export interface ImageMounts {
  /** Shows an image that is on the machine at `path`, which is a folder, read-only. May be repeated. */
  mount(ref: string, path: string): Promise<void>;
  /** Takes away what `mount` made there, if anything. */
  unmount(path: string): Promise<void>;
}

/** Makes keys for the certificates of pods. */
export interface CertificateKeys {
  /** `type` is one of PodCertificateProjection.keyType. Throws for one that is not known. */
  make(type: string): Promise<CertificateKey>;
}

export interface CertificateKey {
  /** PEM (PKCS #8). */
  readonly key: string;
  /** Base64 of a request (PKCS #10, DER) signed by the key; it says nothing but whose the key is. */
  readonly request: string;
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
  readonly resolverOptions: readonly string[];
  /** The kernel confines processes by AppArmor profiles. */
  readonly hasAppArmor: boolean;
  /** Of the control groups that containers run in. */
  readonly cgroupVersion: 1 | 2;
  /** Absent: none. `isCounted`: the kernel can say how much a group may use. */
  readonly swap?: { readonly bytes: number; readonly isCounted: boolean };
  /** Bytes that the machine has set aside as pages of each size, by `2Mi`; absent: it has none and there are 2Mi and 1Gi. */
  readonly hugePages?: Readonly<Record<string, number>>;
}
