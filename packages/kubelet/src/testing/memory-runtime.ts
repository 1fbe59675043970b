import { Notifier } from '@navarch/base';
import { CONTAINER_NAME, POD_UID } from '../container-config.ts';
import type { ContainerFilter, ContainerRuntime, Input, PodSandboxFilter, RuntimeAbilities } from '../cri/index.ts';
import { RpcError } from '../rpc/rpc-error.ts';
import type { CreateContainerRequest, RunPodSandboxRequest, UpdateContainerResourcesRequest } from '../cri/index.ts';
import { type CallOptions, Calls } from './calls.ts';
import { MemoryImages, type MemoryImagesOptions } from './memory-images.ts';
import { Conditions, lacking, runtimeAbilities } from './abilities.ts';
import { type Instance, type Program, server } from './program.ts';
import {
  containerView,
  type HeldContainer,
  type HeldSandbox,
  listed,
  matchesLabels,
  sandboxView,
  statusView,
} from './views.ts';

type Answer<K extends Exclude<keyof ContainerRuntime, 'features'>> = ReturnType<ContainerRuntime[K]>;

interface SandboxRef {
  readonly podSandboxId?: string | undefined;
}

interface ContainerRef {
  readonly containerId?: string | undefined;
}

export interface MemoryRuntimeOptions extends CallOptions, MemoryImagesOptions {
  /** The first two parts of every pod's address. `10.244` when left out. */
  readonly podRange?: string;
  /** What a container does. Servers, when left out. */
  program?(instance: Instance): Program;
}

/** A container runtime without containers: state, names, times and refusals are those of containerd, processes are programs. */
export class MemoryRuntime implements ContainerRuntime {
  readonly sandboxes = new Map<string, HeldSandbox>();
  readonly containers = new Map<string, HeldContainer>();
  /** What must never be: two running instances of one container, the removal of one that runs, a name asked for twice. */
  readonly violations: string[] = [];
  readonly images: MemoryImages;
  /** What it can do: read whenever the kubelet looks. */
  abilities = runtimeAbilities();
  /** What it says of itself. */
  readonly conditions = new Conditions();
  readonly #calls: Calls;
  readonly #options: MemoryRuntimeOptions;
  readonly #changed = new Notifier();
  /** Programs end when the machine is switched off, not with the kubelet. */
  readonly #power: AbortSignal;
  #ids = 0;
  #addresses = 1;

  constructor(options: MemoryRuntimeOptions, power: AbortSignal) {
    this.#options = options;
    this.#calls = new Calls(options);
    this.images = new MemoryImages(options, this.#calls);
    this.#power = power;
  }

  features = (): RuntimeAbilities => this.abilities;

  /** Every call that changed something, with what it changed. */
  get calls(): readonly string[] {
    return this.#calls.made;
  }

  /** How many questions were asked. */
  get queries(): number {
    return this.#calls.queries;
  }

  /** A process ends from inside, or is killed from outside. */
  exit(id: string, exitCode: number, reason = ''): void {
    const container = this.containers.get(id);
    if (container?.state !== 'CONTAINER_RUNNING') return;
    Object.assign(container, { state: 'CONTAINER_EXITED', finishedAt: this.#options.clock.now(), exitCode, reason });
    this.#changed.notify();
  }

  /** The pause process of a sandbox dies. */
  killSandbox(id: string): void {
    const sandbox = this.sandboxes.get(id);
    if (sandbox) sandbox.isReady = false;
  }

  /** The machine is switched off and on: nothing runs any more, records stay. */
  reboot(): void {
    for (const { id } of this.containers.values()) this.exit(id, 255, 'Unknown');
    for (const { id } of this.sandboxes.values()) this.killSandbox(id);
  }

  running(): readonly HeldContainer[] {
    return [...this.containers.values()].filter((c) => c.state === 'CONTAINER_RUNNING');
  }

  async version(): Answer<'version'> {
    return { version: '0.1.0', runtimeName: 'memory', runtimeVersion: '1', runtimeApiVersion: 'v1' };
  }

  async status(): Answer<'status'> {
    return { status: { conditions: this.conditions.all }, info: {}, runtimeHandlers: [] };
  }

  updateRuntimeConfig = async (): Answer<'updateRuntimeConfig'> => ({});

  async runPodSandbox(
    { config, runtimeHandler = '' }: Input<RunPodSandboxRequest>,
    signal: AbortSignal,
  ): Answer<'runPodSandbox'> {
    return this.#call(`runPodSandbox ${config?.metadata?.name}`, signal, () => {
      const { name = '', namespace = '', uid = '', attempt = 0 } = config?.metadata ?? {};
      const metadata = { name, namespace, uid, attempt };
      const taken = [...this.sandboxes.values()].find((s) => s.metadata.uid === uid && s.metadata.attempt === attempt);
      if (taken) throw this.#reserved('sandbox', `${name}_${namespace}_${uid}_${attempt}`, taken.id);
      const address = this.#addresses++;
      const isHost = config?.linux?.securityContext?.namespaceOptions?.network === 'NODE';
      const ip = isHost ? '' : `${this.#options.podRange ?? '10.244'}.${(address >> 8) & 255}.${address & 255}`;
      const id = this.#newId('sandbox');
      this.sandboxes.set(id, {
        id,
        metadata,
        ip,
        isReady: true,
        runtimeHandler,
        createdAt: this.#options.clock.now(),
        labels: config?.labels ?? {},
        annotations: config?.annotations ?? {},
      });
      return { podSandboxId: id };
    });
  }

  async stopPodSandbox({ podSandboxId = '' }: SandboxRef, signal: AbortSignal): Answer<'stopPodSandbox'> {
    return this.#call(`stopPodSandbox ${podSandboxId}`, signal, () => {
      const sandbox = this.sandboxes.get(podSandboxId);
      if (!sandbox) return {};
      for (const { id, sandboxId } of this.running()) if (sandboxId === podSandboxId) this.exit(id, 137);
      sandbox.isReady = false;
      return {};
    });
  }

  async removePodSandbox({ podSandboxId = '' }: SandboxRef, signal: AbortSignal): Answer<'removePodSandbox'> {
    return this.#call(`removePodSandbox ${podSandboxId}`, signal, () => {
      for (const { id, sandboxId } of this.containers.values()) if (sandboxId === podSandboxId) this.#drop(id);
      this.sandboxes.delete(podSandboxId);
      return {};
    });
  }

  async podSandboxStatus({ podSandboxId = '' }: SandboxRef, signal: AbortSignal): Answer<'podSandboxStatus'> {
    return this.#ask(signal, () => {
      const sandbox = this.sandboxes.get(podSandboxId);
      if (!sandbox) throw notFound('sandbox', podSandboxId);
      return { status: statusView(sandbox), info: {}, containersStatuses: [], timestamp: 0 };
    });
  }

  async listPodSandbox(
    { filter }: { readonly filter?: Input<PodSandboxFilter> | undefined },
    signal: AbortSignal,
  ): Answer<'listPodSandbox'> {
    return this.#ask(signal, () => ({
      items: [...this.sandboxes.values()]
        .filter((s) => matchesLabels(s.labels, filter?.labelSelector))
        .map(sandboxView),
    }));
  }

  listSandboxStates = this.listPodSandbox;

  async createContainer(
    { podSandboxId = '', config }: Input<CreateContainerRequest>,
    signal: AbortSignal,
  ): Answer<'createContainer'> {
    const { name = '', attempt = 0 } = config?.metadata ?? {};
    return this.#call(`createContainer ${name} ${attempt}`, signal, () => {
      const sandbox = this.sandboxes.get(podSandboxId);
      if (!sandbox?.isReady) throw new RpcError('UNKNOWN', `failed to find running sandbox ${podSandboxId}`);
      const pod = config?.labels?.[POD_UID] ?? '';
      const taken = [...this.containers.values()].find(
        (c) => c.labels[POD_UID] === pod && c.name === name && c.attempt === attempt,
      );
      if (taken) throw this.#reserved('container', `${name}_${pod}_${attempt}`, taken.id);
      const id = this.#newId('container');
      this.containers.set(id, {
        id,
        sandboxId: podSandboxId,
        name,
        attempt,
        image: config?.image?.userSpecifiedImage || config?.image?.image || '',
        imageRef: config?.image?.image ?? '',
        state: 'CONTAINER_CREATED',
        createdAt: this.#options.clock.now(),
        startedAt: 0,
        finishedAt: 0,
        exitCode: 0,
        reason: '',
        message: '',
        labels: config?.labels ?? {},
        annotations: config?.annotations ?? {},
      });
      return { containerId: id };
    });
  }

  async startContainer({ containerId = '' }: ContainerRef, signal: AbortSignal): Answer<'startContainer'> {
    const container = this.#container(containerId);
    return this.#call(`startContainer ${container.name} ${container.attempt}`, signal, () => {
      if (container.state !== 'CONTAINER_CREATED')
        throw new RpcError('UNKNOWN', `container ${containerId} is in ${container.state} state`);
      const program = this.#programOf(container);
      const now = this.#options.clock.now();
      if (program.startProblem) {
        Object.assign(container, {
          state: 'CONTAINER_EXITED',
          // As containerd has it: it never started.
          startedAt: 0,
          finishedAt: now,
          exitCode: 128,
          reason: 'StartError',
          message: program.startProblem,
        });
        throw new RpcError('UNKNOWN', program.startProblem);
      }
      const twin = this.running().find(
        (c) =>
          c.labels[POD_UID] === container.labels[POD_UID] &&
          c.labels[CONTAINER_NAME] === container.labels[CONTAINER_NAME],
      );
      if (twin) this.violations.push(`${container.name} runs twice: ${twin.id} and ${containerId}`);
      Object.assign(container, { state: 'CONTAINER_RUNNING', startedAt: now });
      if (program.runsMs !== undefined)
        this.#later(program.runsMs, () => this.exit(containerId, program.exitCode ?? 0, program.reason));
      return {};
    });
  }

  async stopContainer(
    {
      containerId = '',
      timeout = 0,
    }: { readonly containerId?: string | undefined; readonly timeout?: number | undefined },
    signal: AbortSignal,
  ): Answer<'stopContainer'> {
    const container = this.#container(containerId);
    await this.#call(`stopContainer ${container.name} ${container.attempt} in ${timeout}`, signal, () => {
      const { endsMs = 0 } = this.#programOf(container);
      if (timeout > 0 && Number.isFinite(endsMs)) this.#later(endsMs, () => this.exit(containerId, 143));
    });
    const { clock } = this.#options;
    const end = clock.monotonic() + timeout * 1000;
    while (container.state === 'CONTAINER_RUNNING' && clock.monotonic() < end)
      await this.#change(end - clock.monotonic(), signal);
    this.exit(containerId, 137);
    return {};
  }

  async removeContainer({ containerId = '' }: ContainerRef, signal: AbortSignal): Answer<'removeContainer'> {
    const held = this.containers.get(containerId);
    return this.#call(`removeContainer ${held?.name} ${held?.attempt}`, signal, () => {
      if (held?.state === 'CONTAINER_RUNNING')
        this.violations.push(`${containerId} (${held.name}) is removed while it runs`);
      this.#drop(containerId);
      return {};
    });
  }

  async updateContainerResources(
    { containerId = '', linux }: Input<UpdateContainerResourcesRequest>,
    signal: AbortSignal,
  ): Answer<'updateContainerResources'> {
    const container = this.#container(containerId);
    return this.#call(
      `updateContainerResources ${container.name} ${linux?.cpuShares} ${linux?.cpuQuota} ${linux?.memoryLimitInBytes}`,
      signal,
      () => ({}),
    );
  }

  async containerStatus({ containerId = '' }: ContainerRef, signal: AbortSignal): Answer<'containerStatus'> {
    return this.#ask(signal, () => ({ status: containerView(this.#container(containerId)), info: {} }));
  }

  async listContainers(
    { filter }: { readonly filter?: Input<ContainerFilter> | undefined },
    signal: AbortSignal,
  ): Answer<'listContainers'> {
    const isListed = (c: HeldContainer): boolean =>
      matchesLabels(c.labels, filter?.labelSelector) && (!filter?.podSandboxId || c.sandboxId === filter.podSandboxId);
    return this.#ask(signal, () => ({ containers: [...this.containers.values()].filter(isListed).map(listed) }));
  }

  listContainerStates = this.listContainers;

  async execSync(
    {
      containerId = '',
      cmd = [],
      timeout = 0,
    }: {
      readonly containerId?: string | undefined;
      readonly cmd?: readonly string[] | undefined;
      readonly timeout?: number | undefined;
    },
    signal: AbortSignal,
  ): Answer<'execSync'> {
    const container = this.#container(containerId);
    if (container.state !== 'CONTAINER_RUNNING')
      throw new RpcError('UNKNOWN', `container ${containerId} is not running`);
    const { exitCode, output = '', tookMs = 0 } = this.#programOf(container).exec?.(cmd) ?? { exitCode: 0 };
    const isLate = timeout > 0 && tookMs > timeout * 1000;
    await this.#options.clock.sleep(isLate ? timeout * 1000 : tookMs, signal);
    if (isLate) throw new RpcError('DEADLINE_EXCEEDED', `failed to exec in container: timeout ${timeout}s exceeded`);
    return { exitCode, stdout: new TextEncoder().encode(output), stderr: new Uint8Array() };
  }

  listImages: ContainerRuntime['listImages'] = () => this.images.listImages();
  imageStatus: ContainerRuntime['imageStatus'] = (request, signal) => this.images.imageStatus(request, signal);
  pullImage: ContainerRuntime['pullImage'] = (request, signal) => this.images.pullImage(request, signal);
  removeImage: ContainerRuntime['removeImage'] = (request) => this.images.removeImage(request);
  imageFsInfo: ContainerRuntime['imageFsInfo'] = () => this.images.imageFsInfo();
  reopenContainerLog = async (): Answer<'reopenContainerLog'> => ({});
  updatePodSandboxResources = lacking;
  checkpointContainer = lacking;
  exec = lacking;
  attach = lacking;
  portForward = lacking;
  containerStats = lacking;
  listContainerStats = lacking;
  podSandboxStats = lacking;
  listPodSandboxStats = lacking;
  // oxlint-disable-next-line require-yield
  async *getContainerEvents(): Answer<'getContainerEvents'> {
    throw new RpcError('UNIMPLEMENTED', 'no events');
  }

  #container(id: string): HeldContainer {
    const held = this.containers.get(id);
    if (!held) throw notFound('container', id);
    return held;
  }

  #programOf({ labels, name, image, attempt }: HeldContainer): Program {
    return this.#options.program?.({ pod: labels['io.kubernetes.pod.name'] ?? '', name, image, attempt }) ?? server;
  }

  /** Who asks for a name that is taken acts on what it saw too long ago. */
  #reserved(what: string, name: string, holder: string): RpcError {
    this.violations.push(`${what} ${name} is made twice`);
    return new RpcError('UNKNOWN', `failed to reserve ${what} name "${name}": name is reserved for "${holder}"`);
  }

  #drop(id: string): void {
    this.exit(id, 137);
    this.containers.delete(id);
    this.#changed.notify();
  }

  #newId(what: string): string {
    return `${what}-${++this.#ids}`;
  }

  #later(ms: number, work: () => void): void {
    void this.#options.clock.sleep(ms, this.#power).then(work, () => undefined);
  }

  /** Something changed, or time is up. */
  async #change(ms: number, signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const either = AbortSignal.any([signal, end.signal]);
    await Promise.race([
      this.#options.clock.sleep(ms, either).catch(() => undefined),
      this.#changed.wait(either).catch(() => undefined),
    ]);
    end.abort();
    signal.throwIfAborted();
  }

  #ask<T>(signal: AbortSignal, answer: () => T): Promise<T> {
    return this.#calls.ask(signal, answer);
  }

  #call<T>(text: string, signal: AbortSignal, effect: () => T): Promise<T> {
    return this.#calls.make(text, signal, () => {
      const answer = effect();
      this.#changed.notify();
      return answer;
    });
  }
}

const notFound = (what: string, id: string): RpcError =>
  new RpcError('NOT_FOUND', `an error occurred when try to find ${what} "${id}": not found`);
