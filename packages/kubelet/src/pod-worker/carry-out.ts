import type { Pod } from '@navarch/api';
import { logFile, podDir, sandboxConfig } from '../container-config.ts';
import { dnsProblems } from '../container/dns-config.ts';
import { memoryQos } from '../container/memory-qos.ts';
import { linuxResources } from '../container/resources.ts';
import { orGone } from '../cri/or-gone.ts';
import { removeLogs } from '../logs/rotate-logs.ts';
import type { Action, PreStop, ResizeContainer, StopContainer } from '../pod-machine/action.ts';
import type { Observed } from '../pod-machine/observed.ts';
import { grows } from '../pod-machine/resize.ts';
import { ORDINARY_RULES } from '../pod-rules.ts';
import { FIRST_REFUSAL_PAUSE_MS, refusalPauseMs } from './refusal-pause.ts';
import type { StatusReporter } from './report-status.ts';
import { runHook } from './run-hook.ts';
import type { Moved } from './pod-view.ts';
import { startContainer, type StartDeps } from './start-container.ts';

export interface StepDeps extends StartDeps {
  readonly reporter: StatusReporter;
}

/** As the kernel says that nothing limits a container's share of processors. */
const NO_QUOTA = -1;

/**
 * Does one step. Resolves to what it has moved in the runtime. Rejects when it could not be done: it is then decided
 * anew, and begun again after a pause.
 */
export async function carryOut(
  action: Action,
  pod: Pod,
  observed: Observed,
  deps: StepDeps,
  signal: AbortSignal,
): Promise<Moved> {
  switch (action.type) {
    case 'prepare-volumes':
      await prepareVolumes(pod, deps, signal);
      return 'nothing';
    case 'start-sandbox':
      return startSandbox(pod, action, deps, signal);
    case 'start-container': {
      const [sandbox] = observed.sandboxes;
      return sandbox ? startContainer(pod, action, sandbox, deps, signal) : 'anything';
    }
    default:
      await changeOrEnd(action, pod, observed, deps, signal);
      return 'anything';
  }
}

type ChangeOrEnd = Exclude<Action, { type: 'prepare-volumes' | 'start-sandbox' | 'start-container' }>;

async function changeOrEnd(
  action: ChangeOrEnd,
  pod: Pod,
  observed: Observed,
  deps: StepDeps,
  signal: AbortSignal,
): Promise<void> {
  const { runtime } = deps;
  const [sandbox] = observed.sandboxes;
  switch (action.type) {
    case 'tear-down-volumes':
      await deps.podVolumes.tearDown(pod);
      deps.notes.volumes = 'gone';
      return;
    case 'stop-sandbox':
      return void (await runtime.stopPodSandbox({ podSandboxId: action.id }, signal));
    case 'remove-sandbox':
      return removeSandbox(action.id, deps, signal);
    case 'post-start':
      return postStart(action.id, action.container, sandbox?.ip ?? '', deps, signal);
    case 'pre-stop':
      return preStop(action, sandbox?.ip ?? '', deps, signal);
    case 'stop-container':
      return stopContainer(action, deps, signal);
    case 'resize-container':
      return resizeContainer(pod, action, deps, signal);
    case 'remove-container':
      return removeContainer(pod, action, deps, signal);
    case 'finish':
      return finish(pod, observed, deps, signal);
  }
}

/** Upstream's word for a node that has as many volumes of a driver as it can bear (KEP-4876). */
const EXHAUSTED = 'VolumeAttachmentLimitExceeded';

async function prepareVolumes(pod: Pod, { podVolumes, notes, events }: StepDeps, signal: AbortSignal): Promise<void> {
  const problems = await podVolumes.prepare(pod, signal);
  const exhausted = problems.find(({ isExhausted }) => isExhausted);
  if (exhausted) {
    notes.rejection = { reason: EXHAUSTED, message: exhausted.message };
    events.about('Warning', EXHAUSTED, exhausted.message);
    return;
  }
  for (const { message, isQuiet } of problems) if (!isQuiet) events.about('Warning', 'FailedMount', message);
  notes.volumes = problems.length === 0 ? 'ready' : 'unknown';
  notes.volumesRetryAt = problems.length === 0 ? undefined : podVolumes.retryAt;
}

async function startSandbox(
  pod: Pod,
  action: Extract<Action, { type: 'start-sandbox' }>,
  deps: StepDeps,
  signal: AbortSignal,
): Promise<Moved> {
  const { runtime, files, dirs, dns, host, clock, random, notes, events } = deps;
  try {
    const runtimeHandler = await handlerOf(pod, deps);
    const abilities = runtime.features().handlers.find(({ name }) => name === runtimeHandler);
    if (pod.spec.hostUsers === false && !abilities?.hasUserNamespaces) throw new Error(noUsers(runtimeHandler));
    const config = sandboxConfig(pod, action.attempt, dirs, dns, host, deps.rules, await deps.userIds.of(pod));
    if (action.after) {
      events.about('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
      await runtime.stopPodSandbox({ podSandboxId: action.after }, signal); // Its network may still be there.
    }
    for (const [reason, message] of dnsProblems(pod, dns, host)) events.about('Warning', reason, message);
    await files.makeDir(config.logDirectory ?? '', 0o755);
    if (!(await prepareClaims(pod, deps, signal))) return 'anything';
    deps.cgroups.enter(pod);
    const { podSandboxId: id } = await runtime.runPodSandbox({ config, runtimeHandler }, signal);
    notes.sandboxRetryAt = undefined;
    return action.after ? 'anything' : { type: 'sandbox', id };
  } catch (error) {
    if (signal.aborted) throw error;
    const isFirst = notes.sandboxRetryAt === undefined;
    notes.sandboxRetryAt = clock.now() + (isFirst ? FIRST_REFUSAL_PAUSE_MS : refusalPauseMs(random));
    events.about('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${(error as Error).message}`);
    return 'anything';
  }
}

const noUsers = (handler: string): string =>
  `can't set \`spec.hostUsers: false\`, ${handler === '' ? 'runtime' : `RuntimeClass handler ${JSON.stringify(handler)}`} does not support user namespaces`;

/** False where a driver has not made ready what the pod claims: it is asked again. */
async function prepareClaims(pod: Pod, deps: StepDeps, signal: AbortSignal): Promise<boolean> {
  const { resources, notes, events, clock, random } = deps;
  try {
    await resources.prepareClaims(pod, signal);
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    notes.sandboxRetryAt = clock.now() + refusalPauseMs(random);
    const message = `Failed to prepare dynamic resources: prepare dynamic resources: ${(error as Error).message}`;
    events.about('Warning', 'FailedPrepareDynamicResources', message);
    return false;
  }
}

/** Empty: the runtime's own. */
const handlerOf = async ({ spec }: Pod, deps: StepDeps): Promise<string> =>
  spec.runtimeClassName ? deps.handlerOf(spec.runtimeClassName) : '';

async function postStart(
  id: string,
  container: Extract<Action, { type: 'post-start' }>['container'],
  ip: string,
  deps: StepDeps,
  signal: AbortSignal,
): Promise<void> {
  const { notes, events } = deps;
  const hook = container.lifecycle?.postStart;
  const problem = hook && (await runHook(hook, { container, id, ip }, deps, signal));
  if (problem !== undefined) {
    events.about('Warning', 'FailedPostStartHook', 'PostStartHook failed', container.name);
    notes.waiting.set(container.name, { reason: 'PostStartHookError', message: 'PostStartHook failed', retryAt: 0 });
    notes.doomed.set(id, 'FailedPostStartHook');
  }
  notes.postStarting.delete(id);
}

async function preStop(action: PreStop, ip: string, deps: StepDeps, signal: AbortSignal): Promise<void> {
  const { id, container, message } = action;
  const { notes, events } = deps;
  if (notes.ends(action)) events.about('Normal', 'Killing', message, container.name);
  const hook = container.lifecycle?.preStop;
  const problem = hook && (await runHook(hook, { container, id, ip }, deps, signal));
  if (problem !== undefined) events.about('Warning', 'FailedPreStopHook', 'PreStopHook failed', container.name);
  notes.preStopped.add(id);
}

async function stopContainer(
  action: StopContainer,
  { runtime, notes, events }: StepDeps,
  signal: AbortSignal,
): Promise<void> {
  if (notes.ends(action)) events.about('Normal', 'Killing', action.message, action.name);
  await orGone(runtime.stopContainer({ containerId: action.id, timeout: action.graceSeconds }, signal));
}

/** The pod's cgroup is above the container's: it grows first and shrinks last. */
async function resizeContainer(
  pod: Pod,
  { container, id, given, wanted }: ResizeContainer,
  { runtime, cgroups, host, notes, rules }: StepDeps,
  signal: AbortSignal,
): Promise<void> {
  if (grows(given, wanted)) cgroups.enter(pod);
  const {
    cpuShares,
    cpuPeriod,
    cpuQuota = NO_QUOTA,
    memoryLimitInBytes,
  } = linuxResources(pod, container, host, false, rules);
  const unified = memoryQos(pod, container, host, rules ?? ORDINARY_RULES);
  const more = Object.keys(unified).length > 0 ? { unified } : {};
  await runtime.updateContainerResources(
    { containerId: id, linux: { cpuShares, cpuPeriod, cpuQuota, memoryLimitInBytes, ...more } },
    signal,
  );
  cgroups.enter(pod);
  notes.resized.set(id, wanted);
}

/** With the instance go its log and what it wrote as its last words. */
async function removeContainer(
  pod: Pod,
  { id, name, attempt }: Extract<Action, { type: 'remove-container' }>,
  { runtime, files, dirs }: StepDeps,
  signal: AbortSignal,
): Promise<void> {
  await orGone(runtime.removeContainer({ containerId: id }, signal));
  await removeLogs(logFile(dirs, pod, name, attempt), files);
  await files.removeTree(`${podDir(dirs, pod.metadata.uid)}/containers/${name}/${attempt}`);
}

async function removeSandbox(id: string, { runtime }: StepDeps, signal: AbortSignal): Promise<void> {
  await orGone(runtime.stopPodSandbox({ podSandboxId: id }, signal));
  await orGone(runtime.removePodSandbox({ podSandboxId: id }, signal));
}

async function finish(
  pod: Pod,
  { containers, sandboxes }: Observed,
  deps: StepDeps,
  signal: AbortSignal,
): Promise<void> {
  const { runtime, files, dirs, record, podVolumes, reporter } = deps;
  for (const { id } of containers) await orGone(runtime.removeContainer({ containerId: id }, signal));
  for (const { id } of sandboxes) await removeSandbox(id, deps, signal);
  deps.guard?.dismiss(pod);
  await podVolumes.tearDown(pod);
  deps.cgroups.leave(pod);
  await files.removeTree(podDir(dirs, pod.metadata.uid));
  await files.removeTree(logFile(dirs, pod, '', 0).replace(/\/\/0\.log$/, ''));
  if (record.isCounted) await reporter.settled(signal);
  await record.remove(pod);
}
