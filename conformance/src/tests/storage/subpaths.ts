import { configMap, pod, secret } from '@navarch/api';
import { type ConformanceTest, conformanceTest } from '../../conformance-test.ts';
import { isGone } from '../../pods.ts';
import { until } from '../../until.ts';
import { contentLine, expectOutput, mounttest, type Volume } from './mounttest.ts';

const FOLDER = '/test-volume';
const RETRY_SECONDS = 20;
const DELETE_MS = 300_000;

interface Case {
  readonly subPath: string;
  readonly source: Omit<Volume, 'name'>;
  /** Of the file; absent: the pod's name. */
  readonly content?: string;
  readonly mountPath?: string;
}

const fromConfigMap = {
  subPath: 'configmap-key',
  source: { configMap: { name: 'my-configmap' } },
  content: 'configmap-value',
};

const cases: Readonly<Record<string, Case>> = {
  'secret pod': { subPath: 'secret-key', source: { secret: { secretName: 'my-secret' } }, content: 'secret-value' },
  'configmap pod': fromConfigMap,
  'configmap pod with mountPath of existing file': { ...fromConfigMap, mountPath: '/etc/resolv.conf' },
  'downward pod': {
    subPath: 'downward/podname',
    source: {
      downwardAPI: {
        items: [{ path: 'downward/podname', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }],
      },
    },
  },
  'projected pod': {
    subPath: 'projected/configmap-key',
    content: 'configmap-value',
    source: {
      projected: {
        sources: [
          { configMap: { name: 'my-configmap', items: [{ path: 'projected/configmap-key', key: 'configmap-key' }] } },
        ],
      },
    },
  },
};

export const subpathTests: readonly ConformanceTest[] = Object.entries(cases).map(
  ([title, { subPath, source, content, mountPath = FOLDER }]) =>
    conformanceTest(
      `[sig-storage] Subpath Atomic writer volumes should support subpaths with ${title}`,
      async (context) => {
        const { api, namespace, unique } = context;
        await api.of(secret).create({
          metadata: { name: 'my-secret', namespace },
          data: { 'secret-key': Buffer.from('secret-value').toString('base64') },
        });
        await api
          .of(configMap)
          .create({ metadata: { name: 'my-configmap', namespace }, data: { 'configmap-key': 'configmap-value' } });
        const name = `pod-subpath-test-${unique}`;
        await expectOutput(
          context,
          name,
          {
            terminationGracePeriodSeconds: 1,
            securityContext: { seLinuxOptions: { level: 's0:c0,c1' } },
            containers: [
              mounttest(
                'test-container-subpath',
                [`--file_content_in_loop=${mountPath}`, `--retry_time=${RETRY_SECONDS}`],
                [
                  { name: 'test-volume', mountPath, subPath },
                  { name: 'liveness-probe-volume', mountPath: '/probe-volume' },
                ],
              ),
            ],
            volumes: [
              { name: 'test-volume', ...source },
              { name: 'liveness-probe-volume', emptyDir: {} },
            ],
          },
          [contentLine(mountPath, content ?? name)],
        );
        await api.of(pod).delete(`${namespace}/${name}`);
        await until(context, `the end of pod ${name}`, DELETE_MS, () => isGone(context, name));
      },
    ),
);
