import type { Container, ImageService, PodSandbox, RuntimeService } from './generated/types.ts';

/**
 * The container runtime as the kubelet uses it: the Container Runtime Interface (CRI runtime.v1), one function a call.
 * Every refusal is a RpcError; a call ended by its signal rejects with the signal's reason. A call that an older
 * runtime lacks fails with `UNIMPLEMENTED`: ask `features()` before relying on one.
 */
export interface ContainerRuntime extends Pick<RuntimeService, RuntimeCall>, Pick<ImageService, ImageCall> {
  /** What this runtime can do beyond the oldest one supported. Probed once, when the connection is made. */
  features(): RuntimeAbilities;
  /** Every sandbox as `listPodSandbox` has it, but for what never changes: a short answer of many. */
  listSandboxStates(request: {}, signal: AbortSignal): Promise<{ readonly items: readonly StateOf<PodSandbox>[] }>;
  listContainerStates(
    request: {},
    signal: AbortSignal,
  ): Promise<{ readonly containers: readonly StateOf<Container>[] }>;
}

type StateOf<T extends { readonly id: string; readonly state: string }> = Pick<T, 'id' | 'state'>;

/** Abilities are probed, never read off a version number: distributions backport. */
export interface RuntimeAbilities {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  /** `getContainerEvents` delivers; where false, list containers at intervals instead. */
  readonly hasContainerEvents: boolean;
  /** `listPodSandboxStats` and `podSandboxStats` answer. */
  readonly hasPodSandboxStats: boolean;
  /** `updatePodSandboxResources` answers (in-place resize of a pod). */
  readonly hasSandboxResize: boolean;
  /** A mount may name an image (image volumes). */
  readonly hasImageVolumes: boolean;
  /** A mount may be read-only all the way down. */
  readonly hasRecursiveReadOnlyMounts: boolean;
  /** What each handler can do, where the runtime tells; '' is that of pods that name none. */
  readonly handlers: readonly HandlerAbilities[];
  readonly hasSupplementalGroupsPolicy: boolean;
  /** The driver that the runtime uses, where it says so; otherwise the host's configuration decides. */
  readonly cgroupDriver: 'SYSTEMD' | 'CGROUPFS' | undefined;
}

export interface HandlerAbilities {
  readonly name: string;
  readonly hasRecursiveReadOnlyMounts: boolean;
  /** Pods may have users of their own (KEP-127). */
  readonly hasUserNamespaces: boolean;
}

type RuntimeCall =
  | 'version'
  | 'status'
  | 'updateRuntimeConfig'
  | 'runPodSandbox'
  | 'stopPodSandbox'
  | 'removePodSandbox'
  | 'podSandboxStatus'
  | 'listPodSandbox'
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'removeContainer'
  | 'containerStatus'
  | 'listContainers'
  | 'updateContainerResources'
  | 'updatePodSandboxResources'
  | 'checkpointContainer'
  | 'reopenContainerLog'
  | 'execSync'
  | 'exec'
  | 'attach'
  | 'portForward'
  | 'containerStats'
  | 'listContainerStats'
  | 'podSandboxStats'
  | 'listPodSandboxStats'
  | 'getContainerEvents';

type ImageCall = 'listImages' | 'imageStatus' | 'pullImage' | 'removeImage' | 'imageFsInfo';
