import {
  compileNodeSelection,
  compileNodeTerm,
  meetsNodeTerm,
  namedNodes,
  type NodeSelection,
  type NodeTerm,
  type PodSpec,
  selectsNode,
} from '@navarch/api';
import { definePlugin, misfit, normalizeToHundred } from '../plugin.ts';

const NOT_SELECTED = misfit(false, "node(s) didn't match Pod's node affinity/selector");

interface Preference {
  readonly term: NodeTerm;
  readonly weight: number;
}

const preferencesOf = ({ affinity }: PodSpec): readonly Preference[] =>
  (affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ preference, weight }) => ({
    term: compileNodeTerm(preference),
    weight,
  }));

/** Keeps a pod to the nodes that its selector and its required affinity name, and prefers those that it would rather have. */
export const nodeAffinity = definePlugin<NodeSelection, readonly Preference[]>({
  name: 'NodeAffinity',
  scope: 'node',
  wakesOn: ['node-added', 'node-changed'],
  wakes(pod, event) {
    if (event.type !== 'node-added' && event.type !== 'node-changed') return false;
    const selection = compileNodeSelection(pod.spec);
    return (
      selectsNode(selection, event.node) && (event.type === 'node-added' || !selectsNode(selection, event.previous))
    );
  },
  narrow: ({ spec }) => (spec.affinity?.nodeAffinity ? namedNodes(compileNodeSelection(spec)) : undefined),
  prepare: ({ spec }) =>
    spec.nodeSelector || spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
      ? compileNodeSelection(spec)
      : undefined,
  filter: (_pod, { node }, selection) => (selectsNode(selection, node) ? undefined : NOT_SELECTED),
  weigh({ spec }) {
    const preferences = preferencesOf(spec);
    return preferences.length > 0 ? preferences : undefined;
  },
  score: (_pod, { node }, preferences) =>
    preferences.reduce((sum, { term, weight }) => (meetsNodeTerm(term, node) ? sum + weight : sum), 0),
  normalize: (scores) => normalizeToHundred(scores, false),
});
