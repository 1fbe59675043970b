import { type Pod, podGroup } from '@navarch/api';
import { type Key, keyOf } from '@navarch/machinery';
import { type Unfit, unfitMessage } from '../unfit.ts';
import type { Measures } from '../measures/measures.ts';
import { type OutcomeDeps, reportFailure } from '../outcome.ts';
import type { Profile, SchedulerPlugin } from '../plugin.ts';
import { isMarked, sendAway } from '../preemption/evict.ts';
import type { Budget } from '../preemption/budget.ts';
import type { PodQueue } from '../queue/pod-queue.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { gangScheduling } from './gang-scheduling.ts';
import { reportGroup } from './group-status.ts';
import { type GroupPlacement, NEVER, placeGroup, type Rejected } from './place-group.ts';
import { placeInDomains, type Topology, topologyPlacement } from './place-in-domains.ts';
import { groupKeyOf, groupOf, membersOf, minCountOf, type PodGroup, topologyKeyOf } from './pod-groups.ts';
import type { Memory } from '../verdicts.ts';
import type { Random } from '@navarch/base';

/** What the scheduler does with one pod: here it is told of several. */
export interface GroupCycleDeps extends OutcomeDeps {
  readonly snapshot: Snapshot;
  readonly queue: PodQueue;
  readonly measures: Measures;
  readonly random: Random;
  readonly memory: Memory;
  budgets(): readonly Budget[];
  start(): number;
  isAssumed(key: Key): boolean;
  profileOf(pod: Pod): Profile | undefined;
  /** Whether extenders are asked about it: those answer about one pod at a time. */
  isExtended(pod: Pod): boolean;
  /** It goes there. */
  assume(pod: Pod, profile: Profile, nodeName: string, startedMs: number): void;
  /** It fits nowhere, and is dealt with as if it were alone. */
  reject(pod: Pod, profile: Profile, unfit: Unfit, startedMs: number): void;
  /** Others are asked to leave for it. */
  makeRoom(pod: Pod, nodeName: string): void;
  write(work: (signal: AbortSignal) => Promise<void>): void;
}

interface Attempt {
  readonly key: Key;
  readonly group: PodGroup;
  readonly profile: Profile;
  /** They have a node, or are about to. */
  readonly scheduled: number;
  readonly pods: readonly Pod[];
  readonly startedMs: number;
  /** Among how many domains it was sought where all pods must be in one. */
  readonly domains?: number | undefined;
}

/** When the first of a group's pods has its turn, all that wait have theirs: they are placed together or not at all (KEP-4671). */
export class GroupCycle {
  readonly #deps: GroupCycleDeps;
  /** What was found out last, of groups that are being told. */
  readonly #reports = new Map<Key, object>();

  constructor(deps: GroupCycleDeps) {
    this.#deps = deps;
  }

  /** Before anybody else has a turn: of some groups a part was bound, and then there was a crash. The others get what is left. */
  resume(): void {
    const { objects } = this.#deps.snapshot;
    for (const group of objects.list(podGroup)) {
      const key = keyOf(group);
      const members = membersOf(key, objects);
      this.#finishEviction(group, members);
      const scheduled = members.filter((pod) => this.#isScheduled(pod)).length;
      const next = members.find((pod) => !this.#isScheduled(pod));
      const profile = next && this.#deps.profileOf(next);
      if (profile && scheduled > 0 && scheduled < minCountOf(group)) this.#run(next, key, profile);
      if (scheduled >= minCountOf(group)) this.#tell(group, 'Scheduled', '');
    }
  }

  /** Of a group that goes as a whole some have gone: then all that are left are marked. */
  #finishEviction(group: PodGroup, members: readonly Pod[]): void {
    const left = members.filter(({ metadata, spec }) => spec.nodeName && !metadata.deletionTimestamp);
    if (!group.spec.disruptionMode?.all || !left.every(isMarked)) return;
    const evictions = left.map((victim) => ({ victim, schedulerName: victim.spec.schedulerName ?? '' }));
    sendAway(
      evictions,
      this.#sending(() => undefined),
    );
  }

  #sending(done: () => void): Parameters<typeof sendAway>[1] {
    const deps = this.#deps;
    return {
      objects: deps.snapshot.objects,
      deps,
      write: (work) => deps.write(work),
      preemptor: 'podgroup',
      sent: (sent) => deps.measures.sent(sent),
      done,
    };
  }

  /** True: the pod is of a group, and its turn was that of the group. */
  take(pod: Pod, profile: Profile): boolean {
    const key = groupKeyOf(pod);
    if (key !== undefined) this.#run(pod, key, profile);
    return key !== undefined;
  }

  #isScheduled(pod: Pod): boolean {
    return Boolean(pod.spec.nodeName) || this.#deps.isAssumed(keyOf(pod));
  }

  #run(first: Pod, key: Key, profile: Profile): void {
    const { snapshot, queue, clock } = this.#deps;
    const members = membersOf(key, snapshot.objects);
    const isScheduled = (pod: Pod): boolean => this.#isScheduled(pod);
    const waiting = members.filter((pod) => !isScheduled(pod) && this.#deps.profileOf(pod));
    const pods = waiting.toSorted(byAge).filter((pod) => queue.draw(pod));
    this.#deps.measures.groupTaken(key);
    const group = groupOf(key, snapshot.objects);
    if (!group || !pods.some((pod) => keyOf(pod) === keyOf(first))) return;
    const scheduled = members.filter(isScheduled).length;
    const attempt = { key, group, profile, scheduled, pods, startedMs: clock.monotonic() };
    const wrong = this.#wrong(members, group, first);
    if (wrong !== undefined) return this.#fail(attempt, wrong);
    const { random, memory } = this.#deps;
    const needed = Math.max(0, minCountOf(group) - scheduled);
    const search = { random, memory, start: this.#deps.start() };
    const evictsNobody = group.spec.preemptionPolicy === 'Never';
    const budgets = this.#deps.budgets();
    let evictingMs: number | undefined;
    const evicting = (): void => void (evictingMs ??= clock.monotonic());
    const request = { pods, needed, snapshot, profile, budgets, evictsNobody, evicting, ...search };
    const topology = this.#topologyOf(group, members);
    if (typeof topology === 'string') return this.#fail(attempt, topology);
    const { placement, domains } = topology
      ? placeInDomains(request, topology)
      : { placement: placeGroup(request), domains: undefined };
    const status = placement.outcome === 'makes room' ? 'Success' : 'Unschedulable';
    if (evictingMs !== undefined) this.#deps.measures.sought('podgroup', { status, startedMs: evictingMs });
    for (const _ of pods) this.#deps.measures.decided(attempt.startedMs);
    this.#deps.measures.groupDecided(attempt.startedMs);
    this.#carryOut({ ...attempt, domains }, placement);
  }

  /** A text says why the group cannot be kept together. */
  #topologyOf(group: PodGroup, members: readonly Pod[]): Topology | string | undefined {
    const key = topologyKeyOf(group);
    if (key === undefined) return undefined;
    const { snapshot } = this.#deps;
    let required: string | undefined;
    for (const pod of members) {
      const nodeName = snapshot.nodeNameOf(keyOf(pod));
      const node = nodeName === undefined ? undefined : snapshot.node(nodeName);
      if (!node) continue;
      const domain = node.labels[key];
      const head = 'cannot determine domain for already scheduled pods';
      if (domain === undefined) return `${head}: no topology domain found for pod ${keyOf(pod)}`;
      if (required !== undefined && required !== domain)
        return `${head}: more than 1 domain found for pod group: ${required}, ${domain}`;
      required = domain;
    }
    return { key, required };
  }

  #wrong(members: readonly Pod[], group: PodGroup, first: Pod): string | undefined {
    if (members.some((pod) => this.#deps.isExtended(pod)))
      return 'pods of a pod group cannot be placed by extenders, which are asked about one pod at a time';
    const nameOf = ({ spec }: Pod): string => spec.schedulerName ?? 'default-scheduler';
    const priority = Number(group.spec.priority ?? 0);
    for (const pod of members) {
      if (nameOf(pod) !== nameOf(first))
        return `all pods in a single pod group should have the same .spec.schedulerName set, got: "${nameOf(pod)}" and "${nameOf(first)}"`;
      if ((pod.spec.priority ?? 0) !== priority)
        return `all pods in a single pod group should have the same priority as the pod group's priority, got ${pod.spec.priority ?? 0} and ${priority}`;
    }
    return undefined;
  }

  #carryOut(attempt: Attempt, placement: GroupPlacement): void {
    const { group, profile, scheduled, startedMs } = attempt;
    const { homes, rejected } = placement;
    if (placement.outcome === 'fits') {
      this.#deps.measures.groupEnded('scheduled', profile.schedulerName, startedMs);
      for (const { pod, nodeName } of homes) this.#deps.assume(pod, profile, nodeName, startedMs);
      for (const one of rejected)
        if (group.spec.preemptionPolicy === 'Never') this.#wait({ ...one, message: NEVER }, attempt);
        else this.#deps.reject(one.pod, profile, one.unfit, startedMs);
      if (scheduled + homes.length >= minCountOf(group)) this.#tell(group, 'Scheduled', '');
      return;
    }
    const minCount = minCountOf(group);
    const now = homes.filter(({ pod }) => !rejected.some((one) => one.pod === pod)).length;
    const together = `pod group ${attempt.key} needs ${minCount} pods placed together: ${scheduled + now} fit`;
    const { domains } = attempt;
    const message =
      domains === undefined
        ? together
        : `0/${domains} placements are available${domains === 0 ? '' : `, first placement status: ${together}`}`;
    this.#tell(group, 'Unschedulable', message);
    this.#deps.measures.groupEnded('unschedulable', profile.schedulerName, startedMs);
    const makesRoom = placement.outcome === 'makes room';
    if (!makesRoom && group.spec.preemptionPolicy !== 'Never') this.#deps.measures.groupPreempted(undefined);
    const keptBy = domains === undefined ? [gangScheduling] : [gangScheduling, topologyPlacement];
    for (const one of rejected) this.#park(one.pod, attempt, [...keptBy, ...rejecters(one, profile)], makesRoom);
    const isRejected = new Set(rejected.map(({ pod }) => pod));
    for (const { pod } of homes) if (!isRejected.has(pod)) this.#park(pod, attempt, keptBy, makesRoom);
    if (makesRoom) return this.#makeRoom(attempt, placement, message);
    for (const { pod } of homes) this.#say(pod, message, !placement.keepsPromises);
    for (const one of placement.rejected) this.#say(one.pod, this.#messageOf(one), !placement.keepsPromises);
  }

  /** It fits nowhere, and nobody has to go for it. */
  #wait(one: Rejected & { readonly message: string }, attempt: Attempt): void {
    this.#park(one.pod, attempt, rejecters(one, attempt.profile), false);
    this.#say(one.pod, this.#messageOf(one), true);
  }

  #makeRoom(
    { profile, pods }: Attempt,
    { homes, evictions, violations, rejected }: Extract<GroupPlacement, { readonly outcome: 'makes room' }>,
    message: string,
  ): void {
    this.#deps.measures.groupPreempted(evictions.length);
    this.#deps.measures.violated('podgroup', violations);
    for (const { pod, nodeName } of homes) {
      this.#deps.makeRoom(pod, nodeName);
      const one = rejected.find((other) => other.pod === pod);
      const said = one ? this.#messageOf(one) : message;
      this.#deps.write((signal) =>
        reportFailure({ pod, reason: 'Unschedulable', message: said, nominatedNodeName: nodeName }, this.#deps, signal),
      );
    }
    for (const one of rejected)
      if (!homes.some(({ pod }) => pod === one.pod)) this.#say(one.pod, this.#messageOf(one), true);
    const { schedulerName } = profile;
    const staying = evictions.filter(({ victim }) => !victim.metadata.deletionTimestamp);
    // While some are still to be told, the group would only evict others as well.
    const done = (): void => pods.forEach((pod) => this.#deps.queue.letGo(keyOf(pod)));
    sendAway(
      staying.map(({ victim, home: { pod: preemptor, nodeName } }) => ({
        victim,
        schedulerName,
        by: { preemptor, nodeName },
      })),
      this.#sending(done),
    );
  }

  #messageOf({ unfit, message, nodes }: Rejected & { readonly message: string }): string {
    return unfitMessage(nodes ?? this.#deps.snapshot.nodes.length, unfit, message);
  }

  #park(
    pod: Pod,
    { profile, startedMs }: Attempt,
    by: readonly SchedulerPlugin<any, any>[],
    isDetained: boolean,
  ): void {
    this.#deps.queue.park(pod, by, isDetained);
    this.#deps.measures.ended('unschedulable', profile.schedulerName, startedMs);
  }

  #say(pod: Pod, message: string, losesPromise: boolean): void {
    const loses = losesPromise && Boolean(pod.status.nominatedNodeName);
    if (losesPromise) this.#deps.snapshot.unnominate(keyOf(pod));
    this.#deps.write((signal) =>
      reportFailure(
        { pod, reason: 'Unschedulable', message, ...(loses ? { nominatedNodeName: null } : {}) },
        this.#deps,
        signal,
      ),
    );
  }

  /** It has nothing to do with where they fit. */
  #fail({ group, profile, pods, startedMs }: Attempt, message: string): void {
    this.#tell(group, 'SchedulerError', message);
    this.#deps.measures.groupEnded('error', profile.schedulerName, startedMs);
    for (const pod of pods) {
      this.#deps.queue.park(pod, [gangScheduling]);
      this.#deps.measures.ended('error', profile.schedulerName, startedMs);
      this.#deps.write((signal) => reportFailure({ pod, reason: 'SchedulerError', message }, this.#deps, signal));
    }
  }

  #tell(group: PodGroup, reason: 'Scheduled' | 'Unschedulable' | 'SchedulerError', message: string): void {
    const key = keyOf(group);
    const report = { group, reason, message, isLatest: () => this.#reports.get(key) === report };
    this.#reports.set(key, report);
    this.#deps.write(async (signal) => {
      await reportGroup(report, this.#deps, signal);
      if (report.isLatest()) this.#reports.delete(key);
    });
  }
}

/** Those that came first go first; they have one priority. */
const byAge = (a: Pod, b: Pod): number =>
  Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
  (a.metadata.name < b.metadata.name ? -1 : 1);

/** Whose events may bring the pod back. Where there was no node at all nobody turned it away: whatever happens may help. */
const rejecters = ({ unfit }: Rejected, { plugins }: Profile): readonly SchedulerPlugin<any, any>[] => {
  const all = plugins.map(({ plugin }) => plugin);
  return unfit.rejectedBy.size > 0 ? all.filter(({ name }) => unfit.rejectedBy.has(name)) : all;
};
