import type { Pod, PodAffinityTerm, TopologySpreadConstraint } from '@navarch/api';
import { nearMiss } from '../near-miss.ts';
import { type Case, editNode, editPod, quoted, type Remedy, type Step } from '../step.ts';
import { withLabels } from './selection.ts';

type Spec = Pod['spec'];

const SKEW_TRIES = 10;
const DOMAINS_MAX = 10;
/** Pods whose labels are looked through for the one that was meant. */
const PODS_MAX = 5000;

/** For a constraint that spreads pods: a domain for the node, more skew, or a wish in place of a demand. */
export const spread: Remedy = (about) => {
  const constraints = about.pod.spec.topologySpreadConstraints ?? [];
  const steps = constraints.flatMap((constraint, index): readonly Step[] => {
    if (constraint.whenUnsatisfiable !== 'DoNotSchedule') return [];
    if (about.node.labels[constraint.topologyKey] === undefined) return domain(constraint, about);
    return [moreSkew(constraint, index, about), softened(constraint, index)].filter((step) => step !== undefined);
  });
  return steps;
};

function domain({ topologyKey }: TopologySpreadConstraint, about: Case): readonly Step[] {
  const { name } = about.node;
  const values = new Set(about.whatIf.snapshot.nodes.map(({ labels }) => labels[topologyKey]));
  for (const value of [...values].slice(0, DOMAINS_MAX)) {
    if (value === undefined) continue;
    const effects = [editNode(name, (node) => withLabels(node, { ...node.metadata.labels, [topologyKey]: value }))];
    if (about.objects(effects)) continue;
    return [
      {
        sort: `label ${topologyKey}`,
        summary: `label node ${name} with ${topologyKey}=${value}`,
        cost: 4,
        effects,
        command: `kubectl label nodes ${quoted(name)} ${quoted(`${topologyKey}=${value}`)}`,
      },
    ];
  }
  return [];
}

const withConstraint =
  (index: number, more: Partial<TopologySpreadConstraint>) =>
  (spec: Spec): Spec => ({
    ...spec,
    topologySpreadConstraints: (spec.topologySpreadConstraints ?? []).map((each, i) =>
      i === index ? { ...each, ...more } : each,
    ),
  });

function moreSkew({ topologyKey, maxSkew }: TopologySpreadConstraint, index: number, about: Case): Step | undefined {
  for (let by = 1; by <= SKEW_TRIES; by++) {
    const effects = [editPod(withConstraint(index, { maxSkew: maxSkew + by }))];
    if (about.objects(effects)) continue;
    return {
      sort: `skew ${topologyKey}`,
      summary: `allow a skew of ${maxSkew + by} instead of ${maxSkew} over ${topologyKey}`,
      cost: 3 + by,
      effects,
    };
  }
  return undefined;
}

const softened = ({ topologyKey }: TopologySpreadConstraint, index: number): Step => ({
  sort: `prefer spread ${topologyKey}`,
  summary: `prefer to spread over ${topologyKey} (whenUnsatisfiable: ScheduleAnyway) instead of demanding it`,
  cost: 5,
  effects: [editPod(withConstraint(index, { whenUnsatisfiable: 'ScheduleAnyway' }))],
});

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
type Side = 'podAffinity' | 'podAntiAffinity';

/** For rules about other pods: a slip in what they select put right, or without the rule. */
export const company: Remedy = (about) => {
  const { affinity = {} } = about.pod.spec;
  const near = affinity.podAffinity?.[REQUIRED] ?? [];
  return [
    ...near.flatMap((term, index) => slips(term, index, about)),
    ...near.map((term, index) => without('podAffinity', term, index)),
    ...(affinity.podAntiAffinity?.[REQUIRED] ?? []).map((term, index) => without('podAntiAffinity', term, index)),
  ];
};

/** Labels that no pod has, where some have nearly the same. */
function slips({ labelSelector }: PodAffinityTerm, index: number, { whatIf: { snapshot } }: Case): readonly Step[] {
  const wanted = Object.entries(labelSelector?.matchLabels ?? {});
  if (wanted.length === 0) return [];
  const known = new Map<string, Set<string>>();
  let seen = 0;
  for (const { pods } of snapshot.nodes) {
    if (seen > PODS_MAX) break;
    seen += pods.size;
    for (const { template } of pods.values())
      for (const [key, value] of Object.entries(template.labels))
        known.set(key, (known.get(key) ?? new Set()).add(value));
  }
  return wanted.flatMap(([key, value]) => {
    const held = known.get(key);
    if (held?.has(value)) return [];
    const meant = held ? nearMiss(value, held) : undefined;
    const otherKey = held
      ? undefined
      : nearMiss(
          key,
          [...known].filter(([, values]) => values.has(value)).map(([name]) => name),
        );
    const [then, typed, right] = meant === undefined ? [otherKey, key, otherKey] : [key, value, meant];
    if (then === undefined || right === undefined) return [];
    return [
      {
        sort: `slip ${key}`,
        summary: `look for pods with ${then}=${meant ?? value} (${key}=${value}: did you mean ${JSON.stringify(right)} instead of ${JSON.stringify(typed)}?)`,
        cost: 1,
        effects: [
          editPod((spec) =>
            withTerms(spec, 'podAffinity', (term, i) =>
              i === index ? [relabelled(term, key, then, meant ?? value)] : [term],
            ),
          ),
        ],
      },
    ];
  });
}

function relabelled(term: PodAffinityTerm, before: string, key: string, value: string): PodAffinityTerm {
  const { [before]: _, ...rest } = term.labelSelector?.matchLabels ?? {};
  return { ...term, labelSelector: { ...term.labelSelector, matchLabels: { ...rest, [key]: value } } };
}

const without = (side: Side, { topologyKey, labelSelector }: PodAffinityTerm, index: number): Step => ({
  sort: `without ${side} ${index}`,
  summary: `do not insist on being ${side === 'podAffinity' ? 'near' : 'away from'} pods with ${JSON.stringify(labelSelector?.matchLabels ?? labelSelector ?? {})} by ${topologyKey}`,
  cost: 6,
  effects: [editPod((spec) => withTerms(spec, side, (term, i) => (i === index ? [] : [term])))],
});

function withTerms(
  spec: Spec,
  side: Side,
  edit: (term: PodAffinityTerm, index: number) => readonly PodAffinityTerm[],
): Spec {
  const { [REQUIRED]: terms = [], ...rest } = spec.affinity?.[side] ?? {};
  const then = terms.flatMap(edit);
  return { ...spec, affinity: { ...spec.affinity, [side]: then.length > 0 ? { ...rest, [REQUIRED]: then } : rest } };
}
