import type { Pod } from '@navarch/api';
import { equalJson } from '@navarch/machinery';
import type { PreStop, StopContainer } from '../pod-machine/action.ts';
import type { Eviction, Memory, ProbeResults, Rejection, Waiting } from '../pod-machine/memory.ts';
import { isExited, type Observed } from '../pod-machine/observed.ts';

/**
 * What the worker of a pod has to remember between two looks at it. Everything is about containers that the pod has
 * now: what ends is forgotten, so the notes are as large as the pod.
 */
export class PodNotes {
  readonly waiting = new Map<string, Waiting>();
  readonly probes = new Map<string, ProbeResults>();
  readonly killing = new Map<string, number>();
  readonly preStopped = new Set<string>();
  readonly postStarting = new Set<string>();
  readonly doomed = new Map<string, string>();
  readonly resized = new Map<string, string>();
  resizeRefusal: Rejection | undefined;
  volumes: Memory['volumes'] = 'unknown';
  volumesRetryAt: number | undefined;
  sandboxRetryAt: number | undefined;
  rejection: Rejection | undefined;
  eviction: Eviction | undefined;
  isBare = false;
  #podIPs: readonly string[] = [];
  /** Ids of the containers that the last look found. */
  #seen: ReadonlySet<string> = new Set();
  #grace: { readonly seconds: number; readonly killBy: number } | undefined;

  /** The end of a deleted pod is counted from when this node heard of it, by its own clock; it is only ever brought forward. */
  heard({ metadata }: Pod, now: number): void {
    const seconds = Number(metadata.deletionGracePeriodSeconds ?? 0);
    if (metadata.deletionTimestamp === undefined || (this.#grace && this.#grace.seconds <= seconds)) return;
    this.#grace = { seconds, killBy: Math.min(now + seconds * 1000, this.#grace?.killBy ?? Number.POSITIVE_INFINITY) };
  }

  saw({ sandboxes: [sandbox], containers }: Observed): void {
    if (sandbox?.ip) this.#podIPs = [sandbox.ip, ...sandbox.additionalIps];
    const states = new Map(containers.map((c) => [c.id, c]));
    const isOver = (id: string): boolean => {
      const instance = states.get(id);
      // What is not there and never was may have been made since this look began: its notes are about what comes.
      return instance ? isExited(instance) : this.#seen.has(id);
    };
    for (const byId of [this.probes, this.killing, this.preStopped, this.postStarting, this.doomed, this.resized]) {
      for (const id of byId.keys()) if (isOver(id)) byId.delete(id);
    }
    this.#seen = new Set(states.keys());
  }

  /** Notes what a probe found of a container; true when it is news. */
  probed(id: string, results: ProbeResults): boolean {
    const known = this.probes.get(id);
    const next = { ...known, ...results };
    if (known && equalJson(known, next)) return false;
    this.probes.set(id, next);
    return true;
  }

  /** What could not be started is tried again without a pause. */
  tryAgain(): void {
    for (const [name, waiting] of this.waiting) this.waiting.set(name, { ...waiting, retryAt: 0 });
  }

  /** The end of a container begins; true the first time. */
  ends({ id, killBy }: PreStop | StopContainer): boolean {
    const known = this.killing.get(id);
    this.killing.set(id, Math.min(killBy, known ?? Number.POSITIVE_INFINITY));
    return known === undefined;
  }

  /** Somebody set the clock forward by so much, or back: what is awaited is as far away as it was. */
  shift(ms: number): void {
    const later = (moment: number | undefined): number | undefined =>
      moment === undefined || moment === 0 ? moment : moment + ms;
    for (const [name, waiting] of this.waiting)
      this.waiting.set(name, { ...waiting, retryAt: later(waiting.retryAt) ?? 0 });
    for (const [id, killBy] of this.killing) this.killing.set(id, killBy + ms);
    this.volumesRetryAt = later(this.volumesRetryAt);
    this.sandboxRetryAt = later(this.sandboxRetryAt);
    if (this.#grace) this.#grace = { ...this.#grace, killBy: this.#grace.killBy + ms };
    if (this.eviction) this.eviction = { ...this.eviction, since: this.eviction.since + ms };
  }

  memory({ node, devices }: Pick<Memory, 'node' | 'devices'>, underWay: ReadonlySet<string>): Memory {
    const { waiting, probes, killing, preStopped, postStarting, doomed, resized, volumes, isBare } = this;
    const { volumesRetryAt, sandboxRetryAt, rejection, eviction, resizeRefusal } = this;
    return {
      waiting,
      probes,
      killing,
      preStopped,
      postStarting,
      doomed,
      resized,
      volumes,
      isBare,
      node,
      devices,
      underWay,
      podIPs: this.#podIPs,
      ...(volumesRetryAt === undefined ? {} : { volumesRetryAt }),
      ...(sandboxRetryAt === undefined ? {} : { sandboxRetryAt }),
      ...(this.#grace ? { killBy: this.#grace.killBy } : {}),
      ...(rejection ? { rejection } : {}),
      ...(eviction ? { eviction } : {}),
      ...(resizeRefusal ? { resizeRefusal } : {}),
    };
  }
}
