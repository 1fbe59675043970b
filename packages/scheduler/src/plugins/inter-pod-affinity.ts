import type { Pod } from '@navarch/api';
import { definePlugin, misfit, type SchedulerPlugin, type Shift } from '../plugin.ts';
import { matchesTerm, type PodTerm, termsOf } from '../snapshot/pod-terms.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import { NOWHERE } from '../snapshot/domains.ts';
import { ANY, type DomainLimit, limitOf } from '../snapshot/domain-limits.ts';
import { DomainSums, type Sums } from '../snapshot/domain-sums.ts';
import { moved, noSums } from './moved-sums.ts';

const NO_FRIENDS = misfit(false, "node(s) didn't match pod affinity rules");
const OWN_ANTI_AFFINITY = misfit(true, "node(s) didn't match pod anti-affinity rules");
const OTHERS_ANTI_AFFINITY = misfit(true, "node(s) didn't satisfy existing pods anti-affinity rules");

export interface InterPodAffinityArgs {
  /** How much it counts that a running pod requires pods like this one near itself. */
  readonly hardPodAffinityWeight: number;
  /** What running pods want counts only for pods that prefer some company themselves. */
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

interface TermCounts {
  readonly term: PodTerm;
  readonly counts: Sums;
}

interface Prepared {
  /** Of pods that all affinity terms select. */
  readonly near: readonly TermCounts[];
  /** No such pod is anywhere, but this one would be such a pod: somebody has to be the first. */
  readonly isFirst: boolean;
  readonly away: readonly TermCounts[];
  /** Of running pods that want no pod like this one near. */
  readonly unwelcome: readonly TermCounts[];
  readonly snapshot: Snapshot;
}

interface Pull {
  readonly counts: DomainSums;
  readonly weight: number;
}

/** Keeps pods near to some pods and away from others, by what they say and by what pods that run already say. */
export const interPodAffinityBy = (args: InterPodAffinityArgs): SchedulerPlugin<Prepared, readonly Pull[]> =>
  definePlugin<Prepared, readonly Pull[]>({
    name: 'InterPodAffinity',
    scope: 'cluster',
    wakesOn: ['node-added', 'node-changed', 'pod-placed', 'pod-changed', 'pod-removed'],
    wakes(pod, event, snapshot) {
      switch (event.type) {
        case 'node-added':
          return true;
        case 'node-changed':
          return event.node.metadata.labels !== event.previous.metadata.labels;
        case 'pod-placed':
        case 'pod-changed':
          return (
            isWantedNear(pod, event.pod, snapshot) ||
            (event.type === 'pod-changed' && stoodInTheWay(pod, event.previous, snapshot))
          );
        case 'pod-removed':
          return stoodInTheWay(pod, event.pod, snapshot);
        default:
          return false;
      }
    },
    prepare,
    filter(_pod, { labels }, { near, isFirst, away, unwelcome }) {
      if (!hasFriends(labels, near, isFirst)) return NO_FRIENDS;
      if (isAmong(labels, away)) return OWN_ANTI_AFFINITY;
      return isAmong(labels, unwelcome) ? OTHERS_ANTI_AFFINITY : undefined;
    },
    limits: limitsOf,
    shift,
    weigh: (pod, snapshot) => weigh(pod, snapshot, args),
    score: (_pod, { slot }, pulls) => scoreAt(slot, pulls),
    scoreAt,
    normalize(scores) {
      let min = Infinity;
      let max = -Infinity;
      for (let i = 0; i < scores.length; i++) {
        const score = scores[i] as number;
        if (score < min) min = score;
        if (score > max) max = score;
      }
      // First the share, then a hundred of it, as upstream has it: the other way round some are one more.
      for (let i = 0; i < scores.length; i++)
        scores[i] = max > min ? Math.floor(100 * (((scores[i] as number) - min) / (max - min))) : 0;
    },
  });

export const interPodAffinity = interPodAffinityBy({ hardPodAffinityWeight: 1 });

function prepare(pod: Pod, snapshot: Snapshot): Prepared | undefined {
  const template = snapshot.templateOf(pod);
  const { affinity, antiAffinity } = termsOf(template);
  const unwelcome: TermCounts[] = [];
  for (const { kind, term, holders } of snapshot.pods.wishesAbout(template))
    if (kind === 'away') unwelcome.push({ term, counts: holders.by(term.topologyKey) });
  const isAnybodys = affinity.length > 0 || antiAffinity.length > 0 || unwelcome.length > 0;
  // Pods that are on their way to a node may keep this one away from it, though none that is there does.
  if (!isAnybodys && !snapshot.hasAloofNominated) return undefined;
  const friends = affinity.length > 0 ? snapshot.pods.matching(affinity) : undefined;
  const near = friends ? affinity.map((term) => ({ term, counts: friends.by(term.topologyKey) })) : [];
  const isAlone = near.every(({ counts }) => counts.isEmpty);
  return {
    near,
    isFirst: near.length > 0 && isAlone && affinity.every((term) => matchesTerm(term, template, snapshot.objects)),
    away: antiAffinity.map((term) => ({ term, counts: snapshot.pods.matching([term]).by(term.topologyKey) })),
    unwelcome,
    snapshot,
  };
}

function shift(prepared: Prepared, pod: Pod, { placed, node, by }: Shift): Prepared {
  const { snapshot, near, away, unwelcome } = prepared;
  const { objects } = snapshot;
  const template = snapshot.templateOf(pod);
  const selects = (term: PodTerm): boolean => matchesTerm(term, placed.template, objects);
  const isFriend = near.length > 0 && near.every(({ term }) => selects(term));
  const nearThen = isFriend ? near.map((each) => at(each, node, by)) : near;
  const theirs = new Set(termsOf(placed.template).antiAffinity.map(({ key }) => key));
  const added =
    by > 0
      ? termsOf(placed.template).antiAffinity.filter(
          (term) => matchesTerm(term, template, objects) && !unwelcome.some((each) => each.term.key === term.key),
        )
      : [];
  return {
    snapshot,
    near: nearThen,
    isFirst:
      near.length > 0 &&
      nearThen.every(({ counts }) => counts.isEmpty) &&
      near.every(({ term }) => matchesTerm(term, template, objects)),
    away: away.map((each) => (selects(each.term) ? at(each, node, by) : each)),
    unwelcome: [
      ...unwelcome.map((each) => (theirs.has(each.term.key) ? at(each, node, by) : each)),
      ...added.map((term) => at({ term, counts: noSums }, node, by)),
    ],
  };
}

function at({ term, counts }: TermCounts, { labels }: NodeInfo, by: number): TermCounts {
  const domain = labels[term.topologyKey];
  return domain === undefined ? { term, counts } : { term, counts: moved(counts, domain, by) };
}

function hasFriends(labels: NodeInfo['labels'], near: readonly TermCounts[], isFirst: boolean): boolean {
  for (const { term, counts } of near) {
    const domain = labels[term.topologyKey];
    if (domain === undefined || (!isFirst && (counts.get(domain) ?? 0) === 0)) return false;
  }
  return true;
}

function isAmong(labels: NodeInfo['labels'], terms: readonly TermCounts[]): boolean {
  for (const { term, counts } of terms) {
    const domain = labels[term.topologyKey];
    if (domain !== undefined && (counts.get(domain) ?? 0) > 0) return true;
  }
  return false;
}

function scoreAt(slot: number, pulls: readonly Pull[]): number {
  let sum = 0;
  for (const { counts, weight } of pulls) sum += weight * countAt(slot, counts);
  return sum;
}

function countAt(slot: number, { byNumber, domainOf }: DomainSums): number {
  const domain = domainOf[slot] as number;
  return domain === NOWHERE ? 0 : (byNumber[domain] as number);
}

/** There must be none. */
const NONE = { least: 0, most: 0, isNeeded: false } as const;

/** As `filter`, for nodes as they are: without their labels, and without a name of a domain. */
function limitsOf({ near, isFirst, away, unwelcome }: Prepared): readonly DomainLimit[] {
  const limits: DomainLimit[] = [];
  for (const { counts } of near)
    if (counts instanceof DomainSums)
      limits.push(limitOf(counts, { least: isFirst ? 0 : 1, most: ANY, isNeeded: true }));
  for (const { counts } of [...away, ...unwelcome])
    if (counts instanceof DomainSums) limits.push(limitOf(counts, NONE));
  return limits;
}

function weigh(
  pod: Pod,
  snapshot: Snapshot,
  { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods }: InterPodAffinityArgs,
): readonly Pull[] | undefined {
  const template = snapshot.templateOf(pod);
  const { preferred } = termsOf(template);
  if (ignorePreferredTermsOfExistingPods && preferred.length === 0) return undefined;
  const pulls: Pull[] = preferred.map(({ term, weight }) => ({
    counts: snapshot.pods.matching([term]).by(term.topologyKey),
    weight,
  }));
  for (const { kind, term, weight, holders } of snapshot.pods.wishesAbout(template)) {
    if (kind === 'away' || (kind === 'near' && hardPodAffinityWeight === 0)) continue;
    pulls.push({
      counts: holders.by(term.topologyKey),
      weight: kind === 'near' ? hardPodAffinityWeight : weight,
    });
  }
  return pulls.length > 0 ? pulls : undefined;
}

function isWantedNear(pod: Pod, placed: Pod, snapshot: Snapshot): boolean {
  const { affinity } = termsOf(snapshot.templateOf(pod));
  return (
    affinity.length > 0 && affinity.every((term) => matchesTerm(term, snapshot.templateOf(placed), snapshot.objects))
  );
}

/** The pod that went kept this one away, by its own words or by this one's. */
function stoodInTheWay(pod: Pod, gone: Pod, snapshot: Snapshot): boolean {
  const [own, others] = [snapshot.templateOf(pod), snapshot.templateOf(gone)];
  return (
    termsOf(own).antiAffinity.some((term) => matchesTerm(term, others, snapshot.objects)) ||
    termsOf(others).antiAffinity.some((term) => matchesTerm(term, own, snapshot.objects))
  );
}
