import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '@navarch/node/testing';
import { type RealCluster, startRealCluster } from './testing/real-cluster.ts';

// Applications on two nodes with real containers, as a person runs them: a guest book of three tiers, whose database keeps
// its entries whatever happens to its pod; jobs, by the hundred and by the clock; one pod a node; a rollout that is no good.

const root = join(import.meta.dirname, '../../..');
const TIMEOUT = { timeout: 240_000 };
const BOOK = 'http://127.0.0.1:30081/cgi-bin/book';
let cluster: RealCluster;

const kubectl = (...args: readonly string[]): Promise<string> => cluster.kubectl(...args);
const book = (...args: readonly string[]): Promise<string> => kubectl('-n', 'guestbook', ...args);
const curl = async (url: string): Promise<string> =>
  (await cluster.machine.run('curl', '-sS', '--fail', '--max-time', '5', url)).stdout;

/** What the readers say is in the book, once it is that. */
async function untilRead(...entries: readonly string[]): Promise<void> {
  let read = '';
  await eventually(
    `the entries ${entries.join(', ')}`,
    async () => (read = await curl(BOOK)).trim().split('\n').join() === entries.join(),
    { explain: () => read },
  );
}

async function untilSaid(wanted: RegExp, ...args: readonly string[]): Promise<void> {
  let said = '';
  await eventually(String(wanted), async () => wanted.test((said = await kubectl(...args))), {
    timeoutMs: 100_000,
    everyMs: 500,
    explain: () => said,
  });
}

const rolledOut = (what: string): Promise<string> => book('rollout', 'status', what, '--timeout=90s');

before(
  async () => {
    cluster = await startRealCluster({ mark: 'p', images: ['redis'], flags: ['--nodes', '2'] });
    // Asked for first, since the clock takes its time.
    await kubectl('create', 'cronjob', 'tick', '--image=busybox:1.35', '--schedule=* * * * *', '--', 'date');
  },
  { timeout: 240_000 },
);

after(() => cluster?.[Symbol.asyncDispose](), { timeout: 120_000 });

test('a guest book of three tiers serves on both nodes what was written to its database', TIMEOUT, async () => {
  await kubectl('apply', '-f', join(root, 'examples/guestbook'));
  for (const what of ['statefulset/database', 'deployment/reader', 'deployment/frontend']) await rolledOut(what);
  assert.equal(await curl(`${BOOK}?first`), '1\n');
  await untilRead('first');
  const nodes = await book('get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}');
  assert.equal(new Set(nodes.split(' ')).size, 2, nodes);
});

test('the database keeps its entries when its pod is deleted and when it is rolled over', TIMEOUT, async () => {
  const uid = await book('get', 'pod', 'database-0', '-o', 'jsonpath={.metadata.uid}');
  await book('delete', 'pod', 'database-0');
  await rolledOut('statefulset/database');
  assert.notEqual(await book('get', 'pod', 'database-0', '-o', 'jsonpath={.metadata.uid}'), uid);
  await untilRead('first');
  await book('set', 'env', 'statefulset/database', 'EDITION=2');
  await rolledOut('statefulset/database');
  assert.equal(await book('exec', 'database-0', '--', 'sh', '-c', 'echo $EDITION'), '2\n');
  assert.equal(await curl(`${BOOK}?second`), '2\n');
  await untilRead('first', 'second');
});

test(
  'a Service of type LoadBalancer gets an address at which this machine reaches it, and one node has',
  TIMEOUT,
  async () => {
    const address = async (): Promise<string> =>
      book('get', 'service', 'balanced', '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}');
    const holders = async (): Promise<number> => {
      const own = (await cluster.machine.run('ip', '-o', 'address', 'show')).stdout;
      const others = (await cluster.machine.run('ip', 'netns', 'list')).stdout.match(/^navarch-\S+/gm) ?? [];
      const shown = [own];
      for (const netns of others)
        shown.push((await cluster.machine.run('ip', '-n', netns, '-o', 'address', 'show')).stdout);
      return shown.filter((text) => text.includes(`${given}/32`)).length;
    };
    await book(
      'expose',
      'deployment',
      'frontend',
      '--name=balanced',
      '--type=LoadBalancer',
      '--port=80',
      '--target-port=8080',
    );
    await eventually('an address', async () => (await address()) !== '');
    const given = await address();
    await eventually('an answer', async () => (await curl(`http://${given}/cgi-bin/book`).catch(() => '')) !== '');
    assert.equal((await curl(`http://${given}/cgi-bin/book`)).trim().split('\n')[0], 'first');
    await eventually('one node that has the address', async () => (await holders()) === 1);
    await book('patch', 'service', 'balanced', '-p', '{"spec":{"externalTrafficPolicy":"Local"}}');
    await eventually(
      'an answer of local pods',
      async () => (await curl(`http://${given}/cgi-bin/book`).catch(() => '')) !== '',
    );
    await book('delete', 'service', 'balanced');
    await eventually('nobody that has the address', async () => (await holders()) === 0);
  },
);

/** Reads the book again and again meanwhile. Resolves to how often, and what went wrong. */
async function readingDuring(work: () => Promise<void>): Promise<{ asked: number; failures: readonly unknown[] }> {
  const failures: unknown[] = [];
  let [asked, isOver] = [0, false];
  const reading = (async () => {
    for (; !isOver; asked += 1) await curl(BOOK).catch((error: unknown) => failures.push(error));
  })();
  try {
    await work();
  } finally {
    isOver = true;
    await reading;
  }
  return { asked, failures };
}

test('a rollout that never becomes ready is held up, loses no request, and is undone', TIMEOUT, async () => {
  const container = { name: 'httpd', readinessProbe: { httpGet: { path: '/absent' } } };
  const patch = { spec: { progressDeadlineSeconds: 6, template: { spec: { containers: [container] } } } };
  const { asked, failures } = await readingDuring(async () => {
    await book('patch', 'deployment', 'frontend', '-p', JSON.stringify(patch));
    await assert.rejects(rolledOut('deployment/frontend'), /exceeded its progress deadline/);
    const counts = 'jsonpath={.status.availableReplicas} {.status.updatedReplicas}';
    assert.equal(await book('get', 'deployment', 'frontend', '-o', counts), '3 1');
    await book('rollout', 'undo', 'deployment/frontend');
    await rolledOut('deployment/frontend');
  });
  assert.ok(asked > 20, `only ${asked} requests were sent`);
  assert.deepEqual(failures, []);
});

test('a Job of a hundred indexes runs each of them once', TIMEOUT, async () => {
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'hundred' },
    spec: {
      completions: 100,
      parallelism: 10,
      completionMode: 'Indexed',
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 0,
          containers: [
            { name: 'one', image: 'busybox:1.35', command: ['sh', '-c', 'echo "I am $JOB_COMPLETION_INDEX"'] },
          ],
        },
      },
    },
  };
  await cluster.machine.run(
    'sh',
    '-c',
    `echo '${JSON.stringify(job).replaceAll("'", `'\\''`)}' | ${cluster.kubectlPath} apply -f -`,
  );
  await kubectl('wait', 'job/hundred', '--for=condition=Complete', '--timeout=150s');
  assert.equal(
    await kubectl('get', 'job', 'hundred', '-o', 'jsonpath={.status.succeeded} {.status.completedIndexes}'),
    '100 0-99',
  );
  const said = await kubectl('logs', '-l', 'job-name=hundred', '--tail=1', '--max-log-requests=100');
  const indexes = [...said.matchAll(/I am (\d+)/g)].map(([, index]) => Number(index)).sort((a, b) => a - b);
  assert.deepEqual(
    indexes,
    Array.from({ length: 100 }, (_, index) => index),
  );
});

test('a DaemonSet has one pod on every node, and follows a node that is left out', TIMEOUT, async () => {
  const nodes = ['get', 'pods', '-l', 'app=agent', '-o', 'jsonpath={range .items[*]}{.spec.nodeName}{"\\n"}{end}'];
  const template = {
    metadata: { labels: { app: 'agent' } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'one', image: 'busybox:1.35', command: ['sleep', '3600'] }],
    },
  };
  const set = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent' },
    spec: { selector: { matchLabels: { app: 'agent' } }, template },
  };
  await cluster.machine.run('sh', '-c', `echo '${JSON.stringify(set)}' | ${cluster.kubectlPath} apply -f -`);
  await kubectl('rollout', 'status', 'daemonset/agent', '--timeout=60s');
  const all = (await kubectl(...nodes)).trim().split('\n');
  assert.equal(new Set(all).size, 2, all.join());
  await kubectl('taint', 'node', all[1] ?? '', 'work=none:NoExecute');
  await untilSaid(new RegExp(`^${all[0]}\\n$`), ...nodes);
  await kubectl('taint', 'node', all[1] ?? '', 'work-');
  await untilSaid(/^\S+\n\S+\n$/, ...nodes);
});

test('a CronJob runs by the minute', TIMEOUT, async () => {
  await untilSaid(
    /Complete/,
    'get',
    'jobs',
    '-o',
    'jsonpath={.items[?(@.metadata.ownerReferences)].status.conditions[*].type}',
  );
  assert.match(await kubectl('get', 'cronjob', 'tick', '-o', 'jsonpath={.status.lastSuccessfulTime}'), /^\d{4}-.*Z$/);
});

test(
  'everything is killed at once and started again: the entries are there, and new ones are taken',
  TIMEOUT,
  async () => {
    // All but the first process of the machine: server, agents, runtimes, every pod.
    await cluster.machine.run('sh', '-c', 'kill -9 -1');
    await cluster.navarch('up');
    await book('wait', 'pod', 'database-0', '--for=condition=Ready', '--timeout=90s');
    await untilRead('first', 'second');
    assert.equal(await curl(`${BOOK}?third`), '3\n');
    await untilRead('first', 'second', 'third');
  },
);
