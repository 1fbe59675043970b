import { configMap } from '@navarch/api';
import { type ConformanceTest, conformanceTest } from '../../conformance-test.ts';
import { untilLogged } from '../../logs.ts';
import { createPod, startPod } from '../../pods.ts';
import { follow, UPDATE_MS, UPDATE_TEST_MS } from './mounttest.ts';
import {
  configMapSource,
  type ObjectSource,
  projectedConfigMapSource,
  projectedSecretSource,
  secretSource,
} from './object-volumes.ts';

/** Objects that go, change and come while a pod has them mounted as optional. */
const optionalUpdates = (source: ObjectSource): ConformanceTest =>
  conformanceTest(
    `[sig-storage] ${source.title} optional updates should be reflected in volume`,
    async (context) => {
      const folder = `${source.folder}s`;
      const doings = ['delete', 'update', 'create'] as const;
      const nameOf = (doing: string): string => `opt-${doing}-${context.unique}`;
      const files = { delete: 'data-1', update: 'data-3', create: 'data-1' };
      for (const doing of ['delete', 'update']) await source.make(context, nameOf(doing), { 'data-1': 'value-1' });
      const pod = `pod-${context.unique}`;
      await startPod(context, pod, {
        restartPolicy: 'Never',
        containers: doings.map((doing) =>
          follow(`${doing}-test`, `${folder}/${doing}/${files[doing]}`, {
            name: doing,
            mountPath: `${folder}/${doing}`,
            readOnly: true,
          }),
        ),
        volumes: doings.map((doing) => source.volume(doing, nameOf(doing), { optional: true })),
      });
      const logged = (doing: (typeof doings)[number], text: string): Promise<void> =>
        untilLogged(context, pod, `${doing}-test`, text, UPDATE_MS);
      await logged('create', `Error reading file ${folder}/create/data-1`);
      await logged('update', `Error reading file ${folder}/update/data-3`);
      await logged('delete', 'value-1');

      await source.remove(context, nameOf('delete'));
      await source.replace(context, nameOf('update'), { 'data-3': 'value-3' });
      await source.make(context, nameOf('create'), { 'data-1': 'value-1' });
      await logged('create', 'value-1');
      await logged('update', 'value-3');
      await logged('delete', `Error reading file ${folder}/delete/data-1`);
    },
    UPDATE_TEST_MS,
  );

const updates = (source: ObjectSource): ConformanceTest =>
  conformanceTest(
    `[sig-storage] ${source.title} updates should be reflected in volume`,
    async (context) => {
      const name = `upd-${context.unique}`;
      await source.make(context, name, { 'data-1': 'value-1' });
      await startPod(context, name, {
        containers: [
          follow('volume-test', `${source.folder}/data-1`, {
            name: 'object',
            mountPath: source.folder,
            readOnly: true,
          }),
        ],
        volumes: [source.volume('object', name)],
      });
      await untilLogged(context, name, 'volume-test', 'value-1', UPDATE_MS);
      await source.replace(context, name, { 'data-1': 'value-2' });
      await untilLogged(context, name, 'volume-test', 'value-2', UPDATE_MS);
    },
    UPDATE_TEST_MS,
  );

const binaryData = conformanceTest(
  '[sig-storage] ConfigMap binary data should be reflected in volume',
  async (context) => {
    const name = `binary-${context.unique}`;
    const mount = { name: 'object', mountPath: configMapSource.folder, readOnly: true };
    const dump = Buffer.from([0xde, 0xca, 0xfe, 0xba, 0xd0, 0xfe, 0xff]);
    await context.api.of(configMap).create({
      metadata: { name, namespace: context.namespace },
      data: { 'data-1': 'value-1' },
      binaryData: { 'dump.bin': dump.toString('base64') },
    });
    await createPod(context, name, {
      containers: [
        follow('text-test', `${mount.mountPath}/data-1`, mount),
        {
          name: 'binary-test',
          image: 'busybox',
          imagePullPolicy: 'IfNotPresent',
          command: ['od', '-An', '-tx1', `${mount.mountPath}/dump.bin`],
          volumeMounts: [mount],
        },
      ],
      volumes: [configMapSource.volume('object', name)],
    });
    await untilLogged(context, name, 'text-test', 'value-1', UPDATE_MS);
    await untilLogged(context, name, 'binary-test', 'de ca fe ba d0 fe ff', UPDATE_MS);
  },
  UPDATE_TEST_MS,
);

export const objectUpdateTests: readonly ConformanceTest[] = [
  ...[configMapSource, secretSource, projectedConfigMapSource, projectedSecretSource].map(optionalUpdates),
  ...[configMapSource, projectedConfigMapSource].map(updates),
  binaryData,
];
