import { type Context, defineBenchmark, type Measure, type Workload } from '../harness/benchmark.ts';
import { detail, type Figure, figuresOf } from '../harness/figures.ts';
import { untilIdle } from '../harness/idle.ts';
import { runKload, type Target } from '../harness/kload.ts';
import { startApiServerAlone } from '../harness/api-server-alone.ts';
import { peerTools, startPeer } from '../harness/peer-tools.ts';
import { appliesOf } from './applies.ts';
import { firstCommandOf } from './first-command.ts';

interface Size {
  readonly pods: number;
  readonly ops: number;
  readonly listed: number;
  readonly watchers: number;
  readonly writes: number;
  readonly applies: number;
}
const FULL: Size = { pods: 5000, ops: 10_000, listed: 10_000, watchers: 1000, writes: 1000, applies: 5000 };
const QUICK: Size = { pods: 300, ops: 500, listed: 500, watchers: 50, writes: 20, applies: 200 };

const LIST_NAMESPACE = 'kload-list';

interface Load {
  readonly name: string;
  readonly unit: string;
  readonly ratioGoal?: number;
  /** The delay of the slowest is a figure of its own. */
  readonly hasDelay?: true;
  args(size: Size): readonly string[];
}

const listed = ({ listed: count }: Size): readonly string[] => [
  '--namespace',
  LIST_NAMESPACE,
  '--pods',
  String(count),
  '--repeat',
  '10',
];
const onPods = ({ pods, ops }: Size): readonly string[] => ['--pods', String(pods), '--ops', String(ops)];

/** In this order in every round: pods are created first and deleted last. */
const LOADS: readonly Load[] = [
  { name: 'create', unit: 'ops/s', ratioGoal: 3, args: (size) => [...onPods(size), 'create'] },
  { name: 'get', unit: 'ops/s', ratioGoal: 4, args: (size) => [...onPods(size), 'get'] },
  { name: 'patch', unit: 'ops/s', ratioGoal: 3, args: (size) => [...onPods(size), 'patch'] },
  { name: 'status-put', unit: 'ops/s', ratioGoal: 3, args: (size) => [...onPods(size), 'status-put'] },
  { name: 'mixed', unit: 'ops/s', args: (size) => [...onPods(size), 'mixed'] },
  { name: 'list-cached', unit: 'lists/s', ratioGoal: 5, args: (size) => [...listed(size), 'list-cached'] },
  { name: 'list-consistent', unit: 'lists/s', args: (size) => [...listed(size), 'list-consistent'] },
  {
    name: 'list-protobuf',
    unit: 'lists/s',
    ratioGoal: 3,
    args: (size) => ['--content-type', 'protobuf', ...listed(size), 'list-cached'],
  },
  { name: 'list-paged', unit: 'lists/s', ratioGoal: 5, args: (size) => [...listed(size), 'list-paged'] },
  {
    name: 'watch-burst',
    unit: 'events/s',
    ratioGoal: 4,
    hasDelay: true,
    args: ({ watchers, writes }) => [
      '--pods',
      '200',
      '--watchers',
      String(watchers),
      '--writes',
      String(writes),
      'watch-burst',
    ],
  },
  { name: 'delete', unit: 'ops/s', ratioGoal: 3, args: (size) => [...onPods(size), 'delete'] },
];

export const api = defineBenchmark({
  name: 'api',
  about: 'requests on 2 KB pods over HTTP/2 and TLS, 64 clients, JSON, durable',
  peer: "upstream's API server library on etcd, without admission, defaulting, validation and RBAC",
  warmsUp: true,
  notes: [
    'Every workload ran once on both sides before the rounds that count.',
    'Load generator and both servers share the machine; neither begins before both have come to rest, so that the side that is not measured is idle. Ours is the API server alone, as `navarch envtest` gives it, with admission, defaulting, validation and RBAC; the peer has none of these. list is of 10,000 pods, watch-burst of 1,000 watchers and as many writes: with a fifth of them the first moments were a third of what was measured.',
    'first-command is what the first `kubectl get pods` with an empty cache asks: discovery and the list, over a new connection. The peer has two groups to tell of, ours all of them.',
    'apply is the server-side apply of a Deployment of 2 KB with a new image, forced, which the peer does not serve.',
    'Both sides write to the same disk and call fsync before they answer.',
  ],
  async prepare(context) {
    const size = context.isQuick ? QUICK : FULL;
    const tools = await peerTools(context, context.withPeer);
    const server = await startApiServerAlone(context);
    const ours: Target = {
      flags: ['--kubeconfig', server.kubeconfig, '--server', server.url],
      pids: { server: server.pid },
    };
    const peer = context.withPeer ? await peerTarget(context, tools) : undefined;
    for (const target of peer ? [ours, peer] : [ours]) {
      await runKload(tools.kload, target, [...listed(size), 'create'], context);
    }
    const pids = [ours, ...(peer ? [peer] : [])].flatMap((target) => Object.values(target.pids));
    const measured =
      (target: Target, load: Load): Measure =>
      async () => {
        await untilIdle(pids, context.signal);
        return runKload(tools.kload, target, load.args(size), context);
      };
    const besidePeer = LOADS.flatMap((load) =>
      figuresOf({ ours: measured(ours, load), peer: peer && measured(peer, load) }, figuresOfLoad(load)),
    );
    const first: Workload = {
      name: 'first-command',
      unit: 'ms',
      better: 'less',
      ratioGoal: 1,
      ours: firstCommandOf(server.access),
      ...(peer ? { peer: firstCommandOf({ server: peer.url, isInsecure: true }) } : {}),
    };
    return [
      first,
      ...besidePeer,
      { name: 'apply', unit: 'ops/s', better: 'more', goal: 1500, ours: appliesOf(server, size.applies, context) },
    ];
  },
});

function figuresOfLoad({ name, unit, ratioGoal, hasDelay }: Load): readonly Figure[] {
  const whole: Figure = {
    name,
    unit,
    better: 'more',
    ...(ratioGoal === undefined ? {} : { ratioGoal }),
    of: ({ figure }) => figure,
  };
  const slowest: Figure = { name: `${name}, p99`, unit: 'ms', better: 'less', ratioGoal: 1, of: detail('p99Ms') };
  return hasDelay ? [whole, slowest] : [whole];
}

async function peerTarget(
  context: Context,
  tools: Awaited<ReturnType<typeof peerTools>>,
): Promise<Target & { readonly url: string }> {
  const { url, pids } = await startPeer(context, tools);
  return { url, flags: ['--server', url], pids };
}
