import { type Container, pod, type PodSpec } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { type ConformanceTest, conformanceTest, type TestContext } from '../../conformance-test.ts';
import { untilLogged } from '../../logs.ts';
import { startPod } from '../../pods.ts';
import { contentLine, expectOutput, modeLine, mounttest, UPDATE_MS, UPDATE_TEST_MS, type Volume } from './mounttest.ts';

const FOLDER = '/etc/podinfo';
const CONTAINER = 'client-container';
const mount = { name: 'podinfo', mountPath: FOLDER };

type Items = NonNullable<NonNullable<Volume['downwardAPI']>['items']>;
interface DownwardSource {
  readonly title: string;
  volume(items: Items, defaultMode?: number): Volume;
}

const modeOf = (defaultMode?: number): { readonly defaultMode?: number } =>
  defaultMode === undefined ? {} : { defaultMode };
const sources: readonly DownwardSource[] = [
  {
    title: 'Downward API volume',
    volume: (items, mode) => ({ name: 'podinfo', downwardAPI: { items, ...modeOf(mode) } }),
  },
  {
    title: 'Projected downwardAPI',
    volume: (items, mode) => ({
      name: 'podinfo',
      projected: { sources: [{ downwardAPI: { items } }], ...modeOf(mode) },
    }),
  },
];

const field = (path: string, fieldPath: string, mode?: number): Items[number] => ({
  path,
  fieldRef: { apiVersion: 'v1', fieldPath },
  ...(mode === undefined ? {} : { mode }),
});
const resource = (path: string, name: string): Items[number] => ({
  path,
  resourceFieldRef: { containerName: CONTAINER, resource: name },
});

/** Everything that the tests look at: a volume has all of it, a test looks at one file. */
const allItems = (podnameMode?: number): Items => [
  field('podname', 'metadata.name', podnameMode),
  resource('cpu_limit', 'limits.cpu'),
  resource('cpu_request', 'requests.cpu'),
  resource('memory_limit', 'limits.memory'),
  resource('memory_request', 'requests.memory'),
];

const LIMITED: Draft<Container['resources']> = {
  requests: { cpu: '250m', memory: '32Mi' },
  limits: { cpu: '1250m', memory: '64Mi' },
};

interface Case {
  readonly file: string;
  readonly content?: string | RegExp;
  readonly mode?: string;
  readonly resources?: Draft<Container['resources']>;
  readonly itemMode?: number;
  readonly defaultMode?: number;
}

async function readOne(
  context: TestContext,
  source: DownwardSource,
  { file, content, mode, resources, itemMode, defaultMode }: Case,
): Promise<void> {
  const path = `${FOLDER}/${file}`;
  const name = `downwardapi-volume-${context.unique}`;
  const container = mounttest(
    CONTAINER,
    [mode === undefined ? `--file_content=${path}` : `--file_mode=${path}`],
    [mount],
  );
  const wanted = content === 'the name' ? name : content;
  await expectOutput(
    context,
    name,
    {
      containers: [resources ? { ...container, resources } : container],
      volumes: [source.volume(allItems(itemMode), defaultMode)],
    },
    [
      ...(mode === undefined ? [] : [modeLine(path, mode)]),
      ...(wanted === undefined ? [] : [typeof wanted === 'string' ? `${contentLine(path, wanted)}\n` : wanted]),
    ],
  );
}

const cases: readonly (readonly [name: string, one: Case])[] = [
  ['should provide podname only', { file: 'podname', content: 'the name' }],
  ['should set DefaultMode on files', { file: 'podname', mode: '-r--------', defaultMode: 0o400 }],
  ['should set mode on item file', { file: 'podname', mode: '-r--------', itemMode: 0o400 }],
  // Whole cores, rounded up; bytes.
  ["should provide container's cpu limit", { file: 'cpu_limit', content: '2', resources: LIMITED }],
  ["should provide container's cpu request", { file: 'cpu_request', content: '1', resources: LIMITED }],
  ["should provide container's memory limit", { file: 'memory_limit', content: '67108864', resources: LIMITED }],
  ["should provide container's memory request", { file: 'memory_request', content: '33554432', resources: LIMITED }],
  [
    'should provide node allocatable (cpu) as default cpu limit if the limit is not set',
    { file: 'cpu_limit', content: /content of file "\/etc\/podinfo\/cpu_limit": [1-9]\d*\n/ },
  ],
  [
    'should provide node allocatable (memory) as default memory limit if the limit is not set',
    { file: 'memory_limit', content: /content of file "\/etc\/podinfo\/memory_limit": [1-9]\d*\n/ },
  ],
];

type Facts = 'labels' | 'annotations';
interface Update {
  readonly before: Readonly<Record<string, string>>;
  readonly change: Readonly<Record<string, string>>;
  readonly seenBefore: string;
  readonly seenAfter: string;
}
const updates: Readonly<Record<Facts, Update>> = {
  labels: {
    before: { key1: 'value1', key2: 'value2' },
    change: { key3: 'value3' },
    seenBefore: 'key1="value1"\n',
    seenAfter: 'key3="value3"\n',
  },
  annotations: {
    before: { builder: 'bar' },
    change: { builder: 'foo' },
    seenBefore: 'builder="bar"\n',
    seenAfter: 'builder="foo"\n',
  },
};

const update = (source: DownwardSource, what: Facts): ConformanceTest =>
  conformanceTest(
    `[sig-storage] ${source.title} should update ${what} on modification`,
    async (context) => {
      const { before, change, seenBefore, seenAfter } = updates[what];
      const name = `${what}update-${context.unique}`;
      const spec: Draft<PodSpec> = {
        containers: [
          mounttest(
            CONTAINER,
            ['--break_on_expected_content=false', '--retry_time=120', `--file_content_in_loop=${FOLDER}/${what}`],
            [mount],
          ),
        ],
        restartPolicy: 'Never',
        volumes: [source.volume([...allItems(), field(what, `metadata.${what}`)])],
      };
      await startPod(context, name, spec, { [what]: { ...before } });
      await untilLogged(context, name, CONTAINER, seenBefore, UPDATE_MS);
      await context.api.of(pod).update(`${context.namespace}/${name}`, (current) => ({
        ...current,
        metadata: { ...current.metadata, [what]: { ...current.metadata[what], ...change } },
      }));
      await untilLogged(context, name, CONTAINER, seenAfter, UPDATE_MS);
    },
    UPDATE_TEST_MS,
  );

export const downwardVolumeTests: readonly ConformanceTest[] = sources.flatMap((source) => [
  ...cases.map(([name, one]) =>
    conformanceTest(`[sig-storage] ${source.title} ${name}`, (context) => readOne(context, source, one)),
  ),
  update(source, 'labels'),
  update(source, 'annotations'),
]);
