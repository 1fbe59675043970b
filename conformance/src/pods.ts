import assert from 'node:assert/strict';
import { type Container, isReady, pod, type Pod, type PodSpec } from '@navarch/api';
import type { DeleteOptions } from '@navarch/client';
import type { Draft } from '@navarch/machinery';
import type { TestContext } from './conformance-test.ts';
import { request } from './requests.ts';
import { BUSYBOX } from './testhost.ts';
import { isNotFound, until } from './until.ts';

const START_MS = 120_000;

/** Creates a pod in the test's namespace. */
export const createPod = (
  context: TestContext,
  name: string,
  spec: Draft<PodSpec>,
  metadata: Draft<Pod['metadata']> = {},
): Promise<Pod> => context.api.of(pod).create({ metadata: { ...metadata, name, namespace: context.namespace }, spec });

/** Creates a pod and waits until it is Ready. */
export async function startPod(
  context: TestContext,
  name: string,
  spec: Draft<PodSpec>,
  metadata: Draft<Pod['metadata']> = {},
): Promise<Pod> {
  await createPod(context, name, spec, metadata);
  return untilPod(context, name, 'being Ready', START_MS, isReady);
}

export const getPod = (context: TestContext, name: string): Promise<Pod> =>
  context.api.of(pod).get(`${context.namespace}/${name}`);

/** Reads the pod until it is as wanted, and gives it as it is then. A failure shows the status that it had instead. */
export async function untilPod(
  context: TestContext,
  name: string,
  what: string,
  timeoutMs: number,
  isSo: (pod: Pod) => boolean,
): Promise<Pod> {
  let last: Pod | undefined;
  try {
    await until(context, `pod ${name} ${what}`, timeoutMs, async () => isSo((last = await getPod(context, name))));
  } catch (error) {
    context.log(`status of ${name}: ${JSON.stringify(last?.status)}`);
    throw error;
  }
  return last ?? getPod(context, name);
}

export const untilRunning = (context: TestContext, name: string, timeoutMs = START_MS): Promise<Pod> =>
  untilPod(context, name, 'running', timeoutMs, ({ status }) => status.phase === 'Running');

/** Waits until all of the pod's containers are over for good. */
export const untilOver = (context: TestContext, name: string, timeoutMs = START_MS): Promise<Pod> =>
  untilPod(
    context,
    name,
    'being over',
    timeoutMs,
    ({ status }) => status.phase === 'Succeeded' || status.phase === 'Failed',
  );

export const isGone = (context: TestContext, name: string): Promise<boolean> => isNotFound(getPod(context, name));

/** Deletes a pod and waits until it is gone. */
export async function removePod(context: TestContext, name: string, options: DeleteOptions = {}): Promise<void> {
  await context.api.of(pod).delete(`${context.namespace}/${name}`, options);
  await until(context, `pod ${name} being gone`, START_MS, () => isGone(context, name));
}

/** What a container has written; its only one when none is named. */
export async function logsOf(
  context: TestContext,
  name: string,
  query: Readonly<Record<string, string>> = {},
): Promise<string> {
  const path = `/api/v1/namespaces/${context.namespace}/pods/${name}/log?${new URLSearchParams(query)}`;
  const { status, text } = await request(context, { path, accept: '*/*' });
  if (status !== 200) throw new Error(`the log of ${name} was answered ${status}: ${text}`);
  return text;
}

/** Runs a pod to its end, which must be a success, and gives what its container wrote: its first one when none is named. */
export async function outputOf(
  context: TestContext,
  name: string,
  spec: Draft<PodSpec>,
  { container, metadata }: { readonly container?: string; readonly metadata?: Draft<Pod['metadata']> } = {},
): Promise<string> {
  await createPod(context, name, { ...spec, restartPolicy: 'Never' }, metadata);
  const {
    status,
    spec: { containers },
  } = await untilOver(context, name);
  const output = await logsOf(context, name, { container: container ?? containers[0]?.name ?? '' });
  context.log(`output of ${name}: ${output}`);
  assert.equal(status.phase, 'Succeeded');
  return output;
}

/** Every line is among the lines of the output. */
export function hasLines(output: string, lines: readonly string[]): void {
  const all = new Set(output.split('\n'));
  assert.deepEqual(
    lines.filter((line) => !all.has(line)),
    [],
    'lines that are not in the output',
  );
}

/** A container that runs `script` with the shell of busybox. */
export const shell = (script: string): Draft<Container> & { readonly name: string } => ({
  name: 'main',
  image: BUSYBOX,
  command: ['sh', '-c', script],
});
