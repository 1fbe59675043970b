import type {
  Container,
  ContainerState,
  ContainerStatus,
  PodSandbox,
  PodSandboxMetadata,
  PodSandboxStatus,
} from '../cri/index.ts';

type Texts = Readonly<Record<string, string>>;

/** Times are milliseconds. */
export interface HeldSandbox {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly ip: string;
  readonly createdAt: number;
  readonly labels: Texts;
  readonly annotations: Texts;
  readonly runtimeHandler: string;
  isReady: boolean;
}

export interface HeldContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageRef: string;
  readonly createdAt: number;
  readonly labels: Texts;
  readonly annotations: Texts;
  state: ContainerState;
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  reason: string;
  message: string;
}

export const matchesLabels = (labels: Texts, selector: Texts | undefined): boolean =>
  Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);

const stateOf = ({ isReady }: HeldSandbox): PodSandbox['state'] => (isReady ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY');

export const sandboxView = (sandbox: HeldSandbox): PodSandbox => {
  const { id, metadata, createdAt, labels, annotations } = sandbox;
  return {
    id,
    metadata,
    state: stateOf(sandbox),
    createdAt: createdAt * 1e6,
    labels,
    annotations,
    runtimeHandler: sandbox.runtimeHandler,
  };
};

export const statusView = (sandbox: HeldSandbox): PodSandboxStatus => ({
  ...sandboxView(sandbox),
  network: { ip: sandbox.ip, additionalIps: [] },
});

export function containerView(container: HeldContainer): ContainerStatus {
  const {
    id,
    name,
    attempt,
    state,
    createdAt,
    startedAt,
    finishedAt,
    exitCode,
    image,
    imageRef,
    message,
    labels,
    annotations,
  } = container;
  return {
    id,
    metadata: { name, attempt },
    state,
    createdAt: createdAt * 1e6,
    startedAt: startedAt * 1e6,
    finishedAt: finishedAt * 1e6,
    exitCode,
    image: { image, annotations: {}, userSpecifiedImage: image, runtimeHandler: '', imageRef },
    imageRef,
    imageId: imageRef,
    labels,
    annotations,
    mounts: [],
    logPath: '',
    reason: container.reason || (state === 'CONTAINER_EXITED' ? (exitCode === 0 ? 'Completed' : 'Error') : ''),
    message,
    stopSignal: 'SIGNAL_RUNTIME_DEFAULT',
  };
}

/** As a list shows it. */
export const listed = (container: HeldContainer): Container => {
  const { id, sandboxId, imageRef, createdAt, labels, annotations, name, attempt } = container;
  return {
    id,
    podSandboxId: sandboxId,
    metadata: { name, attempt },
    imageRef,
    imageId: imageRef,
    state: container.state satisfies ContainerState,
    createdAt: createdAt * 1e6,
    labels,
    annotations,
  };
};
