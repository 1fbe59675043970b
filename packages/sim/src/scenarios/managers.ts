import type { User } from '@navarch/apiserver';
import { event, lease } from '@navarch/api';
import { type Clock, type Logger, noMetrics, type Random, TaskGroup } from '@navarch/base';
import { type Api, Cache, EventRecorder, type KindApi, leadAgain, type LeaseObject } from '@navarch/client';
import { type Controller, type ReadPath, runControllers, runKindControllers } from '@navarch/controllers';
import { failure } from '@navarch/machinery';
import { defaultProfile, runScheduler } from '@navarch/scheduler';
import type { SimServer } from '../sim-server.ts';
import { faultyApi } from '../testing/faulty-api.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { Load } from './load.ts';
import type { Staging } from './staging.ts';
import type { View } from './view.ts';

const MANAGER: User = { name: 'system:kube-controller-manager', groups: ['system:authenticated'] };
export const LEASE = { namespace: 'kube-system', name: 'kube-controller-manager' } as const;
/** A new leader waits for the lease of the one that crashed; what that one had sent is done by then. */
const TAKEOVER_MS = [2_000, 15_000] as const;

interface ManagersDeps {
  readonly staging: Staging;
  readonly server: SimServer;
  readonly faults: FaultPlan;
  readonly clock: Clock;
  readonly dice: Random;
  readonly log: Logger;
  readonly view: View;
  readonly group: TaskGroup;
  readonly load: Load;
}

interface Manager {
  readonly identity: string;
  life: AbortController;
  /** Nothing that it asks is answered. */
  isCut: boolean;
}

/** Who runs the controllers of a scenario: one process that always leads, or several that stand for election. */
export class Managers {
  readonly #deps: ManagersDeps;
  readonly #all: readonly Manager[];
  #terms = 0;

  constructor(deps: ManagersDeps) {
    this.#deps = deps;
    this.#all = Array.from({ length: deps.staging.managers ?? 1 }, (_, i) => ({
      identity: `manager-${i + 1}`,
      life: new AbortController(),
      isCut: false,
    }));
  }

  start(): void {
    for (const manager of this.#all) this.#begin(manager);
  }

  /** The leader ends in the middle of whatever it does, and comes back later. */
  crash(): void {
    const leader = this.#leader();
    if (!leader) return;
    const { clock, dice, group } = this.#deps;
    const [least, most] = TAKEOVER_MS;
    // It has no time to let go of its lease.
    leader.isCut = true;
    leader.life.abort(new Error('Simulated crash'));
    const { signal: ended } = leader.life;
    const afterMs = least + (dice.uint32() % (most - least));
    group.spawn(async (signal) => {
      await clock.sleep(afterMs, signal);
      if (leader.life.signal !== ended) return;
      leader.life = new AbortController();
      leader.isCut = false;
      this.#begin(leader);
    });
  }

  /** Whoever leads ends, and does not come back. */
  end(why: string): void {
    for (const { life } of this.#all) life.abort(new Error(why));
  }

  /** The network of the leader goes, and it does not know. Returns what brings it back. */
  cutOff(): () => void {
    const leader = this.#leader();
    if (leader) leader.isCut = true;
    return () => {
      if (leader && !leader.life.signal.aborted) leader.isCut = false;
    };
  }

  #leader(): Manager | undefined {
    const [only] = this.#all;
    if (this.#all.length === 1) return only;
    const holder = this.#deps.view.get(lease, `${LEASE.namespace}/${LEASE.name}`)?.spec?.holderIdentity;
    return this.#all.find(({ identity }) => identity === holder);
  }

  #begin(manager: Manager): void {
    const { group } = this.#deps;
    group.spawn(async (lifetime) => {
      const life = AbortSignal.any([lifetime, manager.life.signal]);
      try {
        await (this.#all.length === 1 ? this.#lead(manager, life) : this.#stand(manager, life));
      } catch (error) {
        if (!life.aborted) throw error;
      }
    });
  }

  async #stand(manager: Manager, life: AbortSignal): Promise<void> {
    const { clock, log, dice } = this.#deps;
    const random = dice.fork(`candidate ${manager.identity} ${clock.monotonic()}`);
    const api = this.#connect(manager, random, life);
    await using group = new TaskGroup(life);
    const events = new EventRecorder({ events: api.of(event), clock, random, log }, LEASE.name);
    group.spawn((signal) => events.run(signal));
    const leases = api.of(lease) as KindApi<LeaseObject>;
    await leadAgain(
      { leases, clock, random, log, metrics: noMetrics, events },
      { ...LEASE, identity: manager.identity },
      (term) => this.#lead(manager, term),
      group.signal,
    );
  }

  async #lead(manager: Manager, signal: AbortSignal): Promise<void> {
    const { staging, clock, log, view, server } = this.#deps;
    const random = this.#deps.dice.fork(`term ${++this.#terms}`);
    const api = this.#connect(manager, random, signal);
    const readPath: ReadPath = (path, query) => server.read(path, query, MANAGER);
    await using group = new TaskGroup(signal);
    const deps = { api, events: api.of(event), clock, random, log, metrics: this.#deps.load.metrics };
    const controllers: readonly Controller[] = staging.controllers({ clock, view, readPath });
    if (controllers.length > 0) {
      const cache = new Cache({ api, clock, random: random.fork('cache'), log });
      group.spawn((s) => cache.run(s));
      for (const controller of controllers) {
        const own = this.#deps.load.counted(api, controller.name);
        group.spawn((s) => runControllers([controller], { ...deps, api: own, events: own.of(event), cache }, s));
      }
    }
    if (staging.schedules) {
      const own = this.#deps.load.counted(api, 'scheduler');
      const cache = new Cache({ api: own, clock, random: random.fork('scheduler cache'), log });
      const recorder = new EventRecorder({ events: own.of(event), clock, random, log }, 'default-scheduler');
      group.spawn((s) => cache.run(s));
      group.spawn((s) => recorder.run(s));
      const ties = random.fork('ties');
      const [profiles, hasGroups] = [[defaultProfile], staging.hasGroups ?? false];
      group.spawn((s) => runScheduler({ api: own, cache, clock, random: ties, log, recorder, profiles, hasGroups }, s));
    }
    const { ofEveryKind: selection } = staging;
    if (selection) group.spawn((s) => runKindControllers(server, { ...deps, readPath, selection }, s));
    await group.join();
  }

  #connect(manager: Manager, random: Random, signal: AbortSignal): Api {
    const { server, faults, clock } = this.#deps;
    const api = faultyApi(server.api(MANAGER), faults, clock, random.fork('network'), signal);
    return (this.#deps.staging.managers ?? 1) > 1 ? cuttable(api, manager) : api;
  }
}

const cutOff = (): Error => failure('ServiceUnavailable', 'simulated: cut off');

/** The client port over a wire that somebody may cut. */
const cuttable = (api: Api, wire: { readonly isCut: boolean }): Api => ({
  of: (kind) =>
    new Proxy(api.of(kind), {
      get(plain, name, self) {
        if (wire.isCut && name !== 'watch') return () => Promise.reject(cutOff());
        return Reflect.get(plain, name, self) as unknown;
      },
    }),
});
