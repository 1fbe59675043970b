import { existsSync, readFileSync } from 'node:fs';
import { addressOf, isNodeReady, node, pod } from '@navarch/api';
import type { Api } from '@navarch/client';
import { findContainerd } from '@navarch/node/containerd';
import { type DaemonName, findDaemon } from '../cluster/daemon.ts';
import { type Layout, layoutOf } from '../cluster/layout.ts';
import { begunNodes } from '../cluster/local-nodes.ts';
import { readNodeState, readState } from '../cluster/state.ts';
import { adminClient } from '../cluster/wait-ready.ts';
import { clusterOption } from '../cluster/usual-cluster.ts';
import { sentenceOf } from '../user-error.ts';
import { KUBERNETES_VERSION, VERSION } from '../version.ts';
import type { Declare } from './declare.ts';

const ANSWER_MS = 5_000;

const HELP = `
Exits with 0 when everything that should run does and every node is ready, else with 1.
`;

export const declareStatus: Declare = (program, exit) => {
  program
    .command('status')
    .description('Say what of the cluster runs: components with their memory, nodes, addresses, versions')
    .addOption(clusterOption())
    .option('--data-dir <folder>', 'the folder of a server or agent that was given one')
    .addHelpText('after', HELP)
    .action(async (flags: { name: string; dataDir?: string }) => {
      const layout = layoutOf(flags.name, flags.dataDir);
      const say = (text: string): void => void process.stdout.write(`${text}\n`);
      if (!existsSync(layout.dir)) {
        say(`There is no cluster ${layout.name} on this machine. Start one: ./navarch up`);
        return exit(1);
      }
      const isLocalFine = sayLocal(layout, say);
      const isClusterFine = existsSync(layout.adminKubeconfig) ? await sayCluster(layout, say) : isLocalFine;
      return isLocalFine && isClusterFine ? undefined : exit(1);
    });
};

type Say = (text: string) => void;

/** What this machine knows without asking anybody. True when all runs that should. */
function sayLocal(layout: Layout, say: Say): boolean {
  const state = readState(layout);
  const nodeState = readNodeState(layout);
  say(
    `Cluster ${layout.name}${state ? `: https://127.0.0.1:${state.port}` : nodeState ? ` (this machine has joined it as ${nodeState.nodeName})` : ''}`,
  );
  say(`  version      ${VERSION}`);
  say(`  data         ${layout.dir}`);
  const expected: readonly DaemonName[] = existsSync(layout.store) ? ['server', 'agent'] : ['agent'];
  const others = begunNodes(layout);
  const processes = [
    ...expected.map((name) => [name, findDaemon(layout, name)?.pid] as const),
    ...(existsSync(layout.containerd) ? [['containerd', findContainerd(layout.containerd)?.process.pid] as const] : []),
    ...others.map((other) => [`agent ${other.name}`, findDaemon(other.layout, 'agent')?.pid] as const),
  ];
  for (const [name, pid] of processes)
    say(`  ${name.padEnd(12)} ${pid === undefined ? 'does not run' : `runs (pid ${pid}${memoryOf(pid)})`}`);
  return processes.every(([, pid]) => pid !== undefined);
}

/** What the API server says, asked as the administrator. */
async function sayCluster(layout: Layout, say: Say): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const { api, transport } = adminClient(layout, signal);
  using _ = transport;
  try {
    return await sayNodes(api, say);
  } catch (error) {
    say(
      `  API server   does not answer: ${signal.aborted ? `nothing within ${ANSWER_MS / 1000} s` : sentenceOf(error)}`,
    );
    return false;
  }
}

async function sayNodes(api: Api, say: Say): Promise<boolean> {
  const { items: nodes } = await api.of(node).list();
  const { items: pods } = await api.of(pod).list();
  say(`  Kubernetes   ${KUBERNETES_VERSION}`);
  say(`  nodes        ${nodes.filter(isNodeReady).length} of ${nodes.length} ready`);
  for (const n of nodes) {
    const { kubeletVersion, containerRuntimeVersion } = n.status.nodeInfo;
    say(
      `    ${n.metadata.name.padEnd(12)} ${isNodeReady(n) ? 'Ready' : 'NotReady'}  ${addressOf(n, 'InternalIP') ?? 'no address'}  ${kubeletVersion}  ${containerRuntimeVersion}`,
    );
  }
  say(`  pods         ${pods.filter((p) => p.status.phase === 'Running').length} of ${pods.length} running`);
  return nodes.every(isNodeReady);
}

/** Resident memory (proc_pid_status(5)); nothing where there is no /proc. */
function memoryOf(pid: number): string {
  try {
    const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    return Number.isFinite(kib) ? `, ${Math.round(kib / 1024)} MiB` : '';
  } catch {
    return '';
  }
}
