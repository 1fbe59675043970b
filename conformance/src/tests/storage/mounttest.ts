import assert from 'node:assert/strict';
import type { Container, PodSpec } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import type { TestContext } from '../../conformance-test.ts';
import { outputOf } from '../../pods.ts';

export type Volume = NonNullable<Draft<PodSpec>['volumes']>[number];
export type Mount = NonNullable<Draft<Container>['volumeMounts']>[number];

/** How long tests wait for a change of an object to be seen in a volume: the time that upstream's give it. */
export const UPDATE_MS = 180_000;
/** For tests that wait for several changes, one after the other. */
export const UPDATE_TEST_MS = 900_000;

/** A container of the test helper that looks at volumes: the arguments say at what. */
export const mounttest = (name: string, args: readonly string[], mounts: readonly Mount[]): Draft<Container> => ({
  name,
  image: 'navarch-testhost',
  imagePullPolicy: 'IfNotPresent',
  args: ['mounttest', ...args],
  volumeMounts: [...mounts],
});

/** One that tells a file's content every two seconds, for as long as tests wait for changes of it. */
export const follow = (name: string, path: string, mount: Mount): Draft<Container> =>
  mounttest(
    name,
    ['--break_on_expected_content=false', `--retry_time=${UPDATE_MS / 1000}`, `--file_content_in_loop=${path}`],
    [mount],
  );

export const contentLine = (path: string, content: string): string =>
  `content of file ${JSON.stringify(path)}: ${content}`;
export const modeLine = (path: string, mode: string): string => `mode of file ${JSON.stringify(path)}: ${mode}`;
export const permsLine = (path: string, mode: string): string => `perms of file ${JSON.stringify(path)}: ${mode}`;

/** Runs a pod to its success; everything in `wanted` must be in what its first container wrote. */
export async function expectOutput(
  context: TestContext,
  pod: string,
  spec: Draft<PodSpec>,
  wanted: readonly (string | RegExp)[],
): Promise<void> {
  const output = await outputOf(context, pod, spec);
  for (const each of wanted) {
    if (typeof each === 'string')
      assert.ok(output.includes(each), `${JSON.stringify(each)} is not in ${JSON.stringify(output)}`);
    else assert.match(output, each);
  }
}
