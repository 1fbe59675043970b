import { configMap, namespace, type PodSpec, secret } from '@navarch/api';
import type { Draft, Key } from '@navarch/machinery';
import { type ConformanceTest, conformanceTest, type TestContext } from '../../conformance-test.ts';
import { contentLine, expectOutput, modeLine, mounttest, type Volume } from './mounttest.ts';

/** Which keys of an object a volume has, and how its files look. */
interface Selection {
  readonly defaultMode?: number;
  readonly items?: readonly { readonly key: string; readonly path: string; readonly mode?: number }[];
  readonly optional?: boolean;
}

/** One way of bringing the files of an object into pods; all of them are tested alike. */
export interface ObjectSource {
  /** As the official names begin. */
  readonly title: string;
  /** Where tests mount it. */
  readonly folder: string;
  /** The official names of this one write it with a capital M. */
  readonly itemMode: string;
  readonly inOnePod: string;
  /** A key whose value is text. */
  make(context: TestContext, name: string, data: Readonly<Record<string, string>>, where?: string): Promise<void>;
  replace(context: TestContext, name: string, data: Readonly<Record<string, string>>): Promise<void>;
  remove(context: TestContext, name: string): Promise<void>;
  volume(volumeName: string, name: string, selection?: Selection): Volume;
}

const encoded = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));

const keyOf = (context: TestContext, name: string): Key => `${context.namespace}/${name}`;

type Objects = Pick<ObjectSource, 'make' | 'replace' | 'remove'>;

const configMaps: Objects = {
  make: async (context, name, data, where = context.namespace) =>
    void (await context.api.of(configMap).create({ metadata: { name, namespace: where }, data: { ...data } })),
  replace: async (context, name, data) =>
    void (await context.api.of(configMap).update(keyOf(context, name), (old) => ({ ...old, data: { ...data } }))),
  remove: (context, name) => context.api.of(configMap).delete(keyOf(context, name)),
};

const secrets: Objects = {
  make: async (context, name, data, where = context.namespace) =>
    void (await context.api.of(secret).create({ metadata: { name, namespace: where }, data: encoded(data) })),
  replace: async (context, name, data) =>
    void (await context.api.of(secret).update(keyOf(context, name), (old) => ({ ...old, data: encoded(data) }))),
  remove: (context, name) => context.api.of(secret).delete(keyOf(context, name)),
};

const rest = ({ items, optional }: Selection): object => ({
  ...(items ? { items: items.map((item) => ({ ...item })) } : {}),
  ...(optional === undefined ? {} : { optional }),
});
const modeOf = ({ defaultMode }: Selection): { readonly defaultMode?: number } =>
  defaultMode === undefined ? {} : { defaultMode };

export const configMapSource: ObjectSource = {
  title: 'ConfigMap',
  folder: '/etc/configmap-volume',
  itemMode: 'Item mode',
  inOnePod: 'the same pod',
  ...configMaps,
  volume: (volumeName, name, selection = {}) => ({
    name: volumeName,
    configMap: { name, ...modeOf(selection), ...rest(selection) },
  }),
};
export const secretSource: ObjectSource = {
  title: 'Secrets',
  folder: '/etc/secret-volume',
  itemMode: 'Item Mode',
  inOnePod: 'a pod',
  ...secrets,
  volume: (volumeName, name, selection = {}) => ({
    name: volumeName,
    secret: { secretName: name, ...modeOf(selection), ...rest(selection) },
  }),
};
export const projectedConfigMapSource: ObjectSource = {
  title: 'Projected configMap',
  folder: '/etc/projected-configmap-volume',
  itemMode: 'Item mode',
  inOnePod: 'the same pod',
  ...configMaps,
  volume: (volumeName, name, selection = {}) => ({
    name: volumeName,
    projected: { ...modeOf(selection), sources: [{ configMap: { name, ...rest(selection) } }] },
  }),
};
export const projectedSecretSource: ObjectSource = {
  title: 'Projected secret',
  folder: '/etc/projected-secret-volume',
  itemMode: 'Item Mode',
  inOnePod: 'a pod',
  ...secrets,
  volume: (volumeName, name, selection = {}) => ({
    name: volumeName,
    projected: { ...modeOf(selection), sources: [{ secret: { name, ...rest(selection) } }] },
  }),
};

const isSecret = ({ title }: ObjectSource): boolean => /secret/i.test(title);
/** Values of secrets end their line, those of config maps do not: both must come out as they went in. */
const dataFor = (source: ObjectSource): Readonly<Record<string, string>> =>
  Object.fromEntries([1, 2, 3].map((n) => [`data-${n}`, `value-${n}${isSecret(source) ? '\n' : ''}`]));

interface Case {
  readonly selection?: Selection;
  /** The file that is looked at, in the volume. */
  readonly file?: string;
  readonly content?: string;
  readonly mode?: string;
  readonly security?: Draft<PodSpec['securityContext']>;
}

/** Reads one file in a pod of its own: its content and its mode. */
async function readOne(context: TestContext, source: ObjectSource, one: Case, name: string): Promise<void> {
  const { selection = {}, file = 'data-1', content = 'value-1', mode = '-rw-r--r--', security } = one;
  const path = `${source.folder}/${file}`;
  const mount = { name: 'object', mountPath: source.folder, readOnly: true };
  await expectOutput(
    context,
    `pod-${name}`,
    {
      ...(security ? { securityContext: security } : {}),
      containers: [mounttest('volume-test', [`--file_content=${path}`, `--file_mode=${path}`], [mount])],
      volumes: [source.volume('object', name, selection)],
    },
    [contentLine(path, content), modeLine(path, mode)],
  );
}

/** A key under another name: deep in a folder for config maps, beside the others for secrets. */
function mapped(source: ObjectSource, mode?: number): Case {
  const [number, path] = isSecret(source) ? [1, 'new-path-data-1'] : [2, 'path/to/data-2'];
  const item = { key: `data-${number}`, path, ...(mode === undefined ? {} : { mode }) };
  return {
    file: path,
    content: `value-${number}`,
    selection: { items: [item] },
    ...(mode === 0o400 ? { mode: '-r--------' } : {}),
  };
}
const user = { runAsUser: 1000 };

const withCase = (source: ObjectSource, name: string, one: Case): ConformanceTest =>
  conformanceTest(`[sig-storage] ${source.title} ${name}`, async (context) => {
    const object = `object-${context.unique}`;
    await source.make(context, object, dataFor(source));
    await readOne(context, source, one, object);
  });

const multiple = (source: ObjectSource): ConformanceTest =>
  conformanceTest(
    `[sig-storage] ${source.title} should be consumable in multiple volumes in ${source.inOnePod}`,
    async (context) => {
      const name = `object-${context.unique}`;
      await source.make(context, name, dataFor(source));
      const second = `${source.folder}-2`;
      const path = `${source.folder}/data-1`;
      await expectOutput(
        context,
        `pod-${name}`,
        {
          ...(isSecret(source) ? {} : { securityContext: user }),
          containers: [
            mounttest(
              'volume-test',
              [`--file_content=${path}`, `--file_mode=${path}`, `--file_perm=${second}/data-1`],
              [
                { name: 'first', mountPath: source.folder, readOnly: true },
                { name: 'second', mountPath: second, readOnly: true },
              ],
            ),
          ],
          volumes: [source.volume('first', name), source.volume('second', name)],
        },
        [contentLine(path, 'value-1'), modeLine(path, '-rw-r--r--'), `perms of file "${second}/data-1": -rw-r--r--`],
      );
    },
  );

const families: readonly (readonly [source: ObjectSource, cases: readonly (readonly [name: string, one: Case])[]])[] = [
  ...[configMapSource, projectedConfigMapSource].map(
    (source) =>
      [
        source,
        [
          ['should be consumable from pods in volume as non-root', { security: user }],
          ['should be consumable from pods in volume with mappings as non-root', { ...mapped(source), security: user }],
        ],
      ] as const,
  ),
  ...[secretSource, projectedSecretSource].map(
    (source) =>
      [
        source,
        [
          [
            'should be consumable from pods in volume as non-root with defaultMode and fsGroup set',
            {
              selection: { defaultMode: 0o440 },
              mode: '-r--r-----',
              security: { ...user, fsGroup: 1001 },
            },
          ],
        ],
      ] as const,
  ),
];

export const objectVolumeTests: readonly ConformanceTest[] = families.flatMap(([source, cases]) => [
  withCase(source, 'should be consumable from pods in volume', {}),
  withCase(source, 'should be consumable from pods in volume with defaultMode set', {
    selection: { defaultMode: 0o400 },
    mode: '-r--------',
  }),
  withCase(source, 'should be consumable from pods in volume with mappings', mapped(source)),
  withCase(
    source,
    `should be consumable from pods in volume with mappings and ${source.itemMode} set`,
    mapped(source, 0o400),
  ),
  ...cases.map(([name, one]) => withCase(source, name, one)),
  multiple(source),
]);

export const sameNameTest = conformanceTest(
  '[sig-storage] Secrets should be able to mount in a volume regardless of a different secret existing with same name in different namespace',
  async (context) => {
    const other = `${context.namespace}-other`;
    const name = `secret-test-${context.unique}`;
    await context.api.of(namespace).create({ metadata: { name: other } });
    context.cleanup(() => context.api.of(namespace).delete(other));
    const strange = 'this_should_not_match_content_of_other_secret';
    await secretSource.make(context, name, { [strange]: `similarly_${strange}\n` }, other);
    await secretSource.make(context, name, dataFor(secretSource));
    await readOne(context, secretSource, {}, name);
  },
);
