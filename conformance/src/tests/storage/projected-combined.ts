import { configMap, secret } from '@navarch/api';
import { conformanceTest } from '../../conformance-test.ts';
import { expectOutput } from './mounttest.ts';

export const projectedCombinedTest = conformanceTest(
  '[sig-storage] Projected combined should project all components that make up the projection API',
  async (context) => {
    const { api, namespace, unique } = context;
    const name = `projected-volume-${unique}`;
    await api.of(configMap).create({ metadata: { name, namespace }, data: { 'configmap-data': 'configmap-value-1' } });
    await api.of(secret).create({
      metadata: { name, namespace },
      data: { 'secret-data': Buffer.from('secret-value-1').toString('base64') },
    });
    await expectOutput(
      context,
      name,
      {
        containers: [
          {
            name: 'projected-all-volume-test',
            image: 'busybox',
            imagePullPolicy: 'IfNotPresent',
            command: ['sh', '-c', 'cat /all/podname && cat /all/secret-data && cat /all/configmap-data'],
            volumeMounts: [{ name: 'podinfo', mountPath: '/all' }],
          },
        ],
        volumes: [
          {
            name: 'podinfo',
            projected: {
              sources: [
                {
                  downwardAPI: {
                    items: [{ path: 'podname', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }],
                  },
                },
                { secret: { name } },
                { configMap: { name } },
              ],
            },
          },
        ],
      },
      [name, 'secret-value-1', 'configmap-value-1'],
    );
  },
);
