import {
  aborted,
  type Clock,
  type Counter,
  type Gauge,
  type Logger,
  type Metrics,
  type Random,
  TaskGroup,
} from '@navarch/base';
import { type ApiObject, type Draft, hasReason, keyIn } from '@navarch/machinery';
import type { KindApi } from './api.ts';
import type { Recorder } from './events/recorder.ts';

/** coordination.k8s.io/v1 Lease, as far as electing goes. */
export interface LeaseObject extends ApiObject {
  readonly spec: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface LeaderElectionDeps {
  readonly leases: KindApi<LeaseObject>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Tells of the lease who leads. */
  readonly events: Recorder;
}

export interface LeaderElectionOptions {
  readonly namespace: string;
  readonly name: string;
  /** Who this candidate is; unique among candidates. */
  readonly identity: string;
  /** How long others wait after the last renewal they saw. Upstream: 15 s. */
  readonly leaseMs?: number;
  /** How long the leader tries to renew before it gives up. Upstream: 10 s. */
  readonly renewMs?: number;
  /** Between two attempts. Upstream: 2 s. */
  readonly retryMs?: number;
}

/** The leader could not renew its lease in time: someone else may lead now. What it knows of the cluster is to be forgotten. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

const RETRY_JITTER = 1.2;

/**
 * Leads whenever it can: after a loss the work has ended, and it stands for election again. Ends as `lead` does.
 */
export async function leadAgain(
  deps: LeaderElectionDeps,
  options: LeaderElectionOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      return await lead(deps, options, work, signal);
    } catch (error) {
      if (!(error instanceof LeadershipLostError)) throw error;
      deps.log.warn('leadership lost', { lease: options.name, error });
    }
  }
}

/**
 * Waits for the lease, then runs `work` for as long as it is held. Ends when the signal aborts (and lets go of the
 * lease, so that the next leader need not wait) or when `work` ends; throws LeadershipLostError when the lease is lost.
 */
export async function lead(
  deps: LeaderElectionDeps,
  options: LeaderElectionOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const candidate = new Candidate(deps, options);
  await candidate.acquire(signal);
  deps.log.info('became leader', { lease: options.name, identity: options.identity });
  candidate.tell('became leader');
  try {
    await using group = new TaskGroup(signal);
    group.spawn((s) => candidate.keep(s));
    const finished = new AbortController();
    group.spawn(async (s) => {
      await work(s);
      finished.abort(new Error('Work finished'));
    });
    await aborted(AbortSignal.any([group.signal, finished.signal]));
  } finally {
    candidate.tell('stopped leading');
    await candidate.release();
  }
}

class Candidate {
  readonly #deps: LeaderElectionDeps;
  readonly #options: LeaderElectionOptions;
  readonly #leaseMs: number;
  readonly #renewMs: number;
  readonly #retryMs: number;
  readonly #status: Gauge;
  readonly #slow: Counter;
  /** The holder's last renewal as this candidate saw it change, on its own clock: clocks of others are not trusted. */
  #observed: { readonly version: string; readonly atMs: number } | undefined;
  /** The lease as this candidate wrote it last: as long as it runs nobody else has written it. */
  #held: { readonly lease: LeaseObject; readonly atMs: number } | undefined;

  constructor(deps: LeaderElectionDeps, options: LeaderElectionOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? 15_000;
    this.#renewMs = options.renewMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2_000;
    this.#status = deps.metrics.gauge(
      'leader_election_master_status',
      'Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.',
    );
    this.#status.set(0, { name: options.name });
    this.#slow = deps.metrics.counter(
      'leader_election_slowpath_total',
      '[ALPHA] Renewals of a lease by its leader that had to read it first, by the name of the lease.',
    );
  }

  tell(what: 'became leader' | 'stopped leading'): void {
    const { identity, namespace, name } = this.#options;
    this.#status.set(what === 'became leader' ? 1 : 0, { name });
    this.#deps.events.record(
      { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace, name },
      { type: 'Normal', reason: 'LeaderElection', message: `${identity} ${what}` },
    );
  }

  async acquire(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#deps;
    for (;;) {
      signal.throwIfAborted();
      try {
        if (await this.#tryOnce()) return;
      } catch (error) {
        log.info('lease not acquired', { lease: this.#options.name, error });
      }
      await clock.sleep(this.#retryMs * (1 + (RETRY_JITTER * random.uint32()) / 2 ** 32), signal);
    }
  }

  /** Renews until the signal aborts; throws when the deadline passes without a renewal. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    let renewedMs = clock.monotonic();
    while (!signal.aborted) {
      await clock.sleep(this.#retryMs, signal);
      // A process that did not run for so long must not do anything more before it has asked.
      if (clock.monotonic() - renewedMs >= this.#renewMs) throw this.#lateness();
      try {
        const isHeld = await this.#within(renewedMs + this.#renewMs - clock.monotonic(), this.#tryOnce(), signal);
        if (isHeld) renewedMs = clock.monotonic();
        else if (await this.#isOthers())
          throw new LeadershipLostError(`Lease ${this.#options.name} was taken by another`);
      } catch (error) {
        if (error instanceof LeadershipLostError) throw error;
        log.info('lease not renewed', { lease: this.#options.name, error });
      }
      if (clock.monotonic() - renewedMs >= this.#renewMs) throw this.#lateness();
    }
  }

  #lateness(): LeadershipLostError {
    return new LeadershipLostError(`Lease ${this.#options.name} was not renewed within ${this.#renewMs} ms`);
  }

  /** Others need not wait for the lease to run out. Gives up after as long as a renewal may take. */
  async release(): Promise<void> {
    try {
      await this.#within(this.#renewMs, this.#letGo(), new AbortController().signal);
    } catch (error) {
      this.#deps.log.info('lease not released', { lease: this.#options.name, error });
    }
  }

  async #letGo(): Promise<void> {
    const current = await this.#deps.leases.get(this.#key);
    if (current.spec.holderIdentity !== this.#options.identity) return;
    const now = this.#now();
    const spec = {
      holderIdentity: '',
      leaseDurationSeconds: 1,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: current.spec.leaseTransitions ?? 0,
    };
    await this.#deps.leases.replace({ ...current, spec });
  }

  /** A request that hangs must not keep a leader leading: it is left behind when its time is over. */
  async #within<T>(ms: number, attempt: Promise<T>, signal: AbortSignal): Promise<T> {
    const stop = new AbortController();
    const late = this.#deps.clock.sleep(ms, AbortSignal.any([signal, stop.signal])).then(() => {
      throw new Error(`no answer for ${ms} ms`);
    });
    late.catch(() => undefined);
    attempt.catch(() => undefined);
    try {
      return await Promise.race([attempt, late]);
    } finally {
      stop.abort(new Error('Answered'));
    }
  }

  async #isOthers(): Promise<boolean> {
    const { spec } = await this.#deps.leases.get(this.#key);
    return spec.holderIdentity !== this.#options.identity;
  }

  /** True when the lease is ours afterwards. Optimistic: of two candidates that try at once one gets a conflict. */
  async #tryOnce(): Promise<boolean> {
    const held = this.#held;
    this.#held = undefined;
    if (held && this.#deps.clock.monotonic() - held.atMs < this.#leaseMs && (await this.#renewed(held.lease)))
      return true;
    const current = await this.#current();
    return current ? this.#takes(current) : true;
  }

  /** Renews without a look at it what nobody else should have written since. False: it is to be looked at. */
  async #renewed(held: LeaseObject): Promise<boolean> {
    try {
      await this.#write({ ...held, spec: { ...held.spec, renewTime: this.#now() } });
      return true;
    } catch (error) {
      this.#deps.log.info('lease not renewed as it was', { lease: this.#options.name, error });
      return false;
    }
  }

  /** The lease there is; undefined: there was none, and now it is ours. */
  async #current(): Promise<LeaseObject | undefined> {
    const { identity, namespace, name } = this.#options;
    const atMs = this.#deps.clock.monotonic();
    try {
      return await this.#deps.leases.get(this.#key);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
      const now = this.#now();
      const spec = {
        holderIdentity: identity,
        leaseDurationSeconds: this.#leaseMs / 1000,
        acquireTime: now,
        renewTime: now,
        leaseTransitions: 0,
      };
      const lease = await this.#deps.leases.create({ metadata: { namespace, name }, spec } as Draft<LeaseObject>);
      this.#held = { lease, atMs };
      return undefined;
    }
  }

  async #takes(current: LeaseObject): Promise<boolean> {
    const { clock } = this.#deps;
    const { identity, name } = this.#options;
    const { spec, metadata } = current;
    if (this.#observed?.version !== metadata.resourceVersion)
      this.#observed = { version: metadata.resourceVersion, atMs: clock.monotonic() };
    const isOurs = spec.holderIdentity === identity;
    const heldMs = (spec.leaseDurationSeconds ?? this.#leaseMs / 1000) * 1000;
    if (!isOurs && spec.holderIdentity && this.#observed.atMs + heldMs > clock.monotonic()) return false;
    if (isOurs) this.#slow.add(1, { name });
    const now = this.#now();
    await this.#write({
      ...current,
      spec: {
        ...spec,
        holderIdentity: identity,
        leaseDurationSeconds: this.#leaseMs / 1000,
        renewTime: now,
        acquireTime: isOurs ? (spec.acquireTime ?? now) : now,
        leaseTransitions: (spec.leaseTransitions ?? 0) + (isOurs ? 0 : 1),
      },
    });
    return true;
  }

  /** The time before it is asked for counts, as it does for others. */
  async #write(lease: LeaseObject): Promise<void> {
    const atMs = this.#deps.clock.monotonic();
    this.#held = { lease: await this.#deps.leases.replace(lease), atMs };
  }

  get #key(): string {
    return keyIn(this.#options.namespace, this.#options.name);
  }

  /** RFC 3339 with microseconds (metav1.MicroTime). */
  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString().replace('Z', '000Z');
  }
}
