import assert from 'node:assert/strict';
import { isReady, pod, type Pod, type PodSpec } from '@navarch/api';
import { type Draft, hasReason } from '@navarch/machinery';
import type { TestContext } from './conformance-test.ts';
import { until } from './until.ts';

const START_MS = 120_000;

/** Creates a pod in the test's namespace. */
export const createPod = (context: TestContext, name: string, spec: Draft<PodSpec>, metadata: Draft<Pod['metadata']> = {}): Promise<Pod> =>
  context.api.of(pod).create({ metadata: { ...metadata, name, namespace: context.namespace }, spec });

/** Creates a pod and waits until it is Ready. */
export async function startPod(context: TestContext, name: string, spec: Draft<PodSpec>, metadata: Draft<Pod['metadata']> = {}): Promise<Pod> {
  await createPod(context, name, spec, metadata);
  await until(context, `pod ${name} being Ready`, START_MS, async () => isReady(await getPod(context, name)));
  return getPod(context, name);
}

export const getPod = (context: TestContext, name: string): Promise<Pod> => context.api.of(pod).get(`${context.namespace}/${name}`);

export async function isGone(context: TestContext, name: string): Promise<boolean> {
  try {
    await getPod(context, name);
    return false;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return true;
    throw error;
  }
}

/** Runs a pod to its end, which must be a success, and gives what its container wrote. */
export async function outputOf(context: TestContext, name: string, spec: Draft<PodSpec>): Promise<string> {
  await createPod(context, name, { ...spec, restartPolicy: 'Never' });
  await until(context, `the end of pod ${name}`, START_MS, async () =>
    ['Succeeded', 'Failed'].includes((await getPod(context, name)).status.phase ?? ''));
  const output = await context.kubectl(['logs', name]);
  context.log(`output of ${name}: ${output}`);
  assert.equal((await getPod(context, name)).status.phase, 'Succeeded');
  return output;
}

/** A container that runs `script` with the shell of busybox. */
export const shell = (script: string): { readonly name: string; readonly image: string; readonly imagePullPolicy: 'IfNotPresent'; readonly command: string[] } => ({
  name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script],
});
