import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { schedulingOf } from './scheduling.ts';

const folder = mkdtempSync(join(tmpdir(), 'navarch-scheduling-'));
after(() => rmSync(folder, { recursive: true }));
const HEAD = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const file = join(folder, 'config.yaml');

function read(text: string): ReturnType<typeof schedulingOf> {
  writeFileSync(file, text);
  return schedulingOf(file);
}

test('schedulingOf() takes YAML and JSON, and the default profile where there is no file', () => {
  const names = ({ config: { profiles } }: ReturnType<typeof schedulingOf>) =>
    profiles.map(({ schedulerName }) => schedulerName);
  assert.deepEqual(names(schedulingOf(undefined)), ['default-scheduler']);
  assert.deepEqual(names(read(`${HEAD}profiles: [{schedulerName: a}, {schedulerName: b}]\n`)), ['a', 'b']);
  assert.deepEqual(names(read('{"apiVersion":"kubescheduler.config.k8s.io/v1","kind":"KubeSchedulerConfiguration"}')), [
    'default-scheduler',
  ]);
});

test('schedulingOf() refuses a bad file with one sentence', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['', "couldn't get version/kind: it is empty"],
    [`${HEAD}foo: 1\nbar: 2\n`, 'strict decoding error: unknown field "bar", unknown field "foo"'],
    [`${HEAD}parallelism: 1\nparallelism: 2\n`, 'strict decoding error: line 4: key "parallelism" already set in map'],
    [
      `${HEAD}profiles:\n- plugins:\n    score:\n      enabled:\n      - name: Luck\n`,
      'initializing profiles: creating profile for scheduler name default-scheduler: ScorePlugin "Luck" does not exist',
    ],
    [
      `${HEAD}extenders: [{urlPrefix: 'https://e', tlsConfig: {insecure: true, caData: eA==}}]\n`,
      'extender https://e: specifying a root certificates file with the insecure flag is not allowed',
    ],
    [
      `${HEAD}extenders: [{urlPrefix: 'e:80/x'}]\n`,
      'extenders[0].urlPrefix: Invalid value: "e:80/x": must be a URL of http or https',
    ],
  ];
  for (const [text, why] of rows)
    assert.throws(() => read(text), {
      name: 'UserError',
      message: `--scheduler-config: ${file} cannot be used: ${why}`,
    });
  assert.throws(
    () => schedulingOf(join(folder, 'none')),
    /^UserError: --scheduler-config: .*\/none cannot be used: .*ENOENT/,
  );
});
