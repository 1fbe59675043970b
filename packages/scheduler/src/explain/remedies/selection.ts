import { compileNodeTerm, meetsNodeTerm, type Node, type NodeSelectorTerm, type Pod } from '@navarch/api';
import { nearMiss } from '../near-miss.ts';
import { type Case, editNode, editPod, quoted, type Remedy, type Step } from '../step.ts';

type Spec = Pod['spec'];
type Requirement = NonNullable<NodeSelectorTerm['matchExpressions']>[number];

/** Something that a pod wants of its node and does not find on this one. */
interface Lack {
  readonly wanted: Requirement;
  /** Of a field of the node, which nobody can set. */
  readonly isField: boolean;
  /** The spec that wants something else; undefined: does not want it any more. */
  rewritten(spec: Spec, by: Requirement | undefined): Spec;
}

const TERMS_MAX = 4;
/** What kubelets set, again and again. */
const SET_BY_NODE = /^(beta\.)?kubernetes\.io\/(hostname|os|arch)$/;
/** What says where a machine stands: it does not move because a label does. */
const SET_BY_PLACE = /^(topology|failure-domain\.beta)\.kubernetes\.io\/|^node\.kubernetes\.io\/instance-type$/;

/** For the first thing that a selector or a term of the affinity does not find: put a slip right, label the node, or want less. */
export const select: Remedy = (about) => {
  const { pod, node } = about;
  const selector = ofSelector(pod.spec).find((lack) => isLacking(lack, node.node));
  if (selector) return stepsFor(selector, about);
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.slice(0, TERMS_MAX).flatMap((term, index) => {
    const lack = ofTerm(term, index).find((each) => isLacking(each, node.node));
    return lack ? stepsFor(lack, about) : [];
  });
};

/** What a pod wants and what this node has instead, for a person. */
export function lacksOf(pod: Pod, node: Node): readonly string[] {
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return [...ofSelector(pod.spec), ...terms.slice(0, TERMS_MAX).flatMap(ofTerm)]
    .filter((lack) => isLacking(lack, node))
    .map(({ wanted, isField }) => `asks for ${textOf(wanted)}, the node has ${held(wanted, isField, node) ?? 'none'}`);
}

const held = ({ key }: Requirement, isField: boolean, { metadata }: Node): string | undefined =>
  isField ? metadata.name : metadata.labels?.[key];

function isLacking({ wanted, isField }: Lack, node: Node): boolean {
  return !meetsNodeTerm(compileNodeTerm(isField ? { matchFields: [wanted] } : { matchExpressions: [wanted] }), node);
}

const ofSelector = ({ nodeSelector = {} }: Spec): readonly Lack[] =>
  Object.entries(nodeSelector).map(([key, value]) => ({
    wanted: { key, operator: 'In', values: [value] },
    isField: false,
    rewritten(spec, by) {
      const { [key]: _, ...rest } = spec.nodeSelector ?? {};
      const then = by ? { ...rest, [by.key]: by.values?.[0] ?? '' } : rest;
      const { nodeSelector: __, ...others } = spec;
      return Object.keys(then).length > 0 ? { ...others, nodeSelector: then } : others;
    },
  }));

function ofTerm(term: NodeSelectorTerm, index: number): readonly Lack[] {
  const of = (part: 'matchExpressions' | 'matchFields'): readonly Lack[] =>
    (term[part] ?? []).map((wanted, at) => ({
      wanted,
      isField: part === 'matchFields',
      rewritten: (spec, by) =>
        withTerm(spec, index, (before) => ({
          ...before,
          [part]: (before[part] ?? []).flatMap((each, i) => (i === at ? (by ? [by] : []) : [each])),
        })),
    }));
  return [...of('matchExpressions'), ...of('matchFields')];
}

/** A spec with another term; one that wants nothing any more would select nothing, so the whole requirement goes. */
function withTerm(spec: Spec, index: number, edit: (term: NodeSelectorTerm) => NodeSelectorTerm): Spec {
  const { nodeAffinity = {} } = spec.affinity ?? {};
  const { requiredDuringSchedulingIgnoredDuringExecution: required, ...rest } = nodeAffinity;
  if (!required) return spec;
  const nodeSelectorTerms = required.nodeSelectorTerms.map((term, i) => (i === index ? edit(term) : term));
  const isEmpty = nodeSelectorTerms.some(
    ({ matchExpressions = [], matchFields = [] }) => matchExpressions.length + matchFields.length === 0,
  );
  const then = isEmpty
    ? rest
    : { ...rest, requiredDuringSchedulingIgnoredDuringExecution: { ...required, nodeSelectorTerms } };
  return { ...spec, affinity: { ...spec.affinity, nodeAffinity: then } };
}

function stepsFor(lack: Lack, about: Case): readonly Step[] {
  const { wanted } = lack;
  const steps: (Step | undefined)[] = [slip(lack, about), label(lack, about)];
  const wantsLess: Step = {
    sort: `without ${textOf(wanted)}`,
    summary: `do not ask for a node with ${textOf(wanted)}`,
    cost: 5,
    effects: [editPod((spec) => lack.rewritten(spec, undefined))],
  };
  return [...steps.filter((step) => step !== undefined), wantsLess];
}

/** A key or a value that is nearly the node's, and that no node has as it is written. */
function slip(lack: Lack, { node: { node }, whatIf: { snapshot } }: Case): Step | undefined {
  const { wanted, isField } = lack;
  const { values = [] } = wanted;
  if (wanted.operator !== 'In' || snapshot.nodes.some((other) => !isLacking(lack, other.node))) return undefined;
  const corrected = (by: Requirement, typed: string, meant: string): Step => ({
    sort: `slip ${textOf(by)}`,
    summary: `ask for a node with ${textOf(by)} (${textOf(wanted)}: did you mean ${JSON.stringify(meant)} instead of ${JSON.stringify(typed)}?)`,
    cost: 1,
    effects: [editPod((spec) => lack.rewritten(spec, by))],
  });
  const meant = held(wanted, isField, node);
  if (meant !== undefined) {
    const typed = nearMiss(meant, values);
    const right = values.map((value) => (value === typed ? meant : value));
    return typed === undefined ? undefined : corrected({ ...wanted, values: right }, typed, meant);
  }
  const has = isField ? {} : (node.metadata.labels ?? {});
  const key = nearMiss(
    wanted.key,
    Object.keys(has).filter((name) => values.includes(has[name] ?? '')),
  );
  return key === undefined ? undefined : corrected({ ...wanted, key }, wanted.key, key);
}

function label({ wanted: { key, operator, values = [] }, isField }: Lack, { node: { name } }: Case): Step | undefined {
  if (isField || SET_BY_NODE.test(key)) return undefined;
  const cost = SET_BY_PLACE.test(key) ? 6 : 2;
  if (operator === 'In' || operator === 'Exists') {
    const value = operator === 'In' ? (values[0] ?? '') : 'true';
    return {
      sort: `label ${key}`,
      summary: `label node ${name} with ${key}=${value}`,
      cost,
      effects: [editNode(name, (node) => withLabels(node, { ...node.metadata.labels, [key]: value }))],
      command: `kubectl label nodes ${quoted(name)} ${quoted(`${key}=${value}`)} --overwrite`,
    };
  }
  if (operator !== 'NotIn' && operator !== 'DoesNotExist') return undefined;
  return {
    sort: `unlabel ${key}`,
    summary: `remove the label ${key} from node ${name}`,
    cost,
    effects: [
      editNode(name, (node) => {
        const { [key]: _, ...rest } = node.metadata.labels ?? {};
        return withLabels(node, rest);
      }),
    ],
    command: `kubectl label nodes ${quoted(name)} ${quoted(`${key}-`)}`,
  };
}

export const withLabels = (node: Node, labels: Readonly<Record<string, string>>): Node => ({
  ...node,
  metadata: { ...node.metadata, labels },
});

const WORDS = { NotIn: 'not in', Exists: '', DoesNotExist: 'absent', Gt: '>', Lt: '<' } as const;

function textOf({ key, operator, values = [] }: Requirement): string {
  if (operator === 'In') return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(', ')})`;
  return [key, WORDS[operator], values.join(', ')].filter(Boolean).join(' ');
}
