import type { ObservedVolume } from '../server/stats/observed.ts';

type Ask = (podUid: string, at: number) => Promise<readonly ObservedVolume[]>;

interface Known {
  readonly volumes: readonly ObservedVolume[];
  /** When drivers were asked for it. */
  readonly askedAt: number;
}

/** As long as upstream's kubelet goes by what it has counted. */
const FRESH_MS = 60_000;
/** Pods beyond: whose room was asked for first is forgotten. */
const PODS_MAX = 1000;

/**
 * The room in volumes of drivers: asked for by whoever takes statistics, answered by the kubelet once it runs. Nobody waits
 * for a driver: what it said before is what is known, and a first question is answered when it is put again.
 */
export class DriverStats {
  #ask: Ask = async () => [];
  readonly #known = new Map<string, Known>();

  answer(ask: Ask): void {
    this.#ask = ask;
  }

  of(podUid: string, at: number): readonly ObservedVolume[] {
    const known = this.#known.get(podUid);
    if (!known || at - known.askedAt >= FRESH_MS) {
      const volumes = known?.volumes ?? [];
      this.#keep(podUid, { volumes, askedAt: at });
      void this.#ask(podUid, at).then(
        (found) => this.#keep(podUid, { volumes: found, askedAt: at }),
        () => undefined,
      );
    }
    return known?.volumes ?? [];
  }

  #keep(podUid: string, known: Known): void {
    this.#known.set(podUid, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > PODS_MAX && oldest !== undefined) this.#known.delete(oldest);
  }
}
