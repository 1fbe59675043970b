import {
  compileNodeSelection,
  compileNodeTerm,
  meetsNodeTerm,
  namedNodes,
  type Node,
  type NodeAffinity,
  type NodeSelection,
  type NodeTerm,
  type PodSpec,
  selectsNode,
} from '@navarch/api';
import { definePlugin, misfit, normalizeToHundred, type SchedulerPlugin } from '../plugin.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const NOT_ALLOWED = misfit(false, "node(s) didn't match scheduler-enforced node affinity");
const NOT_SELECTED = misfit(false, "node(s) didn't match Pod's node affinity/selector");

interface Preference {
  readonly term: NodeTerm;
  readonly weight: number;
}

const preferencesOf = ({ affinity }: Pick<PodSpec, 'affinity'>): readonly Preference[] =>
  (affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ preference, weight }) => ({
    term: compileNodeTerm(preference),
    weight,
  }));

export interface NodeAffinityArgs {
  /** What the administrator adds to the affinity of every pod. */
  readonly addedAffinity?: NodeAffinity;
}

interface Prepared {
  readonly added: NodeSelection | undefined;
  readonly own: NodeSelection;
}

/** Keeps a pod to the nodes that its selector and its required affinity name, and prefers those that it would rather have. */
export function nodeAffinityBy({ addedAffinity }: NodeAffinityArgs): SchedulerPlugin<Prepared, readonly Preference[]> {
  const addedSpec: Pick<PodSpec, 'affinity'> = addedAffinity ? { affinity: { nodeAffinity: addedAffinity } } : {};
  const added = addedAffinity?.[REQUIRED] ? compileNodeSelection(addedSpec) : undefined;
  const addedPreferences = preferencesOf(addedSpec);
  const allows = (selection: NodeSelection, node: Node): boolean =>
    (added === undefined || selectsNode(added, node)) && selectsNode(selection, node);
  return definePlugin<Prepared, readonly Preference[]>({
    name: 'NodeAffinity',
    scope: 'node',
    wakesOn: ['node-added', 'node-changed'],
    wakes(pod, event) {
      if (event.type !== 'node-added' && event.type !== 'node-changed') return false;
      const own = compileNodeSelection(pod.spec);
      return allows(own, event.node) && (event.type === 'node-added' || !allows(own, event.previous));
    },
    narrow: ({ spec }) => (spec.affinity?.nodeAffinity ? namedNodes(compileNodeSelection(spec)) : undefined),
    prepare: ({ spec }) =>
      added || spec.nodeSelector || spec.affinity?.nodeAffinity?.[REQUIRED]
        ? { added, own: compileNodeSelection(spec) }
        : undefined,
    filter(_pod, { node }, prepared) {
      if (prepared.added && !selectsNode(prepared.added, node)) return NOT_ALLOWED;
      return selectsNode(prepared.own, node) ? undefined : NOT_SELECTED;
    },
    weigh({ spec }) {
      const preferences = [...addedPreferences, ...preferencesOf(spec)];
      return preferences.length > 0 ? preferences : undefined;
    },
    score: (_pod, { node }, preferences) =>
      preferences.reduce((sum, { term, weight }) => (meetsNodeTerm(term, node) ? sum + weight : sum), 0),
    normalize: (scores) => normalizeToHundred(scores, false),
  });
}
