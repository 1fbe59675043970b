import { flowSchema, priorityLevelConfiguration } from '@navarch/api';
import { type MetricFamily, type Metrics, noMetrics } from '@navarch/base';
import { equalJson, type ObjectOf } from '@navarch/machinery';
import type { User } from '../auth/user.ts';
import type { Registry } from '../registry/registry.ts';
import type { RequestInfo } from '../request-info.ts';
import type { LevelState } from './dump.ts';
import { FairQueues, type QueueShape } from './fair-queues.ts';
import { type FlowCounts, FlowTally } from './flow-counts.ts';
import type { FlowName, Present } from './presence.ts';
import { type FlowSchema, matches } from './matching.ts';

export type PriorityLevel = ObjectOf<typeof priorityLevelConfiguration>;

/** Requests worked on at once, over all levels: upstream's --max-requests-inflight and its sibling together, by default. */
const SEATS = 600;
/** Who waited longer than this is refused when its turn comes: its client has given up, or will ask again. */
const WAIT_MS_MAX = 15_000;
/** Classifications remembered; beyond it, all are forgotten. */
const REMEMBERED_MAX = 5_000;
const STREAMS: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** What a request is counted as: its schema, its level, and whom it shares queues with. */
interface Flow {
  readonly level: Level;
  readonly name: FlowName;
  /** By which its queues are dealt. */
  readonly key: string;
  readonly counts: FlowCounts;
  /** Tells the client how it was classified. */
  readonly headers: Readonly<Record<string, string>>;
}

interface Level {
  /** Absent: exempt, never counted. */
  readonly limit?: Limit;
}

interface Seats {
  readonly nominal: number;
  /** Of its own seats, how many others may use while they are empty; of others', how many it may use. */
  readonly lendable: number;
  readonly borrowable: number;
  /** Absent: who finds no seat is refused. */
  readonly shape?: QueueShape;
}
interface Limit {
  seats: Seats;
  queues: FairQueues | undefined;
  taken: number;
}

/** A request that has a seat, or waits for one. */
export interface Pass {
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: it may go on at once. Else resolves to whether it may. Rejects when the signal aborts. */
  wait?(signal: AbortSignal): Promise<boolean>;
  /** To be called once by whoever went on. */
  leave(): void;
}

const NOWHERE: FlowName = { level: '', schema: '', distinguisher: '' };
const nothing = (): void => undefined;
const free: Pass = { headers: {}, leave: nothing };

/**
 * API Priority and Fairness (KEP-1040): each request belongs to a level, which has its share of the server's seats,
 * lends what it does not need, and lets flows take turns when it is full. Every request takes one seat.
 */
export class FlowControl {
  readonly #registry: Registry;
  /** Up to where the objects were read. */
  #read = { schemas: -1, levels: -1 };
  #schemas: readonly FlowSchema[] = [];
  #levels = new Map<string, Level>();
  readonly #remembered = new Map<string, Flow>();
  readonly #tally: FlowTally;
  readonly #seats: number;
  /** Who has a seat or waits for one: as many as there are requests under way. */
  readonly #present = new Set<Present>();

  constructor(registry: Registry, metrics: Metrics = noMetrics, seats = SEATS) {
    this.#registry = registry;
    this.#seats = seats;
    this.#tally = new FlowTally(metrics);
  }

  enter(user: User, info: RequestInfo): Pass {
    // Streams last as long as people like.
    if (STREAMS.has(info.subresource)) return free;
    const flow = this.#flowOf(user, info);
    const {
      level: { limit },
      counts,
      headers,
    } = flow;
    const present: Present = {
      flow: flow.name,
      user,
      info,
      arrivedAt: this.#registry.deps.clock.now(),
      startedAt: undefined,
      waiting: undefined,
    };
    this.#present.add(present);
    const leave = (): void => {
      this.#present.delete(present);
      counts.left += 1;
      counts.executing -= 1;
      if (limit) this.#leave(limit);
    };
    if (limit && !this.#hasSeat(limit))
      return { headers, leave, wait: (signal) => this.#wait(limit, flow, present, signal) };
    if (limit) limit.taken += 1;
    present.startedAt = present.arrivedAt;
    seated(counts, 0);
    return { headers, leave };
  }

  families(): readonly MetricFamily[] {
    const limits = [...this.#levels].flatMap(([name, { limit }]) =>
      limit ? [{ labels: { priority_level: name }, value: limit.seats.nominal }] : [],
    );
    const nominal: MetricFamily = {
      name: 'apiserver_flowcontrol_nominal_limit_seats',
      type: 'gauge',
      help: '[BETA] Nominal number of execution seats configured for each priority level',
      samples: limits,
    };
    return [nominal, ...this.#tally.families()];
  }

  /** How things stand in each level, for people who look for what is slow. */
  states(): readonly LevelState[] {
    this.#refresh();
    const present = [...this.#present];
    return [...this.#levels].map(([name, { limit }]) => ({
      name,
      queues: limit?.queues?.count,
      counts: this.#tally.flows.filter(({ labels }) => labels['priority_level'] === name),
      present: present.filter(({ flow }) => flow.level === name),
    }));
  }

  async #wait(limit: Limit, { key, counts }: Flow, present: Present, signal: AbortSignal): Promise<boolean> {
    let hasSeat = false;
    try {
      return (hasSeat = await this.#seat(limit, { key, counts, present }, signal));
    } finally {
      if (!hasSeat) this.#present.delete(present);
    }
  }

  async #seat(
    limit: Limit,
    { key, counts, present }: Pick<Flow, 'key' | 'counts'> & { readonly present: Present },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { clock } = this.#registry.deps;
    const waiting = (present.waiting = limit.queues?.add(key, clock.monotonic()));
    if (!waiting) {
      counts.refused(limit.queues ? 'queue-full' : 'concurrency-limit');
      return false;
    }
    const secondsSince = (): number => (clock.monotonic() - waiting.since) / 1000;
    counts.waiting += 1;
    try {
      await waiting.turn.wait(signal);
    } catch (error) {
      limit.queues?.remove(waiting);
      counts.refused('cancelled');
      counts.waitedInVain.observe(secondsSince());
      throw error;
    } finally {
      counts.waiting -= 1;
    }
    const waited = secondsSince();
    if (waited * 1000 <= WAIT_MS_MAX) {
      seated(counts, waited);
      present.startedAt = clock.now();
      return true;
    }
    counts.refused('time-out');
    counts.waitedInVain.observe(waited);
    this.#leave(limit);
    return false;
  }

  /** The seat goes to whoever waits for one like it, else to whom it may be lent. */
  #leave(limit: Limit): void {
    limit.taken -= 1;
    this.#serve(limit);
    for (const { limit: other } of this.#levels.values()) if (other && other !== limit) this.#serve(other);
  }

  #serve(limit: Limit): void {
    while (limit.queues && limit.queues.size > 0 && this.#hasSeat(limit)) {
      limit.taken += 1;
      limit.queues.next()?.turn.notify();
    }
  }

  #hasSeat(limit: Limit): boolean {
    const { nominal, borrowable } = limit.seats;
    if (limit.taken < nominal) return true;
    if (limit.taken >= nominal + borrowable) return false;
    let lendable = 0;
    for (const { limit: other } of this.#levels.values()) {
      // What a level has borrowed counts against what is lent.
      if (other) lendable += Math.min(other.seats.lendable, other.seats.nominal - other.taken);
    }
    return lendable > 0;
  }

  #flowOf(user: User, info: RequestInfo): Flow {
    this.#refresh();
    const key = `${user.name}\n${info.verb}\n${info.group}/${info.resource}/${info.subresource}\n${info.namespace}\n${info.isResource ? '' : info.path}\n${user.groups.join(',')}`;
    let flow = this.#remembered.get(key);
    if (!flow) {
      if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
      this.#remembered.set(key, (flow = this.#classify(user, info)));
    }
    return flow;
  }

  #classify(user: User, info: RequestInfo): Flow {
    const schema = this.#schemas.find((one) => matches(one, user, info));
    const level = schema && this.#levels.get(schema.spec.priorityLevelConfiguration.name);
    // Only while somebody takes the mandatory objects away: nobody is locked out for it.
    if (!schema || !level) return { level: {}, name: NOWHERE, key: '', counts: this.#tally.of('', ''), headers: {} };
    const method = schema.spec.distinguisherMethod?.type;
    const distinguisher = method === 'ByUser' ? user.name : method === 'ByNamespace' ? info.namespace : '';
    const name = { level: schema.spec.priorityLevelConfiguration.name, schema: schema.metadata.name, distinguisher };
    const levelUid = this.#registry.of(priorityLevelConfiguration).find('', name.level)?.metadata.uid ?? '';
    return {
      level,
      name,
      key: `${name.schema}\n${distinguisher}`,
      counts: this.#tally.of(name.level, name.schema),
      headers: { 'x-kubernetes-pf-flowschema-uid': schema.metadata.uid, 'x-kubernetes-pf-prioritylevel-uid': levelUid },
    };
  }

  /** Reads the objects anew when some have changed. Who has a seat of a level that is gone gives it back to nobody. */
  #refresh(): void {
    const [schemas, levels] = [this.#registry.of(flowSchema), this.#registry.of(priorityLevelConfiguration)];
    const [schemasAt, levelsAt] = [schemas.shelf.cache.revision, levels.shelf.cache.revision];
    if (this.#read.schemas === schemasAt && this.#read.levels === levelsAt) return;
    this.#read = { schemas: schemasAt, levels: levelsAt };
    this.#remembered.clear();
    this.#schemas = [...schemas.shelf.cache.range(schemas.shelf.prefixOf(''))]
      .map(({ object }) => object as FlowSchema)
      .sort(
        (a, b) => a.spec.matchingPrecedence - b.spec.matchingPrecedence || (a.metadata.name < b.metadata.name ? -1 : 1),
      );
    this.#reshape(
      [...levels.shelf.cache.range(levels.shelf.prefixOf(''))].map(({ object }) => object as PriorityLevel),
    );
  }

  /** Levels that stay keep who is in them; who waits in queues that are gone goes on. */
  #reshape(configurations: readonly PriorityLevel[]): void {
    const before = this.#levels;
    this.#levels = new Map(
      seatsOf(configurations, this.#seats).map(([name, seats]) => {
        const limit = seats && (before.get(name)?.limit ?? { seats, taken: 0, queues: undefined });
        if (!limit) return [name, {}];
        if (!limit.queues || !equalJson(limit.seats.shape, seats.shape)) {
          letAllIn(limit);
          limit.queues = seats.shape && new FairQueues(seats.shape);
        }
        limit.seats = seats;
        return [name, { limit }];
      }),
    );
    for (const [name, { limit }] of before) if (limit && this.#levels.get(name)?.limit !== limit) letAllIn(limit);
  }
}

function seated(counts: FlowCounts, waitedSeconds: number): void {
  counts.executing += 1;
  counts.dispatched.add();
  counts.waited.observe(waitedSeconds);
}

function letAllIn(limit: Limit): void {
  for (let waiting = limit.queues?.next(); waiting; waiting = limit.queues?.next()) {
    limit.taken += 1;
    waiting.turn.notify();
  }
}

/** What each level has, by its share of all; undefined: it is exempt. */
function seatsOf(
  configurations: readonly PriorityLevel[],
  all: number,
): readonly (readonly [name: string, seats: Seats | undefined])[] {
  const sharesOf = ({ spec }: PriorityLevel): number => (spec.limited ?? spec.exempt)?.nominalConcurrencyShares ?? 0;
  const shares = configurations.reduce((sum, one) => sum + sharesOf(one), 0);
  return configurations.map((one) => {
    const { limited } = one.spec;
    if (one.spec.type === 'Exempt' || !limited) return [one.metadata.name, undefined];
    const nominal = Math.ceil((all * sharesOf(one)) / Math.max(1, shares));
    const {
      lendablePercent = 0,
      borrowingLimitPercent,
      limitResponse: { type, queuing },
    } = limited;
    return [
      one.metadata.name,
      {
        nominal,
        lendable: Math.round((nominal * lendablePercent) / 100),
        borrowable: borrowingLimitPercent === undefined ? all : Math.round((nominal * borrowingLimitPercent) / 100),
        ...(type === 'Queue' && queuing ? { shape: queuing } : {}),
      },
    ];
  });
}
