import type { Pod, TopologySpreadConstraint } from '@navarch/api';
import { definePlugin, misfit, type SchedulerPlugin, type Shift } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import { type DomainLimit, limitOf } from '../snapshot/domain-limits.ts';
import { DomainSums, type Sums } from '../snapshot/domain-sums.ts';
import { type Domains, NOWHERE } from '../snapshot/domains.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Template } from '../snapshot/template.ts';
import { moved } from './moved-sums.ts';
import {
  countedPods,
  defaultsOf,
  defaultSpreads,
  eligibilityOf,
  HOSTNAME,
  type PodTopologySpreadArgs,
  type Spread,
  spreadsOf,
} from './spread-constraints.ts';

const TOO_SKEWED = misfit(true, "node(s) didn't match pod topology spread constraints");
const NO_LABEL = misfit(false, "node(s) didn't match pod topology spread constraints (missing required label)");

interface Counted {
  readonly spread: Spread;
  readonly counts: Sums;
  /** Pods in the emptiest domain; 0 where there are fewer domains than the constraint wants. */
  readonly least: number;
  readonly test: (node: NodeInfo) => boolean;
}

interface Weighed {
  readonly parts: readonly {
    readonly maxSkew: number;
    /** A domain counts less the more of them there are, since pods are thinner spread then. */
    readonly weight: number;
    /** Of each node, by slot. */
    readonly domainOf: Int32Array;
    /** Pods by domain; undefined: each node is one. */
    readonly byDomain: Int32Array | undefined;
    /** Pods by slot. */
    readonly bySlot: Int32Array;
  }[];
  /** A node without all the labels is no better than the worst. */
  readonly needsAllLabels: boolean;
}

/** Spreads pods over zones, hosts or whatever a label says (KEP-895). */
export function podTopologySpreadBy(args: PodTopologySpreadArgs): SchedulerPlugin<readonly Counted[], Weighed> {
  const defaults = defaultsOf(args);
  const hardOf = (pod: Pod, snapshot: Snapshot): readonly Spread[] => {
    const template = snapshot.templateOf(pod);
    return template.spec.topologySpreadConstraints?.length
      ? spreadsOf(template).hard
      : defaultSpreads(defaults, 'DoNotSchedule', { pod, template, objects: snapshot.objects });
  };
  return definePlugin<readonly Counted[], Weighed>({
    name: 'PodTopologySpread',
    scope: 'cluster',
    wakesOn: ['node-added', 'node-changed', 'pod-placed', 'pod-changed', 'pod-removed'],
    wakes(pod, event, snapshot) {
      const hard = hardOf(pod, snapshot);
      switch (event.type) {
        case 'node-added':
          return hard.every(({ topologyKey }) => event.node.metadata.labels?.[topologyKey] !== undefined);
        case 'node-changed':
          return (
            hard.some(
              ({ topologyKey }) =>
                event.node.metadata.labels?.[topologyKey] !== event.previous.metadata.labels?.[topologyKey],
            ) || event.node.spec.taints !== event.previous.spec.taints
          );
        case 'pod-changed':
          return isCounted(event.pod, pod, hard) !== isCounted(event.previous, pod, hard);
        case 'pod-placed':
        case 'pod-removed':
          return isCounted(event.pod, pod, hard);
        default:
          return false;
      }
    },
    prepare(pod, snapshot) {
      const hard = hardOf(pod, snapshot);
      const template = snapshot.templateOf(pod);
      return hard.length > 0 ? hard.map((spread) => counted(spread, hard, template, snapshot)) : undefined;
    },
    filter(_pod, { labels }, constraints) {
      for (const {
        spread: { topologyKey, maxSkew, countsSelf },
        counts,
        least,
      } of constraints) {
        const domain = labels[topologyKey];
        if (domain === undefined) return NO_LABEL;
        if ((counts.get(domain) ?? 0) + (countsSelf ? 1 : 0) - least > maxSkew) return TOO_SKEWED;
      }
      return undefined;
    },
    limits: limitsOf,
    shift: (constraints, pod, change) => constraints.map((each) => shifted(each, pod, change)),
    weigh: (pod, snapshot, feasible) => weigh(pod, snapshot, { feasible, defaults, args }),
    score: (_pod, { slot }, weighed) => scoreAt(slot, weighed),
    scoreAt,
    /** Fewer pods are better: turned round, so that the emptiest gets 100. */
    normalize(scores) {
      let min = Infinity;
      let max = 0;
      for (let i = 0; i < scores.length; i++) {
        const score = scores[i] as number;
        if (score === IGNORED) continue;
        if (score < min) min = score;
        if (score > max) max = score;
      }
      for (let i = 0; i < scores.length; i++) {
        const score = scores[i] as number;
        if (score === IGNORED) scores[i] = 0;
        else scores[i] = max === 0 ? 100 : Math.floor((100 * (max + min - score)) / max);
      }
    },
  });
}

export const podTopologySpread = podTopologySpreadBy({ defaultingType: 'System' });

const IGNORED = -1;

function scoreAt(slot: number, { parts, needsAllLabels }: Weighed): number {
  let sum = 0;
  for (const { maxSkew, weight, domainOf, byDomain, bySlot } of parts) {
    const domain = domainOf[slot] as number;
    if (domain !== NOWHERE) {
      const pods = byDomain ? (byDomain[domain] as number) : slot < bySlot.length ? (bySlot[slot] as number) : 0;
      sum += pods * weight + (maxSkew - 1);
    } else if (needsAllLabels) return IGNORED;
  }
  return Math.round(sum);
}

function counted(spread: Spread, all: readonly Spread[], template: Template, snapshot: Snapshot): Counted {
  const eligibility = eligibilityOf(
    spread,
    all.map(({ topologyKey }) => topologyKey),
    template,
  );
  const counts = countedPods(spread, template, snapshot).by(spread.topologyKey, eligibility);
  return { spread, counts, least: leastOf(counts, spread.minDomains), test: eligibility.test };
}

const leastOf = (counts: Sums, minDomains: number): number => (counts.size < minDomains ? 0 : counts.least);

/** As `filter`, for nodes as they are. */
function limitsOf(constraints: readonly Counted[]): readonly DomainLimit[] {
  return constraints.flatMap(({ spread: { maxSkew, countsSelf }, counts, least }) =>
    counts instanceof DomainSums
      ? [limitOf(counts, { least: 0, most: maxSkew + least - (countsSelf ? 1 : 0), isNeeded: true })]
      : [],
  );
}

function shifted(each: Counted, pod: Pod, { placed, node, by }: Shift): Counted {
  const { spread, counts, test } = each;
  const domain = node.labels[spread.topologyKey];
  const { metadata } = placed.pod;
  if (
    domain === undefined ||
    !test(node) ||
    metadata.deletionTimestamp ||
    metadata.namespace !== pod.metadata.namespace ||
    spread.selector.requirements.length === 0 ||
    !spread.selector.matches(metadata.labels)
  )
    return each;
  const then = moved(counts, domain, by);
  return { spread, counts: then, least: leastOf(then, spread.minDomains), test };
}

interface Weighing {
  readonly feasible: Int32Array;
  readonly defaults: readonly TopologySpreadConstraint[];
  readonly args: PodTopologySpreadArgs;
}

function weigh(pod: Pod, snapshot: Snapshot, { feasible, defaults, args }: Weighing): Weighed | undefined {
  const template = snapshot.templateOf(pod);
  const isSaid = (template.spec.topologySpreadConstraints?.length ?? 0) > 0;
  const spreads = isSaid
    ? spreadsOf(template).soft
    : defaultSpreads(defaults, 'ScheduleAnyway', { pod, template, objects: snapshot.objects });
  // Upstream's own defaults are the only ones that nobody chose: a node without their labels is judged by what it has.
  const isOwn = isSaid || args.defaultingType === 'List';
  if (spreads.length === 0) return undefined;
  const keys = spreads.map(({ topologyKey }) => topologyKey);
  const partial = isOwn ? keys.map((key) => snapshot.domains(key)).filter(({ isEverywhere }) => !isEverywhere) : [];
  const judged =
    partial.length > 0 ? feasible.filter((slot) => partial.every(({ bySlot }) => bySlot[slot] !== NOWHERE)) : feasible;
  const parts: Weighed['parts'][number][] = [];
  for (const spread of spreads) {
    const { topologyKey, maxSkew } = spread;
    const pods = countedPods(spread, template, snapshot);
    // Pods of a host are counted where they are: a sum by domain would have as many entries as there are nodes.
    const domainOf = snapshot.domains(topologyKey).bySlot;
    if (topologyKey === HOSTNAME) {
      const { bySlot } = pods;
      parts.push({ maxSkew, weight: weightOf(judged.length), domainOf, byDomain: undefined, bySlot });
      continue;
    }
    const sums = pods.by(topologyKey, eligibilityOf(spread, isOwn ? keys : [], template));
    const domains = sums.size === 0 ? 0 : domainsAmong(judged, snapshot.domains(topologyKey));
    // Where no node has the label, none has to be asked for it.
    if (domains > 0 || isOwn)
      parts.push({ maxSkew, weight: weightOf(domains), domainOf, byDomain: sums.byNumber, bySlot: NO_SLOTS });
  }
  return { parts, needsAllLabels: isOwn };
}

const weightOf = (domains: number): number => Math.log(domains + 2);

const NO_SLOTS = new Int32Array(0);

/** In how many domains these nodes are; all without the label are in that of the empty value. */
function domainsAmong(slots: Int32Array, { numbers, bySlot, isEverywhere }: Domains): number {
  const isSeen = new Uint8Array(numbers.size + 1);
  const blank = numbers.get('') ?? numbers.size;
  let domains = 0;
  for (let i = 0; i < slots.length; i++) {
    const known = bySlot[slots[i] as number] as number;
    const domain = known === NOWHERE ? blank : known;
    if (isSeen[domain] === 1) continue;
    isSeen[domain] = 1;
    domains += 1;
    if (isEverywhere && domains === numbers.size) break;
  }
  return domains;
}

const isCounted = (placed: Pod, pod: Pod, hard: readonly Spread[]): boolean =>
  placed.metadata.namespace === pod.metadata.namespace &&
  hard.some(({ selector }) => selector.matches(placed.metadata.labels));
