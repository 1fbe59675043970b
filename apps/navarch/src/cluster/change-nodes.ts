import { rmSync } from 'node:fs';
import { node as nodeKind } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import type { ClusterPlan, NodePlan } from '../kind-config/cluster-plan.ts';
import { UserError } from '../user-error.ts';
import type { Layout } from './layout.ts';
import { type LocalNode, localNodes, NODES_MAX } from './local-nodes.ts';
import { removeNodes } from './run-nodes.ts';
import { startMissing, waitForNodes } from './start-cluster.ts';
import { type ClusterState, writeState } from './state.ts';
import type { Steps } from './steps.ts';
import { adminClient } from './wait-ready.ts';

/** Starts so many further nodes, and waits until pods can be on them. */
export async function addNodes(
  layout: Layout,
  { state, count }: { readonly state: ClusterState; readonly count: number },
  steps: Steps,
  signal: AbortSignal,
): Promise<readonly LocalNode[]> {
  const nodes = (state.nodes ?? 1) + count;
  if (nodes > NODES_MAX) throw new UserError(`one machine takes ${NODES_MAX} nodes, not ${nodes}`);
  const next = { ...state, nodes, ...(state.plan ? { plan: withWorkers(state.plan, count) } : {}) };
  const before = new Set(localNodes(layout, state).map(({ name }) => name));
  // Before anything is made, so that `down` knows of it.
  writeState(layout, next);
  await steps.step(`Starting ${count} node${count === 1 ? '' : 's'}`, () => startMissing(layout, next, signal));
  await waitForNodes(layout, next, steps, signal);
  return localNodes(layout, next).filter(({ name }) => !before.has(name));
}

function withWorkers(plan: ClusterPlan, count: number): ClusterPlan {
  const taken = new Set(plan.nodes.map(({ suffix }) => suffix));
  const added: NodePlan[] = [];
  for (let nth = 1; added.length < count; nth++) {
    const suffix = nth === 1 ? 'worker' : `worker${nth}`;
    if (taken.has(suffix)) continue;
    const nothing = { labels: {}, taints: [], mounts: [], ports: [], agentFlags: [], kubelet: {} };
    added.push({ role: 'worker', suffix, ...nothing });
  }
  return { ...plan, nodes: [...plan.nodes, ...added] };
}

/** Takes a node away with all that is on it; other nodes keep their names. */
export async function deleteNode(
  layout: Layout,
  { state, gone }: { readonly state: ClusterState; readonly gone: LocalNode },
  signal: AbortSignal,
): Promise<void> {
  const nodes = localNodes(layout, state);
  if (gone.name === nodes[0]?.name)
    throw new UserError(`${gone.name} has the control plane: \`navarch down\` takes the whole cluster away`);
  if (!state.plan && gone.name !== nodes.at(-1)?.name)
    throw new UserError(`nodes of \`up --nodes\` are numbered: delete ${nodes.at(-1)?.name} first`);
  await removeNodes([gone], signal);
  const { api, transport } = adminClient(layout, signal);
  using _ = transport;
  await api
    .of(nodeKind)
    .delete(gone.name)
    .catch((error: unknown) => {
      if (!hasReason(error, 'NotFound')) throw error;
    });
  rmSync(gone.layout.dir, { recursive: true, force: true });
  const plan = state.plan && {
    ...state.plan,
    nodes: state.plan.nodes.filter(({ suffix }) => suffix !== gone.plan?.suffix),
  };
  writeState(layout, { ...state, nodes: (state.nodes ?? 1) - 1, ...(plan ? { plan } : {}) });
}
