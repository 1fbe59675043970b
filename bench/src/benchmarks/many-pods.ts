import { setTimeout as sleep } from 'node:timers/promises';
import { settleAll } from '@navarch/base';
import { ApiLoad } from '../harness/api-load.ts';
import { startApiServerAlone } from '../harness/api-server-alone.ts';
import { type Context, defineBenchmark, type Measure, type Sample, type Workload } from '../harness/benchmark.ts';
import { detail, figuresOf } from '../harness/figures.ts';
import { runKload, type Target } from '../harness/kload.ts';
import { type PeerTools, peerTools, startPeer } from '../harness/peer-tools.ts';
import { cpuSecondsOf, memoryOf } from '../harness/processes.ts';
import { settledBytesOf } from '../harness/settled-memory.ts';

interface Size {
  readonly pods: number;
  readonly lists: number;
}
const FULL: Size = { pods: 100_000, lists: 200 };
const QUICK: Size = { pods: 2000, lists: 50 };

const NAMESPACE = 'kload-many';
const PATH = `/api/v1/namespaces/${NAMESPACE}/pods`;
/** Pods that the selectors choose, among all the others. */
const CHOSEN = 10;
const IN_FLIGHT = 16;
const WARMING = 2000;
const PEER_SETTLES_MS = 20_000;

/** One server with the pods on it. */
interface Side {
  readonly target: Target;
  /** Anew each time: a server ends connections that nobody used while the other side was filled. */
  connect(): Promise<ApiLoad>;
  /** Resident bytes of the API server once it has nothing but what it needs. */
  settled(): Promise<number>;
  /** As they were before there were any pods. */
  readonly emptyBytes: number;
}

export const manyPods = defineBenchmark({
  name: 'many-pods',
  about: '100,000 pods of 2 KB: lists by selector that choose ten of them, and what a pod takes in memory',
  peer: "upstream's API server library on etcd, without admission, defaulting, validation and RBAC",
  notes: [
    'Each measurement of lists begins after as many that are not counted: the garbage collection before memory is measured throws compiled code away.',
    `Lists are in JSON, of the newest state, as kubectl asks for them, ${IN_FLIGHT} in flight. The ten pods have a label that no other has, and are the only ones with a node.`,
    'Both sides have an index of the pods of a node. The cost of a list is the processor time that all processes of the server take for it; lists a second are bounded by the load generator as well, which shares the two processors.',
    'Memory is what the API server has more than before there were pods, after garbage was collected twice and given back, by the bytes of a pod in JSON. Of the peer it is the same, without etcd.',
  ],
  async prepare(context) {
    const size = context.isQuick ? QUICK : FULL;
    const tools = await peerTools(context, context.withPeer);
    const ours = await filled(await oursOf(context), tools.kload, size, context);
    const peer = context.withPeer ? await filled(await peerOf(tools, context), tools.kload, size, context) : undefined;
    const workload = (
      name: string,
      rest: Pick<Workload, 'unit' | 'better' | 'ratioGoal' | 'goal'>,
      measure: (side: Side) => Measure,
    ): Workload => ({ name, ...rest, ours: measure(ours), ...(peer ? { peer: measure(peer) } : {}) });
    const byNode =
      (side: Side): Measure =>
      () =>
        lists(side, 'fieldSelector=spec.nodeName%3Dchosen', size.lists * 100);
    const list = (name: string, query: string, count: number): Workload =>
      workload(name, { unit: 'lists/s', better: 'more', ratioGoal: 10 }, (side) => () => lists(side, query, count));
    return [
      list('list-by-label', 'labelSelector=bench%3Dchosen', size.lists),
      ...figuresOf({ ours: byNode(ours), peer: peer && byNode(peer) }, [
        { name: 'list-by-node', unit: 'lists/s', better: 'more', ratioGoal: 10, of: ({ figure }) => figure },
        { name: 'list-by-node, cost', unit: 'us', better: 'less', ratioGoal: 10, of: detail('serverMicroseconds') },
      ]),
      workload(
        'memory of a pod',
        { unit: 'times its bytes', better: 'less', goal: 1.5 },
        (side) => () => memoryOfPod(side, size.pods),
      ),
    ];
  },
});

async function oursOf(context: Context): Promise<Omit<Side, 'emptyBytes'>> {
  const server = await startApiServerAlone(context, ['--inspect-port=0']);
  return {
    target: { flags: ['--kubeconfig', server.kubeconfig, '--server', server.url], pids: { server: server.pid } },
    connect: () => ApiLoad.connect(server.access),
    settled: () => settledBytesOf(server, context.signal),
  };
}

async function peerOf(tools: PeerTools, context: Context): Promise<Omit<Side, 'emptyBytes'>> {
  const { url, pids } = await startPeer(context, tools);
  const connect = (): Promise<ApiLoad> => ApiLoad.connect({ server: url, isInsecure: true });
  return {
    target: { flags: ['--server', url], pids },
    connect,
    async settled() {
      using load = await connect();
      await load.request('GET', '/debug/pprof/heap?gc=1');
      await sleep(PEER_SETTLES_MS, undefined, { signal: context.signal });
      return memoryOf(pids['apiserver'] ?? 0).residentMiB * 1024 * 1024;
    },
  };
}

/** Warmed up by pods that go again, so that what the first requests bring with them is not counted. */
async function filled(side: Omit<Side, 'emptyBytes'>, kload: string, { pods }: Size, context: Context): Promise<Side> {
  const { target } = side;
  const run = (count: number, workload: string): Promise<unknown> =>
    runKload(kload, target, ['--namespace', NAMESPACE, '--pods', String(count), workload], context);
  for (const workload of ['create', 'delete']) await run(Math.min(pods, WARMING), workload);
  const emptyBytes = await side.settled();
  context.say(`creating ${pods} pods ...`);
  await run(pods - CHOSEN, 'create');
  using load = await side.connect();
  const sample = JSON.parse(await load.request('GET', `${PATH}/pod-000000`)) as {
    metadata: Readonly<Record<string, unknown>>;
    spec: object;
  };
  await load.createAll(PATH, CHOSEN, (i) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...own(sample.metadata), name: `chosen-${i}`, labels: { app: 'kload', bench: 'chosen' } },
      spec: { ...sample.spec, nodeName: 'chosen' },
    }),
  );
  return { ...side, emptyBytes };
}

/** What a creator may say. */
function own(metadata: Readonly<Record<string, unknown>>): object {
  const { namespace, annotations } = metadata;
  return { namespace, annotations };
}

async function lists({ target, connect }: Side, query: string, count: number): Promise<Sample> {
  using load = await connect();
  const cpuSeconds = (): number => Object.values(target.pids).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  const path = `${PATH}?${query}`;
  const { items } = JSON.parse(await load.request('GET', path)) as { items: readonly unknown[] };
  if (items.length !== CHOSEN) throw new Error(`${path} shows ${items.length} pods instead of ${CHOSEN}`);
  const run = async (): Promise<void> => {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next++ < count) await load.read(path);
    };
    await settleAll(Array.from({ length: IN_FLIGHT }, worker));
  };
  await run();
  const [cpu, began] = [cpuSeconds(), performance.now()];
  await run();
  const elapsedMs = performance.now() - began;
  const serverCpuSeconds = cpuSeconds() - cpu;
  const serverMicroseconds = (serverCpuSeconds * 1e6) / count;
  return { figure: (count * 1000) / elapsedMs, details: { serverCpuSeconds, serverMicroseconds } };
}

async function memoryOfPod({ connect, settled, emptyBytes }: Side, pods: number): Promise<Sample> {
  using load = await connect();
  const podBytes = Buffer.byteLength(await load.request('GET', `${PATH}/pod-000001`));
  const bytes = ((await settled()) - emptyBytes) / pods;
  return { figure: bytes / podBytes, details: { podBytes, bytes } };
}
