import { type Container, type Pod, pod as podKind, type PodStatus } from '@navarch/api';
import { type Clock, type Logger, Notifier, settleAll, TaskGroup } from '@navarch/base';
import type { Api, Recorder } from '@navarch/client';
import { equalJson, hasReason, keyOf } from '@navarch/machinery';
import { type DnsSettings, logFile, type NodeDirs, podDir, sandboxConfig } from './container-config.ts';
import type { ContainerRuntime } from './cri/index.ts';
import { type Action, decide } from './pod-machine/decide.ts';
import type { Memory, ProbeResults, Waiting } from './pod-machine/memory.ts';
import { isRunning, newest, type Observed, type ObservedContainer } from './pod-machine/observed.ts';
import type { Files, HostFacts, Prober } from './ports.ts';
import { prepareContainer, type PrepareDeps } from './prepare-container.ts';
import { portOf, runProbes } from './probes.ts';
import { StartError, type StartReason } from './start-error.ts';
import { PodVolumes } from './volumes/pod-volumes.ts';
import type { VolumeHost } from './volumes/volume-plugin.ts';

export interface PodWorkerDeps extends PrepareDeps {
  readonly api: Api;
  readonly runtime: ContainerRuntime;
  readonly files: Files;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly log: Logger;
  readonly recorder: Recorder;
  readonly host: HostFacts;
  readonly nodeName: string;
  readonly dirs: NodeDirs;
  readonly dns: DnsSettings;
  readonly volumes: VolumeHost;
  /** What the runtime holds of the pod right now. */
  observe(uid: string, signal: AbortSignal): Promise<Observed>;
}

const RETRY_MS = 1000;
/** Live volumes follow what they are made from within this time. */
const REFRESH_MS = 60_000;

/** Looks after one pod: observes, decides, acts, reports; again whenever something moved. */
export class PodWorker {
  readonly #deps: PodWorkerDeps;
  readonly #volumes: PodVolumes;
  readonly #moved = new Notifier();
  readonly #probing = new Map<string, AbortController>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #probes = new Map<string, ProbeResults>();
  #pod: Pod;
  #isDirty = true;
  #areVolumesReady = false;
  #volumeError: string | undefined;
  #sandboxRetryAt: number | undefined;
  #podIP: string | undefined;
  #refreshAt = 0;
  #reported: PodStatus | undefined;

  constructor(pod: Pod, deps: PodWorkerDeps) {
    this.#pod = pod;
    this.#deps = deps;
    this.#volumes = new PodVolumes({ host: deps.volumes, dirs: deps.dirs, clock: deps.clock });
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** The API has a newer version of the pod. */
  update(pod: Pod): void {
    this.#pod = pod;
    this.poke();
  }

  /** Something may have changed: look again. */
  poke(): void {
    this.#isDirty = true;
    this.#moved.notify();
  }

  /** Resolves when nothing of the pod is left on the node, or the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await using group = new TaskGroup(signal);
    while (!group.signal.aborted) {
      this.#isDirty = false;
      let waitMs = REFRESH_MS;
      try {
        const outcome = await this.#round(group);
        if (outcome === 'finished') return;
        waitMs = outcome;
      } catch (error) {
        if (group.signal.aborted) return;
        this.#deps.log.warn('pod sync failed', { pod: keyOf(this.#pod), error });
        waitMs = RETRY_MS;
      }
      if (!this.#isDirty) await this.#wait(waitMs, group.signal);
    }
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const either = AbortSignal.any([signal, end.signal]);
    await Promise.race([this.#deps.clock.sleep(ms, either).catch(() => undefined), this.#moved.wait(either).catch(() => undefined)]);
    end.abort();
  }

  /** Milliseconds until it is worth looking again. */
  async #round(group: TaskGroup): Promise<number | 'finished'> {
    const { clock } = this.#deps;
    const now = clock.now();
    const observed = await this.#deps.observe(this.#pod.metadata.uid, group.signal);
    this.#podIP = observed.sandboxes[0]?.ip || this.#podIP;
    const { actions, status, lookAgainAt } = decide(this.#pod, observed, this.#memory(), now);
    this.#tendProbes(observed, group);
    await this.#report(status);
    for (const action of actions) {
      if (action.type === 'finish') {
        await this.#finish(observed, group.signal);
        return 'finished';
      }
      await this.#act(action, observed, group.signal);
    }
    if (actions.length > 0) return this.#volumeError ? Math.max(10, this.#volumes.retryAt - clock.now()) : 0;
    await this.#refresh(now);
    return Math.max(10, Math.min(REFRESH_MS, (lookAgainAt ?? Number.POSITIVE_INFINITY) - now));
  }

  #memory(): Memory {
    return {
      waiting: this.#waiting, probes: this.#probes, areVolumesReady: this.#areVolumesReady,
      ...(this.#volumeError === undefined ? {} : { volumeError: this.#volumeError }),
      ...(this.#podIP === undefined ? {} : { podIP: this.#podIP }),
      ...(this.#sandboxRetryAt === undefined ? {} : { sandboxRetryAt: this.#sandboxRetryAt }),
    };
  }

  async #report(status: PodStatus): Promise<void> {
    const { api, nodeIP } = this.#deps;
    const full: PodStatus = { ...status, hostIP: nodeIP, hostIPs: [{ ip: nodeIP }] };
    if (equalJson(full, this.#reported)) return;
    try {
      // One request, and what others wrote (conditions of their own) stays. The uid keeps it from a later pod of that name.
      const body = { metadata: { uid: this.#pod.metadata.uid }, status: { ...absentFrom(full, this.#pod.status), ...full } };
      this.#pod = await api.of(podKind).patch(keyOf(this.#pod), { type: 'strategic', body }, { subresource: 'status' });
      this.#reported = full;
    } catch (error) {
      // Deleted by force, and perhaps made anew: what runs is ended by the kubelet.
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    }
  }

  async #act(action: Exclude<Action, { type: 'finish' }>, observed: Observed, signal: AbortSignal): Promise<void> {
    const { runtime } = this.#deps;
    switch (action.type) {
      case 'prepare-volumes': return this.#prepareVolumes();
      case 'start-sandbox': return this.#startSandbox(action.attempt, signal);
      case 'stop-sandbox': return void await runtime.stopPodSandbox({ podSandboxId: action.id }, signal);
      case 'start-container': return this.#startContainer(action.container, action.attempt, action.sandboxId, observed, signal);
      case 'kill-containers': return void await settleAll(action.containers.map((c) => this.#kill(c, action.graceSeconds, action.message, signal)));
      case 'remove-containers': return void await settleAll(action.ids.map((containerId) => runtime.removeContainer({ containerId }, signal)));
    }
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    const { apiVersion, kind, metadata } = this.#pod;
    const isInit = this.#pod.spec.initContainers?.some((c) => c.name === container);
    this.#deps.recorder.record({
      apiVersion, kind, name: metadata.name, namespace: metadata.namespace ?? '', uid: metadata.uid, resourceVersion: metadata.resourceVersion,
      ...(container ? { fieldPath: `spec.${isInit ? 'initContainers' : 'containers'}{${container}}` } : {}),
    }, { type, reason, message });
  }

  async #prepareVolumes(): Promise<void> {
    const problems = await this.#volumes.prepare(this.#pod);
    for (const { message } of problems) this.#event('Warning', 'FailedMount', message);
    this.#areVolumesReady = problems.length === 0;
    this.#volumeError = problems[0]?.message;
    this.#refreshAt = this.#deps.clock.now() + REFRESH_MS;
  }

  /** Files made from cluster objects follow them. */
  async #refresh(now: number): Promise<void> {
    if (!this.#areVolumesReady || now < this.#refreshAt || this.#pod.metadata.deletionTimestamp) return;
    this.#refreshAt = now + REFRESH_MS;
    for (const { message } of await this.#volumes.refresh(this.#pod)) this.#event('Warning', 'FailedMount', message);
  }

  async #startSandbox(attempt: number, signal: AbortSignal): Promise<void> {
    const { runtime, files, dirs, dns, host, clock } = this.#deps;
    const config = sandboxConfig(this.#pod, attempt, dirs, dns, host);
    try {
      await files.makeDir(config.logDirectory ?? '', 0o755);
      await runtime.runPodSandbox({ config }, signal);
      this.#sandboxRetryAt = undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      this.#sandboxRetryAt = clock.now() + 2 * RETRY_MS;
      this.#event('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${(error as Error).message}`);
    }
  }

  async #startContainer(container: Container, attempt: number, sandboxId: string, observed: Observed, signal: AbortSignal): Promise<void> {
    const { runtime } = this.#deps;
    const event = (type: 'Normal' | 'Warning', reason: string, message: string): void => this.#event(type, reason, message, container.name);
    const ip = observed.sandboxes[0]?.ip ?? '';
    try {
      const config = await prepareContainer({ pod: this.#pod, container, attempt, ip, event }, this.#volumes, this.#deps, signal);
      const sandbox = sandboxConfig(this.#pod, observed.sandboxes[0]?.attempt ?? 0, this.#deps.dirs, this.#deps.dns, this.#deps.host);
      const { containerId } = await as('CreateContainerError', runtime.createContainer({ podSandboxId: sandboxId, config, sandboxConfig: sandbox }, signal));
      event('Normal', 'Created', `Container created`);
      await as('RunContainerError', runtime.startContainer({ containerId }, signal));
      event('Normal', 'Started', `Container started`);
      this.#waiting.delete(container.name);
      await this.#postStart(container, containerId, ip, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#couldNotStart(container, error instanceof StartError ? error : new StartError('CreateContainerError', (error as Error).message, { cause: error }));
    }
  }

  #couldNotStart(container: Container, error: StartError): void {
    const failures = (this.#waiting.get(container.name)?.failures ?? 0) + 1;
    const retryAt = error.retryAt ?? this.#deps.clock.now() + 2 * RETRY_MS;
    this.#waiting.set(container.name, { reason: error.reason, message: error.message, retryAt, failures });
    this.#event('Warning', 'Failed', error.eventMessage, container.name);
  }

  async #postStart(container: Container, containerId: string, ip: string, signal: AbortSignal): Promise<void> {
    const hook = container.lifecycle?.postStart;
    if (!hook) return;
    const problem = await this.#hook(hook, container, containerId, ip, signal);
    if (problem === undefined) return;
    this.#event('Warning', 'FailedPostStartHook', `PostStartHook failed`, container.name);
    await this.#deps.runtime.stopContainer({ containerId, timeout: this.#pod.spec.terminationGracePeriodSeconds ?? 30 }, signal);
  }

  async #hook(hook: NonNullable<NonNullable<Container['lifecycle']>['preStop']>, container: Container, containerId: string, ip: string, signal: AbortSignal): Promise<string | undefined> {
    const { runtime, prober, clock } = this.#deps;
    try {
      if (hook.sleep) await clock.sleep(hook.sleep.seconds * 1000, signal);
      if (hook.exec) {
        const { exitCode, stderr } = await runtime.execSync({ containerId, cmd: hook.exec.command ?? [], timeout: 0 }, signal);
        return exitCode === 0 ? undefined : `exited with ${exitCode}: ${new TextDecoder().decode(stderr)}`;
      }
      if (hook.httpGet) {
        const { host = ip, port, path = '/', scheme, httpHeaders = [] } = hook.httpGet;
        return await prober.http({ host, port: portOf(container, port) ?? 80, path, isTls: scheme === 'HTTPS', headers: Object.fromEntries(httpHeaders.map((h) => [h.name, h.value])) }, 30_000, signal);
      }
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async #kill(target: ObservedContainer, graceSeconds: number, message: string, signal: AbortSignal): Promise<void> {
    const { runtime, clock } = this.#deps;
    this.#event('Normal', 'Killing', message === 'Stopping container' ? `Stopping container ${target.name}` : message, target.name);
    this.#stopProbing(target.id);
    const spec = [...(this.#pod.spec.initContainers ?? []), ...this.#pod.spec.containers].find((c) => c.name === target.name);
    const started = clock.monotonic();
    const hook = spec?.lifecycle?.preStop;
    if (spec && hook && isRunning(target) && graceSeconds > 0) {
      const limit = new AbortController();
      const both = AbortSignal.any([signal, limit.signal]);
      const ip = this.#pod.status.podIP ?? '';
      const problem = await Promise.race([this.#hook(hook, spec, target.id, ip, both), clock.sleep(graceSeconds * 1000, both).then(() => 'out of time', () => undefined)]);
      limit.abort();
      if (problem !== undefined) this.#event('Warning', 'FailedPreStopHook', 'PreStopHook failed', target.name);
    }
    const left = Math.max(2, graceSeconds - Math.floor((clock.monotonic() - started) / 1000));
    await runtime.stopContainer({ containerId: target.id, timeout: graceSeconds === 0 ? 0 : left }, signal);
  }

  /** Every running container that has probes is probed by one task; the task ends with the container. */
  #tendProbes(observed: Observed, group: TaskGroup): void {
    const running = new Set(observed.containers.filter(isRunning).map((c) => c.id));
    for (const id of this.#probing.keys()) if (!running.has(id)) this.#stopProbing(id);
    if (this.#pod.metadata.deletionTimestamp) return;
    const ip = observed.sandboxes[0]?.ip || this.#deps.nodeIP;
    for (const container of [...(this.#pod.spec.initContainers ?? []), ...this.#pod.spec.containers]) {
      const current = newest(observed, container.name);
      const hasProbes = container.startupProbe ?? container.livenessProbe ?? container.readinessProbe;
      if (!hasProbes || !current || !running.has(current.id) || this.#probing.has(current.id)) continue;
      this.#startProbing(container, current.id, ip, group);
    }
  }

  #startProbing(container: Container, containerId: string, ip: string, group: TaskGroup): void {
    const stop = new AbortController();
    this.#probing.set(containerId, stop);
    const deps = {
      runtime: this.#deps.runtime, prober: this.#deps.prober, clock: this.#deps.clock,
      changed: (results: ProbeResults) => {
        this.#probes.set(containerId, results);
        this.poke();
      },
      failed: (kind: string, output: string) => this.#event('Warning', 'Unhealthy', `${kind} probe failed: ${output.slice(0, 1024)}`, container.name),
    };
    group.spawn((signal) => runProbes({ pod: this.#pod, container, containerId, ip }, deps, AbortSignal.any([signal, stop.signal])));
  }

  #stopProbing(containerId: string): void {
    this.#probing.get(containerId)?.abort(new Error('The container has ended'));
    this.#probing.delete(containerId);
    this.#probes.delete(containerId);
  }

  /** Nothing runs any more: nothing may be left, and the API may forget the pod. */
  async #finish(observed: Observed, signal: AbortSignal): Promise<void> {
    const { runtime, files, dirs, api } = this.#deps;
    await settleAll(observed.containers.map(({ id }) => runtime.removeContainer({ containerId: id }, signal)));
    await settleAll(observed.sandboxes.map(({ id }) => runtime.removePodSandbox({ podSandboxId: id }, signal)));
    await this.#volumes.tearDown(this.#pod);
    const { metadata } = this.#pod;
    await files.removeTree(podDir(dirs, metadata.uid));
    await files.removeTree(logFile(dirs, this.#pod, '', 0).replace(/\/\/0\.log$/, ''));
    try {
      await api.of(podKind).delete(keyOf(this.#pod), { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } });
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error; // Gone, or another pod of that name by now.
    }
  }
}

/** Nulls for what the kubelet once said and no longer says: a patch would keep it. */
function absentFrom(next: PodStatus, previous: PodStatus): Readonly<Record<string, null>> {
  const own = ['reason', 'message', 'podIP', 'podIPs', 'initContainerStatuses'] as const;
  return Object.fromEntries(own.filter((name) => next[name] === undefined && previous[name] !== undefined).map((name) => [name, null]));
}

/** What the runtime refuses, by the step that it refused. */
async function as<T>(reason: StartReason, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new StartError(reason, (error as Error).message, { cause: error });
  }
}
