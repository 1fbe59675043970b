import assert from 'node:assert/strict';
import { conformanceTest } from '../../conformance-test.ts';
import { outputOfExec } from '../../exec.ts';
import { createPod, logsOf, shell, startPod, untilRunning } from '../../pods.ts';
import { testhost } from '../../testhost.ts';

/** Of the node's own loopback: the only place from which a runtime pulls without TLS, unless it is told otherwise. */
const PORT = 15_000;
const PULL_MS = 300_000;

export const imageVolumeTests = [
  conformanceTest('[sig-node] ImageVolume should succeed with pod and pull policy of Always', async (context) => {
    // What must be pulled must be somewhere: a pod on the node's network is the registry.
    const { spec } = await startPod(context, 'registry', {
      hostNetwork: true,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          ...testhost('registry', `--port=${PORT}`),
          readinessProbe: { httpGet: { path: '/v2/', port: PORT, host: '127.0.0.1' }, periodSeconds: 1 },
        },
      ],
    });
    await createPod(context, 'test-pod', {
      nodeName: spec.nodeName ?? '',
      terminationGracePeriodSeconds: 1,
      volumes: [
        {
          name: 'volume',
          image: { reference: `localhost:${PORT}/kitten-${context.unique}:1.8`, pullPolicy: 'Always' },
        },
      ],
      containers: [
        {
          ...shell('while true; do echo test; sleep 1; done'),
          name: 'test-container',
          volumeMounts: [{ name: 'volume', mountPath: '/volume' }],
        },
      ],
    });
    await untilRunning(context, 'test-pod', PULL_MS);
    assert.match(await outputOfExec(context, 'test-pod', ['/bin/cat', '/volume/data.json']), /kitten\.jpg/);
    assert.match(await outputOfExec(context, 'test-pod', ['/bin/cat', '/volume/etc/os-release']), /Alpine Linux/);
    assert.match(await logsOf(context, 'registry'), new RegExp(`/v2/kitten-${context.unique}/manifests/1\\.8`));
  }),
];
