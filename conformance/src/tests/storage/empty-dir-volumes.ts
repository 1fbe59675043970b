import assert from 'node:assert/strict';
import type { PodSpec } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { type ConformanceTest, conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, getPod } from '../../pods.ts';
import { until } from '../../until.ts';
import { contentLine, expectOutput, mounttest, permsLine } from './mounttest.ts';

const FOLDER = '/test-volume';
const FILE = `${FOLDER}/test-file`;
const START_MS = 300_000;

type Medium = 'default' | 'tmpfs';
interface Looked {
  readonly medium: Medium;
  readonly user?: number;
  readonly args: readonly string[];
  readonly wanted: readonly string[];
}

/** Looks at an emptyDir from inside: its file system, then what the arguments say. */
async function look(context: TestContext, { medium, user, args, wanted }: Looked): Promise<void> {
  const spec: Draft<PodSpec> = {
    securityContext: { seLinuxOptions: { level: 's0' }, ...(user === undefined ? {} : { runAsUser: user }) },
    containers: [
      mounttest('test-container', [`--fs_type=${FOLDER}`, ...args], [{ name: 'test-volume', mountPath: FOLDER }]),
    ],
    volumes: [{ name: 'test-volume', emptyDir: medium === 'tmpfs' ? { medium: 'Memory' } : {} }],
  };
  await expectOutput(context, `pod-${context.unique}`, spec, [
    ...wanted,
    ...(medium === 'tmpfs' ? [`mount type of "${FOLDER}": tmpfs`] : []),
  ]);
}

const modes = [
  ['0644', '-rw-r--r--'],
  ['0666', '-rw-rw-rw-'],
  ['0777', '-rwxrwxrwx'],
] as const;
const users = [
  ['root', undefined],
  ['non-root', 1001],
] as const;
const media: readonly Medium[] = ['default', 'tmpfs'];

const files: readonly ConformanceTest[] = media.flatMap((medium) =>
  users.flatMap(([who, user]) =>
    modes.map(([mode, perms]) =>
      conformanceTest(`[sig-storage] EmptyDir volumes should support (${who},${mode},${medium})`, (context) =>
        look(context, {
          medium,
          ...(user === undefined ? {} : { user }),
          args: [`--new_file_${mode}=${FILE}`, `--file_perm=${FILE}`],
          wanted: [permsLine(FILE, perms), contentLine(FILE, 'mount-tester new file')],
        }),
      ),
    ),
  ),
);

const folders = media.map((medium) =>
  conformanceTest(
    `[sig-storage] EmptyDir volumes volume on ${medium === 'tmpfs' ? medium : 'default medium'} should have the correct mode`,
    (context) => look(context, { medium, args: [`--file_perm=${FOLDER}`], wanted: [permsLine(FOLDER, '-rwxrwxrwx')] }),
  ),
);

const busybox = (name: string, script: string, mountPath: string): Draft<PodSpec['containers'][number]> => ({
  name,
  image: 'busybox',
  imagePullPolicy: 'IfNotPresent',
  command: ['/bin/sh'],
  args: ['-c', script],
  volumeMounts: [{ name: 'shared-data', mountPath }],
});

const shared = conformanceTest(
  '[sig-storage] EmptyDir volumes pod should support shared volumes between containers',
  async (context) => {
    const name = `pod-sharedvolume-${context.unique}`;
    await createPod(context, name, {
      containers: [
        busybox('busybox-main-container', 'trap exit TERM; while true; do sleep 1; done', '/usr/share/volumeshare'),
        busybox(
          'busybox-sub-container',
          'echo Hello from the busy-box sub-container > /pod-data/shareddata.txt',
          '/pod-data',
        ),
      ],
      volumes: [{ name: 'shared-data', emptyDir: {} }],
      terminationGracePeriodSeconds: 0,
      restartPolicy: 'Never',
    });
    await until(
      context,
      `pod ${name} running`,
      START_MS,
      async () => (await getPod(context, name)).status.phase === 'Running',
    );
    const told = await context.kubectl([
      'exec',
      name,
      '-c',
      'busybox-main-container',
      '--',
      '/bin/sh',
      '-c',
      'cat /usr/share/volumeshare/shareddata.txt',
    ]);
    assert.equal(told.trim(), 'Hello from the busy-box sub-container');
  },
);

export const emptyDirVolumeTests: readonly ConformanceTest[] = [...files, ...folders, shared];
