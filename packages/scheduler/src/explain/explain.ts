import { isTerminal, type Pod, podDisruptionBudget } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { keyOf } from '@navarch/machinery';
import { type Unfit, unfitMessage } from '../unfit.ts';
import { place } from '../place.ts';
import { EXTENDER } from '../extenders/extender-plugin.ts';
import type { Extender } from '../extenders/extender.ts';
import { misfit, type Profile } from '../plugin.ts';
import { preempt } from '../preemption/preemption.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import { detailOf } from './detail.ts';
import type { Explanation, Fix, NodeGroup, NodeVerdict, PlacementState, Refusal } from './explanation.ts';
import { searchFixes } from './fix-search.ts';
import { type Found, Judge } from './judge.ts';
import { nearMiss } from './near-miss.ts';
import { Panel } from './panel.ts';
import { editPod } from './step.ts';
import { drained, type Steps } from './steps.ts';
import { toldAs } from './told.ts';
import type { WhatIf } from './what-if.ts';

// Bounds of one answer: what a cluster of any size costs its API server.
const LOOKED_MAX = 2000;
const TOLD_MAX = 100;
const TRIED_MAX = 40;
const NAMES_MAX = 5;

/** What was found out about a pod, before it is put into words. */
interface Findings {
  readonly state: PlacementState;
  readonly headline: string;
  readonly message?: string;
  readonly fixes?: readonly Fix[];
}

interface Judged {
  readonly node: NodeInfo;
  readonly misfits: readonly Found[];
  readonly fits: boolean;
}

/**
 * Why a pod is not placed, or where it could be, and what would help: asked of the plugins that place it, on the nodes as
 * they are and as they might be. `profiles`: of those who place pods. The cluster is afterwards as it was before.
 */
export const explain = (pod: Pod, whatIf: WhatIf, profiles: readonly Profile[]): Explanation =>
  drained(explaining(pod, whatIf, profiles));

/** The same, a part at a time. */
export function* explaining(
  pod: Pod,
  whatIf: WhatIf,
  profiles: readonly Profile[],
  extenders: readonly Extender[] = [],
): Steps<Explanation> {
  const { name, namespace = '' } = pod.metadata;
  const head = { kind: 'Placement', apiVersion: 'navarch.dev/v1', metadata: { name, namespace } } as const;
  const nothing = { nodes: 0, nodesLooked: 0, nodesTold: 0, nodesTried: 0, triedChanges: 0 };
  const settled = withoutLooking(pod, whatIf, profiles);
  if (settled) return { ...head, fixes: [], ...settled, refusals: [], groups: [], nodes: [], looked: nothing };
  const profile = profiles.find(({ schedulerName }) => schedulerName === schedulerOf(pod)) as Profile;
  // Where it runs it would not count against itself; nothing is sought for it.
  const found = pod.spec.nodeName
    ? whatIf.with([{ type: 'gone', pod }], pod, (then) => drained(look(then, whatIf, profile, new Panel())))
    : yield* look(pod, whatIf, profile, new Panel(extenders));
  return { ...head, ...found };
}

const schedulerOf = ({ spec }: Pod): string => spec.schedulerName ?? 'default-scheduler';

/** Pods whose fate has nothing to do with what nodes are like. */
function withoutLooking(pod: Pod, whatIf: WhatIf, profiles: readonly Profile[]): Findings | undefined {
  const { snapshot } = whatIf;
  const key = keyOf(pod);
  const { nodeName } = pod.spec;
  if (isTerminal(pod))
    return { state: 'Finished', headline: `Pod ${key} has ended (${pod.status.phase}): it needs no node any more.` };
  if (nodeName && !snapshot.node(nodeName)) {
    const names = snapshot.nodes.map((node) => node.name);
    const meant = nearMiss(nodeName, names);
    const withName = (spec: Pod['spec']): Pod['spec'] => {
      const { nodeName: _, ...rest } = spec;
      return meant === undefined ? rest : { ...rest, nodeName: meant };
    };
    const step = {
      sort: 'node name',
      summary:
        meant === undefined
          ? 'do not name a node: let the scheduler choose'
          : `name node ${meant} (did you mean ${JSON.stringify(meant)} instead of ${JSON.stringify(nodeName)}?)`,
      cost: 1,
      effects: [editPod(withName)],
    };
    const headline = `Pod ${key} is bound to node ${nodeName}, which does not exist: nobody starts it.`;
    const fits = names.length > 0 ? [toldAs({ node: meant ?? '', steps: [step], cost: 1 }, pod, whatIf)] : [];
    return { state: 'Unfit', headline, fixes: fits };
  }
  const name = schedulerOf(pod);
  if (nodeName || profiles.some(({ schedulerName }) => schedulerName === name)) return undefined;
  const known = profiles.map(({ schedulerName }) => schedulerName);
  const right = nearMiss(name, known) ?? known[0] ?? 'default-scheduler';
  const step = {
    sort: 'scheduler',
    summary: `ask for ${right}${nearMiss(name, known) ? ` (did you mean that instead of ${JSON.stringify(name)}?)` : ''}`,
    cost: 1,
    effects: [editPod((spec) => ({ ...spec, schedulerName: right }))],
  };
  return {
    state: 'Foreign',
    headline: `Pod ${key} waits for the scheduler ${name}, which is not one of this cluster's (${known.join(', ')}).`,
    fixes: [toldAs({ node: '', steps: [step], cost: 1 }, pod, whatIf)],
  };
}

function* look(
  pod: Pod,
  whatIf: WhatIf,
  profile: Profile,
  panel: Panel,
): Steps<Omit<Explanation, 'kind' | 'apiVersion' | 'metadata'>> {
  const { snapshot } = whatIf;
  const judge = new Judge(pod, snapshot, profile);
  const refusals = judge.refusals();
  const ofPlugins = snapshot.nodes.slice(0, LOOKED_MAX).map((node): Judged => ({
    node,
    misfits: [...refusals, ...judge.misfits(node)],
    fits: refusals.length === 0 && judge.fits(node),
  }));
  const judged = judge.gates().length > 0 ? ofPlugins : yield* heard(pod, ofPlugins, panel);
  const { state, headline, message } = findings(pod, judge, judged, { whatIf, profile });
  const isSought = state === 'Gated' || state === 'Unfit' || state === 'Promised';
  const tried = isSought ? worthTrying(judged) : [];
  const { fixes, tried: triedChanges } = yield* searchFixes({ pod, whatIf, profile, panel, nodes: tried });
  const nodes = verdicts(judge, judged, (found, node) => reasonsOf(found, pod, { node, whatIf }));
  return {
    state,
    headline,
    ...(message === undefined ? {} : { message }),
    refusals: refusals.map(({ plugin, misfit }) => ({ plugin, reasons: misfit.reasons })),
    groups: grouped(judged),
    nodes,
    looked: {
      nodes: snapshot.nodes.length,
      nodesLooked: judged.length,
      nodesTold: nodes.length,
      nodesTried: tried.length,
      triedChanges,
    },
    fixes: fixes.map((fix) => toldAs(fix, pod, whatIf)),
  };
}

/** The same with the word of extenders, who are asked about nodes that plugins leave. */
function* heard(pod: Pod, judged: readonly Judged[], panel: Panel): Steps<readonly Judged[]> {
  const asked = judged.filter(({ fits }) => fits).map(({ node }) => node.node);
  const refused = yield* panel.refused(pod, asked);
  return judged.map((each) => {
    const said = refused?.get(each.node.name);
    if (!said) return each;
    const found = { plugin: EXTENDER, misfit: misfit(true, said.why), detail: `says extender ${said.by}` };
    return { ...each, fits: false, misfits: [...each.misfits, found] };
  });
}

function findings(
  pod: Pod,
  judge: Judge,
  judged: readonly Judged[],
  { whatIf, profile }: { readonly whatIf: WhatIf; readonly profile: Profile },
): Findings {
  const { snapshot } = whatIf;
  const key = keyOf(pod);
  const gates = judge.gates();
  if (pod.spec.nodeName) return { state: 'Scheduled', headline: `Pod ${key} is on node ${pod.spec.nodeName}.` };
  if (gates.length > 0)
    return { state: 'Gated', headline: `Pod ${key} is held back: ${gates.map(({ reason }) => reason).join('; ')}.` };
  const random = seededRandom(1);
  const placement = place(pod, snapshot, profile, { random });
  const fitting = judged.filter(({ fits }) => fits);
  if (placement.node !== undefined && fitting.length === 0) {
    const count = snapshot.nodes.length;
    const unfit = { ...NOTHING_SAID, reasons: countedReasons(judged) };
    const by = new Set(judged.flatMap(({ misfits }) => misfits.flatMap(({ detail }) => detail ?? [])));
    const headline = `Pod ${key} has no node: ${whyNone(unfit, count)} (${[...by].join(', ')}).`;
    return { state: 'Unfit', headline, message: unfitMessage(count, unfit) };
  }
  if (placement.node !== undefined) {
    const best = fitting.find(({ node }) => node.name === placement.node)?.node.name ?? fitting[0]?.node.name;
    return {
      state: 'Fits',
      headline: `Pod ${key} fits on ${fitting.length === 1 ? `node ${best}` : `${fitting.length} nodes, best on ${best}`}: the scheduler tries it again after its pause.`,
    };
  }
  const budgets = snapshot.objects.list(podDisruptionBudget);
  const preemption = preempt({ pod, unfit: placement, snapshot, profile, budgets, random });
  const message = unfitMessage(
    snapshot.nodes.length,
    placement,
    preemption.node === undefined ? preemption.message : '',
  );
  const { nominatedNodeName } = pod.status;
  const leaving =
    nominatedNodeName === undefined
      ? []
      : [...(snapshot.node(nominatedNodeName)?.pods.values() ?? [])].filter(
          (placed) => placed.pod.metadata.deletionTimestamp,
        );
  if (leaving.length > 0)
    return {
      state: 'Promised',
      headline: `Pod ${key} was promised node ${nominatedNodeName} and waits for those to end that make room for it: ${leaving.map((placed) => keyOf(placed.pod)).join(', ')}.`,
      message,
    };
  if (preemption.node !== undefined)
    return {
      state: 'Promised',
      headline: `Pod ${key} is to have node ${preemption.node}, from which less important pods are sent away for it: ${preemption.victims.map(keyOf).join(', ')}.`,
      message,
    };
  return { state: 'Unfit', headline: `Pod ${key} has no node: ${whyNone(placement, snapshot.nodes.length)}.`, message };
}

const NOTHING_SAID = { node: undefined, looked: 0, rejectedBy: new Set<string>(), resolvable: [] } as const;

function countedReasons(judged: readonly Judged[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const each of judged) for (const reason of groupOf(each)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return counts;
}

/** The reasons for a person: the most frequent first. */
function whyNone({ refusal, reasons }: Unfit, count: number): string {
  if (count === 0) return 'there are no nodes in the cluster';
  if (refusal !== undefined) return refusal;
  const nodes = (many: number): string =>
    many === count ? (count === 1 ? 'the only node' : `all ${count} nodes`) : `${many} of ${count} nodes`;
  return [...reasons]
    .sort(([, a], [, b]) => b - a)
    .map(([reason, many]) => `${nodes(many)}: ${reason.replace(/^node\(s\) (were |had )?/, '')}`)
    .join('; ');
}

function reasonsOf(
  { plugin, misfit: { reasons }, detail: known }: Found,
  pod: Pod,
  at: { readonly node: NodeInfo; readonly whatIf: WhatIf },
): Refusal {
  const detail = known ?? detailOf(plugin, { pod, ...at });
  return { plugin, reasons, ...(detail ? { detail } : {}) };
}

function verdicts(
  judge: Judge,
  judged: readonly Judged[],
  told: (found: Found, node: NodeInfo) => Refusal,
): readonly NodeVerdict[] {
  const fitting = judged.filter(({ fits }) => fits).map(({ node }) => node);
  const scores = fitting.length > 0 ? [...judge.scores(fitting)] : [];
  const good = fitting.map((node, i): NodeVerdict => {
    const own = scores.map(([plugin, of]): readonly [string, number] => [plugin, of[i] ?? 0]);
    const total = own.reduce((sum, [, score]) => sum + score, 0);
    return { name: node.name, fits: true, misfits: [], scores: Object.fromEntries(own), total };
  });
  const bad = judged
    .filter(({ fits }) => !fits)
    .sort((a, b) => a.misfits.length - b.misfits.length)
    .slice(0, TOLD_MAX)
    .map(({ node, misfits }) => ({ name: node.name, fits: false, misfits: misfits.map((found) => told(found, node)) }));
  return [...good.sort((a, b) => (b.total ?? 0) - (a.total ?? 0)), ...bad].slice(0, TOLD_MAX);
}

const PROMISED = 'node(s) had their room promised to other pods';

function groupOf({ misfits, fits }: Judged): readonly string[] {
  if (misfits.length > 0) return misfits.flatMap(({ misfit }) => misfit.reasons);
  return fits ? [] : [PROMISED];
}

function grouped(judged: readonly Judged[]): readonly NodeGroup[] {
  return [...Map.groupBy(judged, (each) => groupOf(each).join('\n')).values()]
    .map((of): NodeGroup => {
      const [first] = of;
      return {
        reasons: first ? groupOf(first) : [],
        plugins: first?.misfits.map(({ plugin }) => plugin) ?? [],
        count: of.length,
        nodes: of.slice(0, NAMES_MAX).map(({ node }) => node.name),
      };
    })
    .sort((a, b) => b.count - a.count);
}

/** Nodes that lack least, some of every group, so that a thousand full nodes do not hide the one that is cordoned. */
function worthTrying(judged: readonly Judged[]): readonly NodeInfo[] {
  const groups = [...Map.groupBy(judged, (each) => groupOf(each).join('\n')).values()].sort(
    (a, b) => (a[0]?.misfits.length ?? 0) - (b[0]?.misfits.length ?? 0),
  );
  const found: NodeInfo[] = [];
  for (let turn = 0; found.length < Math.min(TRIED_MAX, judged.length); turn++)
    for (const group of groups) {
      const next = group[turn];
      if (next && found.length < TRIED_MAX) found.push(next.node);
    }
  return found;
}
