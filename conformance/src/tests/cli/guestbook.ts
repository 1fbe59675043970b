import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { request } from '../../requests.ts';
import { TESTHOST } from '../../testhost.ts';
import { until } from '../../until.ts';
import { manifest, PODS_MS, runningPod, stopUsing } from './controllers.ts';

const PORT = 6379;
const STARTUP_MS = 600_000;

const service = (name: string, labels: object, port: number): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, labels },
  spec: { ports: [{ port }], selector: labels },
});

const deployment = (name: string, labels: object, replicas: number, args: readonly string[], port: number): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        containers: [
          {
            name,
            image: TESTHOST,
            args: ['guestbook', ...args],
            resources: { requests: { cpu: '100m', memory: '100Mi' } },
            ports: [{ containerPort: port }],
          },
        ],
      },
    },
  },
});

const front = { app: 'guestbook', tier: 'frontend' };
const primary = { app: 'agnhost', role: 'primary', tier: 'backend' };
const replica = { app: 'agnhost', role: 'replica', tier: 'backend' };

const parts = [
  service('agnhost-replica', replica, PORT),
  service('agnhost-primary', primary, PORT),
  service('frontend', front, 80),
  deployment('frontend', front, 3, ['--backend-port', String(PORT)], 80),
  deployment('agnhost-primary', primary, 1, ['--http-port', String(PORT)], PORT),
  deployment('agnhost-replica', replica, 2, ['--replicaof', 'agnhost-primary', '--http-port', String(PORT)], PORT),
].map((part) => manifest(part));

/** Asks the front end through its service until it answers that. */
async function answers(
  context: TestContext,
  cmd: string,
  value: string,
  expected: string,
  timeoutMs: number,
): Promise<void> {
  let last = '';
  const path = `/api/v1/namespaces/${context.namespace}/services/frontend/proxy/guestbook?${new URLSearchParams({ cmd, key: 'messages', value })}`;
  await until(
    context,
    `${expected} from ${cmd}`,
    timeoutMs,
    async () => (last = (await request(context, { path, accept: '*/*' })).text) === expected,
  ).catch((error: unknown) => {
    context.log(`last answer: ${last}`);
    throw error;
  });
}

export const guestbookTests = [
  conformanceTest(
    '[sig-cli] Kubectl client Guestbook application should create and stop a working application',
    async (context) => {
      for (const part of parts) await context.kubectl(['create', '-f', '-'], part);
      await runningPod(context, 'app=guestbook,tier=frontend');
      await answers(context, 'get', '', '{"data":""}', STARTUP_MS);
      await answers(context, 'set', 'TestEntry', '{"message":"Updated"}', PODS_MS);
      await answers(context, 'get', '', '{"data":"TestEntry"}', PODS_MS);
      for (const part of parts) await stopUsing(context, part, []);
    },
    900_000,
  ),
];
