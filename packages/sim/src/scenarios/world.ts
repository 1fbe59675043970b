import { systemUser, type User } from '@navarch/apiserver';
import { pod, type Pod } from '@navarch/api';
import { type Logger, type Random, seededRandom, silent, TaskGroup } from '@navarch/base';
import type { Api, DeleteOptions } from '@navarch/client';
import {
  type ApiObject,
  apiVersionOf,
  type Draft,
  hasReason,
  type Key,
  keyIn,
  type Kind,
  StatusError,
} from '@navarch/machinery';
import { type Change, MemoryStore } from '@navarch/store';
import { SimClock } from '../sim-clock.ts';
import { SimServer } from '../sim-server.ts';
import { withGroups } from '../with-groups.ts';
import { furnished, serverOptions } from './furnished.ts';
import { type Crash, FaultPlan } from './fault-plan.ts';
import { Load } from './load.ts';
import { Managers } from './managers.ts';
import { PodPlayer } from './pod-player.ts';
import type { Staging } from './staging.ts';
import { StoredView, type View } from './view.ts';

const SERVER_DOWN_MS = [100, 5_000] as const;
/** How long a person waits before the scenario has failed: a watch that is dead is found to be so within ten minutes. */
const PATIENCE_MS = 25 * 60_000;
const RETRY_MS = 500;
const REQUESTS_MAX = 5000;
/** What people do must come to an end: a scenario that waits in a loop for what never comes has failed. */
const STEPS_MAX = 10_000;

/** Something that must be so is not. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
}

/** Where a scenario is played: an API server, the scenario's controllers and pods, on time that only the scenario moves. */
export class World implements AsyncDisposable {
  readonly clock = new SimClock();
  readonly view: View;
  /** The scenario's own draws. */
  readonly random: Random;
  /** What was written: time, revision, kind of change, key and a hash of the value. */
  readonly history: string[] = [];
  /** What the controllers did. */
  readonly load: Load;
  readonly #stored: StoredView;
  readonly #server: SimServer;
  readonly #faults: FaultPlan;
  readonly #dice: Random;
  readonly #lifetime = new AbortController();
  readonly #group: TaskGroup;
  readonly #player: PodPlayer | undefined;
  readonly #checks = new Map<string, ((view: View) => string | undefined)[]>();
  readonly #managers: Managers;
  #wrong: Error | undefined;
  #isBegun = false;
  #steps = 0;

  private constructor(staging: Staging, seed: number, disk: MemoryStore) {
    const random = seededRandom(seed);
    this.random = random.fork('scenario');
    this.#dice = random.fork('faults');
    this.#faults = new FaultPlan(seed, this.#dice, staging);
    this.#group = new TaskGroup(this.#lifetime.signal);
    this.view = this.#stored = new StoredView(() => this.clock.now());
    this.load = new Load(
      () => this.clock.monotonic(),
      staging.requestsMax ?? REQUESTS_MAX,
      (what) => {
        this.#require(what);
        // A loop that waits for nothing lets nobody else have a turn.
        this.#managers.end(what);
      },
    );
    this.#server = new SimServer({
      ...serverOptions(this.clock, random.fork('server'), this.#log()),
      ...(staging.hasGroups ? withGroups : {}),
      ...staging.server?.({ clock: this.clock, view: this.view }),
      disk,
      diskMs: () => this.#faults.diskMs,
    });
    for (const property of staging.always ?? []) {
      const look = property.begin();
      const check = (view: View): string | undefined => {
        const wrong = look(view);
        return wrong === undefined ? undefined : `${property.name}: ${wrong}`;
      };
      for (const { storagePrefix } of property.of)
        this.#checks.set(storagePrefix, [...(this.#checks.get(storagePrefix) ?? []), check]);
    }
    const api = this.#server.api(systemUser);
    const { clock, view } = this;
    this.#managers = new Managers({
      staging,
      server: this.#server,
      faults: this.#faults,
      clock,
      dice: this.#dice,
      log: this.#log(),
      view,
      group: this.#group,
      load: this.load,
    });
    if (staging.pods !== 'none')
      this.#player = new PodPlayer({
        api,
        clock,
        random: random.fork('pods'),
        group: this.#group,
        life: { ...(staging.schedules ? { nodeOf: () => 'nowhere' } : {}), ...staging.pods },
      });
  }

  static async start(staging: Staging, seed: number): Promise<World> {
    const { entries, revision } = await furnished();
    const disk = MemoryStore.of(entries, revision);
    const world = new World(staging, seed, disk);
    for (const { key, value, revision: at } of entries)
      world.#stored.apply({ type: 'put', key, value, revision: at, previous: undefined });
    const watcher = { changed: (changes: readonly Change[]) => world.#changed(changes), lost: () => undefined };
    disk.subscribe('/registry/', revision, watcher, world.#lifetime.signal);
    await world.#startServer();
    world.#managers.start();
    world.#setClocks();
    world.#isBegun = true;
    return world;
  }

  /** Someone who is patient makes an object: again when the server was away, and it is theirs if it is there then. */
  async create<O extends ApiObject>(kind: Kind<O>, draft: Draft<O>, user: User = systemUser): Promise<O> {
    const { namespace: inNamespace, name } = draft.metadata as { readonly namespace?: string; readonly name: string };
    let isSecond = false;
    return this.#ask(async (api) => {
      try {
        return await api.of(kind).create(draft);
      } catch (error) {
        // What is there already may be refused for what it holds itself: its address is taken.
        const held = isSecond && !isPassing(error) ? this.view.get(kind, keyIn(inNamespace, name)) : undefined;
        if (held) return held;
        isSecond = true;
        throw error;
      }
    }, user);
  }

  async change<O extends ApiObject>(
    kind: Kind<O>,
    key: Key,
    change: (current: O) => O,
    subresource?: string,
  ): Promise<O> {
    return this.#ask((api) => api.of(kind).update(key, change, subresource === undefined ? {} : { subresource }));
  }

  async setStatus<O extends ApiObject>(kind: Kind<O>, key: Key, change: (current: O) => O): Promise<O> {
    return this.change(kind, key, change, 'status');
  }

  /** What is gone already is no failure. */
  async remove(kind: Kind<any>, key: Key, options?: DeleteOptions): Promise<void> {
    await this.#ask(async (api) => {
      await api
        .of(kind)
        .delete(key, options)
        .catch((error: unknown) => {
          if (!hasReason(error, 'NotFound')) throw error;
        });
    });
  }

  /** What only its finalizers held may be gone before the answer comes. */
  async unhold<O extends ApiObject>(kind: Kind<O>, key: Key): Promise<void> {
    try {
      await this.change(kind, key, (held) => ({ ...held, metadata: { ...held.metadata, finalizers: [] } }));
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  async post(kind: Kind<any>, key: Key, subresource: string, body: unknown): Promise<unknown> {
    return this.#ask((api) => api.of(kind).post(key, subresource, body));
  }

  /** The reason with which the server refuses; undefined: it does not. */
  async refusal(request: (api: Api) => Promise<unknown>, user: User = systemUser): Promise<string | undefined> {
    return this.#ask(async (api) => {
      try {
        await request(api);
        return undefined;
      } catch (error) {
        if (!(error instanceof StatusError) || isPassing(error)) throw error;
        return error.status.reason ?? 'none';
      }
    }, user);
  }

  /** Time goes on, and what is under way with it. */
  async pass(time: number | string): Promise<void> {
    await this.clock.advance(typeof time === 'number' ? time : milliseconds(time));
    this.#throwWrong();
    if (++this.#steps > STEPS_MAX) throw new ScenarioError('it has no end');
  }

  /** Waits until it is so, as a person would who watches; after 25 minutes without it the scenario has failed. */
  async until(what: string, isSo: (view: View) => boolean, limit: number | string = PATIENCE_MS): Promise<void> {
    const ms = typeof limit === 'number' ? limit : milliseconds(limit);
    const held = await this.clock.advanceUntil(() => this.#wrong !== undefined || isSo(this.view), ms);
    this.#throwWrong();
    if (!held) throw new ScenarioError(`waited ${ms / 1000} s in vain until ${what}`);
  }

  /** Every clock shows this from now on, since the epoch: for what depends on the calendar. */
  setClock(ms: number): void {
    this.clock.jump(ms - this.clock.now());
  }

  /** What goes on beside what people do, until the play is over. */
  meanwhile(work: (api: Api, signal: AbortSignal) => Promise<void>): void {
    this.#group.spawn((signal) => work(this.#server.api(systemUser), signal));
  }

  /** The kubelet of a node stops speaking, and what it was about to do is not done. */
  loseNode(name: string): void {
    this.#player?.lose(name);
  }

  recoverNode(name: string): void {
    this.#player?.recover(name);
  }

  /** A kind that is served now, custom ones too; undefined: it is not. */
  kind<O extends ApiObject>(apiVersion: string, plural: string): Kind<O> | undefined {
    return this.#server.current().find((kind) => apiVersionOf(kind) === apiVersion && kind.plural === plural);
  }

  /** The network of the manager that leads goes, and it does not know. Returns what brings it back. */
  cutLeaderOff(): () => void {
    return this.#managers.cutOff();
  }

  /** From here on nothing goes wrong. */
  heal(): void {
    this.#faults.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(new Error('Scenario over'));
    await this.#group[Symbol.asyncDispose]();
  }

  async #ask<T>(request: (api: Api) => Promise<T>, user: User = systemUser): Promise<T> {
    const api = this.#server.api(user);
    let answer: { readonly value: T } | { readonly error: unknown } | undefined;
    this.#group.spawn(async (signal) => {
      while (!answer && !signal.aborted) {
        try {
          answer = { value: await request(api) };
        } catch (error) {
          if (isPassing(error)) await this.clock.sleep(RETRY_MS, signal);
          else answer = { error };
        }
      }
    });
    const isAnswered = await this.clock.advanceUntil(
      () => answer !== undefined || this.#wrong !== undefined,
      PATIENCE_MS,
    );
    this.#throwWrong();
    if (!isAnswered || !answer) throw new ScenarioError('a request got no answer');
    if ('error' in answer) throw answer.error;
    return answer.value;
  }

  async #startServer(): Promise<void> {
    let isReady = false;
    this.#serve(() => {
      isReady = true;
    });
    if (!(await this.clock.advanceUntil(() => isReady, PATIENCE_MS))) throw new ScenarioError('no server came up');
  }

  #serve(onReady?: () => void): void {
    this.#group.spawn((signal) => this.#server.run(signal, onReady));
  }

  #setClocks(): void {
    for (const { atMs, byMs } of this.#faults.jumps)
      this.#group.spawn(async (signal) => {
        await this.clock.sleep(atMs, signal);
        this.clock.jump(byMs);
        this.history.push(`${this.clock.monotonic()} the clock is set by ${byMs} ms`);
      });
  }

  #changed(changes: readonly Change[]): void {
    for (const change of changes) {
      const written = this.#stored.apply(change);
      const value = change.type === 'put' ? hashOf(change.value) : 0;
      this.history.push(`${this.clock.monotonic()} ${change.revision} ${change.type} ${change.key} ${value}`);
      if (!written) continue;
      for (const check of this.#checks.get(written.prefix) ?? []) this.#require(check(this.#stored));
      if (this.#player && written.prefix === pod.storagePrefix && change.type === 'put')
        this.#player.see(written.object as Pod);
    }
    if (!this.#isBegun) return;
    const crash = this.#faults.wrote();
    if (crash) this.#crash(crash);
  }

  #require(wrong: string | undefined): void {
    if (wrong !== undefined) this.#wrong ??= new ScenarioError(wrong);
  }

  #throwWrong(): void {
    if (this.#wrong) throw this.#wrong;
  }

  /** In the middle of whatever it does: the write is on the disk, and nobody has heard of it. */
  #crash(what: Crash): void {
    this.history.push(`${this.clock.monotonic()} crash: ${what}`);
    if (what !== 'server') this.#managers.crash();
    if (what === 'leader') return;
    const [least, most] = SERVER_DOWN_MS;
    const downMs = least + (this.#dice.uint32() % (most - least));
    this.#server.crash();
    this.#group.spawn(async (signal) => {
      await this.clock.sleep(downMs, signal);
      this.#serve();
    });
  }

  /** An error in the log says that a person must act: the play has failed. */
  #log(): Logger {
    const log: Logger = {
      ...silent,
      error: (text, fields) =>
        this.#require(`logged an error: ${text} ${JSON.stringify({ ...fields, error: String(fields?.['error']) })}`),
      with: () => log,
    };
    return log;
  }
}

/** The server is away, or was when it should have answered. */
const isPassing = (error: unknown): boolean =>
  hasReason(error, 'ServiceUnavailable') || hasReason(error, 'Timeout') || hasReason(error, 'ServerTimeout');

/** FNV-1a in 32 bits: two runs that differ in a byte differ here. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash >>> 0;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `5m`, `30s`, `1h`, `200ms`. */
function milliseconds(text: string): number {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  if (!match) throw new RangeError(`${JSON.stringify(text)} is not a time: write 500ms, 30s, 5m or 1h`);
  return Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
}
