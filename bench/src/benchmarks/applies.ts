import { settleAll } from '@navarch/base';
import { ApiLoad } from '../harness/api-load.ts';
import type { Context, Measure } from '../harness/benchmark.ts';
import { cpuSecondsOf } from '../harness/processes.ts';
import type { RunningServer } from '../harness/running-server.ts';

const DEPLOYMENTS = 500;
const IN_FLIGHT = 64;
const PATH = '/apis/apps/v1/namespaces/default/deployments';

/** Server-side applies of Deployments of 2 KB that are there, each with a new image: as many a second as the server does. */
export function appliesOf(server: RunningServer, applies: number, { made }: Context): Measure {
  let load: ApiLoad | undefined;
  const apply = async (from: number, count: number): Promise<void> => {
    let next = from;
    const worker = async (): Promise<void> => {
      while (next < from + count) {
        const number = next++;
        await load?.request(
          'PATCH',
          `${PATH}/web-${number % DEPLOYMENTS}?fieldManager=bench&force=true`,
          deployment(number % DEPLOYMENTS, number),
          'application/apply-patch+yaml',
        );
      }
    };
    await settleAll(Array.from({ length: IN_FLIGHT }, worker));
  };
  return async (round) => {
    if (!load) {
      load = made.use(await ApiLoad.connect(server.access));
      await apply(0, DEPLOYMENTS);
    }
    const [cpu, started] = [cpuSecondsOf(server.pid), performance.now()];
    await apply(round * applies, applies);
    return {
      figure: (applies * 1000) / (performance.now() - started),
      details: { serverCpuSeconds: cpuSecondsOf(server.pid) - cpu },
    };
  };
}

/** 2.2 KB of JSON: two containers with everything that charts usually say. */
function deployment(index: number, version: number): string {
  const app = `web-${index}`;
  const container = (name: string, port: number): object => ({
    name,
    image: `registry.example/${name}:v${version}`,
    args: ['--verbose', `--port=${port}`],
    ports: [{ name: `http-${name}`, containerPort: port, protocol: 'TCP' }],
    env: [
      { name: 'LEVEL', value: 'info' },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '256Mi' } },
    livenessProbe: { httpGet: { path: '/healthz', port }, periodSeconds: 10 },
    readinessProbe: { httpGet: { path: '/ready', port }, periodSeconds: 5 },
    volumeMounts: [
      { name: 'config', mountPath: '/etc/config', readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  });
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: app,
      labels: {
        'app.kubernetes.io/name': 'web',
        'app.kubernetes.io/instance': app,
        'app.kubernetes.io/managed-by': 'bench',
      },
      annotations: { note: 'n'.repeat(200) },
    },
    spec: {
      replicas: 3,
      revisionHistoryLimit: 3,
      selector: { matchLabels: { app } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: { app, tier: 'front' },
          annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
        },
        spec: {
          serviceAccountName: 'default',
          securityContext: { runAsNonRoot: true, runAsUser: 1000 },
          terminationGracePeriodSeconds: 30,
          containers: [container('web', 8080), container('proxy', 8081)],
          tolerations: [{ key: 'spot', operator: 'Exists', effect: 'NoSchedule' }],
          volumes: [
            { name: 'config', configMap: { name: 'web' } },
            { name: 'tmp', emptyDir: {} },
          ],
        },
      },
    },
  });
}
