import { addNodes, deleteNode } from '../cluster/change-nodes.ts';
import { findDaemon } from '../cluster/daemon.ts';
import { numberOf } from '../cluster/flags.ts';
import { type Layout, layoutOf } from '../cluster/layout.ts';
import { type LocalNode, localNodes, NODES_MAX } from '../cluster/local-nodes.ts';
import { conditionOf, freezeNode, haltNode } from '../cluster/run-nodes.ts';
import { startAgain } from '../cluster/start-cluster.ts';
import { type ClusterState, readState } from '../cluster/state.ts';
import { Steps } from '../cluster/steps.ts';
import { takeTurnUp } from '../cluster/turn.ts';
import { clusterOption } from '../cluster/usual-cluster.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './declare.ts';

const HELP = `
For trying what a cluster does about faults. \`stop\` ends all that runs on a node at once, as when a machine loses its power,
and nobody reaches it; \`pause\` stops all of it where it is. The control plane goes and comes with its node.

Examples:
  ./navarch node list
  ./navarch node stop navarch-worker2        and after a while: ./navarch node start navarch-worker2
  ./navarch node add --count 3
`;

interface Known {
  readonly layout: Layout;
  readonly state: ClusterState;
  readonly nodes: readonly LocalNode[];
}

export const declareNode: Declare = (program) => {
  const node = program
    .command('node')
    .description('Stop, start, pause, add and delete nodes on this machine')
    .addHelpText('after', HELP);
  const shared = (name: string, description: string): ReturnType<typeof node.command> =>
    node.command(name).description(description).addOption(clusterOption());
  const one = (name: string, description: string, work: (node: LocalNode, known: Known) => Promise<void>): void =>
    void shared(name, description)
      .argument('<node>', 'name of the node')
      .action((wanted: string, flags: { readonly name: string }) =>
        inTurn(flags.name, (known) => work(nodeOf(known, wanted), known)),
      );
  const { signal } = new AbortController();

  shared('list', 'Name the nodes, and say what they do').action((flags: { readonly name: string }) => {
    for (const found of knownOf(flags.name).nodes)
      say(`${found.name.padEnd(24)} ${found.address.padEnd(16)} ${conditionOf(found)}`);
  });
  one('stop', 'End all that runs on a node, at once', async (wanted) => {
    refuseMachine(wanted);
    await haltNode(wanted, signal);
    say(`${wanted.name} is stopped.`);
  });
  one('start', 'Start a node that is stopped', async (wanted, { layout, state }) => {
    if (conditionOf(wanted) !== 'stopped') return say(`${wanted.name} is ${conditionOf(wanted)} already.`);
    await startAgain(layout, state, [wanted], signal);
    say(`${wanted.name} is started.`);
  });
  one('pause', 'Stop all that runs on a node where it is', async (wanted) => {
    refuseMachine(wanted);
    if (conditionOf(wanted) === 'stopped')
      throw new UserError(`${wanted.name} is stopped: nothing of it can be paused`);
    freezeNode(wanted, true);
    say(`${wanted.name} is paused.`);
  });
  one('unpause', 'Let a paused node go on', async (wanted) => {
    freezeNode(wanted, false);
    say(`${wanted.name} is ${conditionOf(wanted)}.`);
  });
  one('delete', 'Take a node away, with its pods', async (wanted, { layout, state }) => {
    refuseStopped(layout);
    await deleteNode(layout, { state, gone: wanted }, signal);
    say(`${wanted.name} is gone.`);
  });
  shared('add', 'Start further nodes')
    .option('--count <number>', 'how many', '1')
    .action((flags: { readonly name: string; readonly count: string }) =>
      inTurn(flags.name, async ({ layout, state }) => {
        const count = numberOf('--count', flags.count, [1, NODES_MAX - 1]);
        refuseStopped(layout);
        const steps = new Steps((text) => process.stdout.write(text), process.stdout.isTTY);
        const added = await addNodes(layout, { state, count }, steps, signal);
        say(`Added ${added.map(({ name }) => name).join(', ')}.`);
      }),
    );
};

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function knownOf(cluster: string): Known {
  const layout = layoutOf(cluster);
  const state = readState(layout);
  if (!state) throw new UserError(`there is no cluster ${cluster} on this machine: start one with \`navarch up\``);
  return { layout, state, nodes: localNodes(layout, state) };
}

/** One change of a cluster's nodes at a time. */
async function inTurn(cluster: string, work: (known: Known) => Promise<void>): Promise<void> {
  const { layout } = knownOf(cluster);
  using _ = await takeTurnUp(layout, say);
  await work(knownOf(cluster));
}

function nodeOf({ nodes, state }: Known, name: string): LocalNode {
  const found = nodes.find((one) => one.name === name);
  if (found) return found;
  throw new UserError(
    `cluster ${state.name} has no node ${name} on this machine: it has ${nodes.map((one) => one.name).join(', ')}`,
  );
}

function refuseMachine({ name, isMachine }: LocalNode): void {
  if (isMachine)
    throw new UserError(`${name} is this machine itself: \`navarch down --keep-data\` stops the whole cluster`);
}

function refuseStopped(layout: Layout): void {
  if (!findDaemon(layout, 'server'))
    throw new UserError(`the control plane of ${layout.name} does not run: start its node, or run \`navarch up\``);
}
