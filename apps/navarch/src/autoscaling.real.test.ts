import { after, before, test } from 'node:test';
import { eventually } from '@navarch/node/testing';
import { type RealCluster, startRealCluster } from './testing/real-cluster.ts';

// What real containers use, by way of the kubelet, metrics.k8s.io and `kubectl top`, to an autoscaler that sizes them by it.

const SCALED_MS = 150_000;
let cluster: RealCluster;

const kubectl = (...args: readonly string[]): Promise<string> => cluster.kubectl(...args);

/** Busy, with up to a fifth of a core, while there is a file; else at rest. */
const WORK = 'while true; do if [ -f /tmp/load ]; then :; else sleep 1; fi; done';

before(
  async () => {
    cluster = await startRealCluster({ mark: 'a' });
  },
  { timeout: 240_000 },
);

after(() => cluster?.[Symbol.asyncDispose](), { timeout: 120_000 });

/** Asks until the answer is the wanted one; fails with the last one. */
async function untilSaid(wanted: RegExp, ...args: readonly string[]): Promise<string> {
  let said = '';
  const isSaid = async (): Promise<boolean> => {
    said = await kubectl(...args).catch((error: unknown) => String((error as { stderr?: string }).stderr ?? error));
    return wanted.test(said);
  };
  await eventually(String(wanted), isSaid, { timeoutMs: SCALED_MS, everyMs: 1000, explain: () => said });
  return said;
}

test(
  'an autoscaler follows what real containers use, up and down, and kubectl top shows it',
  { timeout: 480_000 },
  async () => {
    await kubectl('create', 'deployment', 'work', '--image=busybox:1.35', '--', 'sh', '-c', WORK);
    await kubectl('set', 'resources', 'deployment/work', '--requests=cpu=100m', '--limits=cpu=200m');
    await kubectl(
      'patch',
      'deployment',
      'work',
      '-p',
      '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":0}}}}',
    );
    await kubectl('rollout', 'status', 'deployment/work', '--timeout=60s');
    await kubectl('autoscale', 'deployment', 'work', '--min=1', '--max=3', '--cpu=50%');
    await kubectl(
      'patch',
      'hpa',
      'work',
      '--type=merge',
      '-p',
      '{"spec":{"behavior":{"scaleDown":{"stabilizationWindowSeconds":0}}}}',
    );
    await untilSaid(/work-\S+\s+\d+m\s+\d+Mi/, 'top', 'pods', '-l', 'app=work', '--no-headers');
    // A fresh container is measured from its start, a node between two looks.
    await untilSaid(/\d+m\s+\d+%\s+\d+Mi\s+\d+%/, 'top', 'nodes', '--no-headers');

    await kubectl('exec', 'deployment/work', '--', 'touch', '/tmp/load');
    await untilSaid(/^3$/, 'get', 'deployment', 'work', '-o', 'jsonpath={.spec.replicas}');
    await untilSaid(
      /New size: [23]; reason: cpu resource utilization \(percentage of request\) above target/,
      'get',
      'events',
      '--field-selector',
      'reason=SuccessfulRescale',
      '-o',
      'jsonpath={.items[*].message}',
    );

    for (const pod of (await kubectl('get', 'pods', '-l', 'app=work', '-o', 'name')).trim().split('\n'))
      await kubectl('exec', pod, '--', 'rm', '-f', '/tmp/load').catch(() => undefined);
    await untilSaid(/^1$/, 'get', 'deployment', 'work', '-o', 'jsonpath={.spec.replicas}');
    await untilSaid(
      /All metrics below target/,
      'get',
      'events',
      '--field-selector',
      'reason=SuccessfulRescale',
      '-o',
      'jsonpath={.items[*].message}',
    );
  },
);
