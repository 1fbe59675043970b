import type { Pod, Volume } from '@navarch/api';
import { aborted, type Clock, sideBySide } from '@navarch/base';
import { type NodeDirs, podDir } from '../container-config.ts';
import { idOf, type NamedObject } from '../named-objects/named-objects.ts';
import { volumePlugins } from './plugins.ts';
import { unmountPod } from './unmount-pod.ts';
import { type SetUp, type VolumeHost, type VolumePlugin } from './volume-plugin.ts';
import { noPlugin, VolumeError } from './volume-error.ts';

export interface PodVolumesDeps {
  readonly host: VolumeHost;
  readonly dirs: NodeDirs;
  readonly clock: Clock;
}

/** A volume that could not be made: the text of its FailedMount event. */
export interface VolumeProblem {
  readonly volume: string;
  readonly message: string;
  /** Nobody is to be told. */
  readonly isQuiet?: boolean;
  /** The node cannot have it: the pod is turned away. */
  readonly isExhausted?: boolean;
  /** It is not known what it is: told of with all that is missing. */
  readonly isUnknown?: boolean;
}

export interface FoundVolume {
  /** On the node. */
  readonly path: string;
  readonly isReadOnly: boolean;
  /** The reference of the image, where the runtime mounts one. */
  readonly image?: string;
}

/** A try that failed is repeated after the first, then twice as long each time, up to the second (as upstream). */
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 122_000;
/** What is only waited for is looked at again and again. */
const LOOK_MS = 500;
/** So many volumes of a pod are worked on at the same time: one that takes long holds up none but those beyond. */
const AT_ONCE_MAX = 8;
/** What a pod waits for its volumes before that is an event of its own. */
const WAIT_MS = 123_000;

/** The volumes of one pod. What it remembers may be lost with the process: every step may be repeated. */
export class PodVolumes {
  readonly #deps: PodVolumesDeps;
  readonly #failures = new Map<string, number>();
  /** Where volumes are that are not at their own place, by name; an entry for each that was made. */
  readonly #places = new Map<string, string>();
  /** Wall clock, milliseconds. */
  #waitingSince: number | undefined;
  #retryAt = 0;
  #last: Promise<void> = Promise.resolve();
  #isGone = false;
  #failedTearDowns = 0;

  constructor(deps: PodVolumesDeps) {
    this.#deps = deps;
  }

  /** Wall clock, milliseconds: before this, what failed is not worth another try. */
  get retryAt(): number {
    return this.#retryAt;
  }

  /** Where volumes are that are not at their own place, by name. */
  get places(): ReadonlyMap<string, string> {
    return this.#places;
  }

  /**
   * Makes every volume. Resolves to what could not be made; to nothing when all are there. Where the signal aborts, whoever
   * asked is not kept waiting for a driver that is silent: what is under way ends before anything else is done.
   */
  async prepare(pod: Pod, signal: AbortSignal): Promise<readonly VolumeProblem[]> {
    const prepared = this.#inTurn(() => this.#prepare(pod, signal));
    await Promise.race([prepared, aborted(signal)]);
    signal.throwIfAborted();
    return prepared;
  }

  async #prepare(pod: Pod, signal: AbortSignal): Promise<readonly VolumeProblem[]> {
    this.#isGone = false;
    const problems = await eachOf(pod, async (volume) => {
      if (signal.aborted) return undefined;
      const problem = await this.#setUp(volume, pod, signal);
      if (problem === undefined) this.#failures.delete(volume.name);
      return problem;
    });
    if (signal.aborted) return [];
    for (const { volume, isQuiet } of problems)
      if (!isQuiet) this.#failures.set(volume, (this.#failures.get(volume) ?? 0) + 1);
    const pauses = problems.map(({ volume, isQuiet }) =>
      isQuiet ? LOOK_MS : pauseMsAfter(this.#failures.get(volume) ?? 1),
    );
    this.#retryAt = pauses.length > 0 ? this.#deps.clock.now() + Math.min(...pauses) : 0;
    return [
      ...asTold(problems),
      ...(await this.#overdue(
        pod,
        problems.map(({ volume }) => volume),
      )),
    ];
  }

  /** A pod that waits for long is told of as a whole, now and then. */
  async #overdue(pod: Pod, missing: readonly string[]): Promise<readonly VolumeProblem[]> {
    const now = this.#deps.clock.now();
    if (missing.length === 0) this.#waitingSince = undefined;
    if (missing.length === 0 || now - (this.#waitingSince ??= now) < WAIT_MS) return [];
    this.#waitingSince = now;
    const volume = missing.join(' ');
    const unattached = await this.#exhausted(pod, missing);
    const message = ofAll({ unmounted: missing, unattached, unknown: [] }, 'context deadline exceeded');
    return unattached.length > 0
      ? [{ volume, message, isExhausted: true, isQuiet: true }]
      : [{ volume, message: `${UNABLE}${message}` }];
  }

  async #exhausted(pod: Pod, missing: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const volume of pod.spec.volumes ?? []) {
      const plugin = pluginOf(volume);
      if (!missing.includes(volume.name) || !plugin?.isExhausted) continue;
      // Who cannot be asked has said nothing: it is asked again when the pod has waited for as long once more.
      const isSo = await plugin.isExhausted(this.#asked(volume, plugin, pod), this.#deps.host).catch(() => false);
      if (isSo) found.push(volume.name);
    }
    return found;
  }

  /**
   * Files made from cluster objects follow them: those of these objects (`idOf`), or all. Resolves to what could not be
   * brought up to date.
   */
  refresh(pod: Pod, changed?: ReadonlySet<string>): Promise<readonly VolumeProblem[]> {
    return this.#inTurn(() => this.#refresh(pod, changed));
  }

  async #refresh(pod: Pod, changed: ReadonlySet<string> | undefined): Promise<readonly VolumeProblem[]> {
    if (this.#isGone) return [];
    const { host } = this.#deps;
    return eachOf(pod, async (volume) => {
      const plugin = pluginOf(volume);
      if (!plugin?.refresh && !plugin?.isLive) return undefined;
      if (changed && !namedIn(volume).some((named) => changed.has(idIn(pod, named)))) return undefined;
      const asked = this.#asked(volume, plugin, pod);
      return this.#told(volume, () => plugin.refresh?.(asked, host) ?? plugin.setUp(asked, host));
    });
  }

  /** Milliseconds after which another try to take them away is worth its while; undefined where none has failed. */
  get tearDownPauseMs(): number | undefined {
    return this.#failedTearDowns === 0 ? undefined : pauseMsAfter(this.#failedTearDowns);
  }

  /** Takes everything away that was mounted or made for the pod's volumes. */
  async tearDown(pod: Pod): Promise<void> {
    try {
      await this.#inTurn(() => this.#tearDown(pod));
      this.#failedTearDowns = 0;
    } catch (error) {
      this.#failedTearDowns += 1;
      throw error;
    }
  }

  async #tearDown(pod: Pod): Promise<void> {
    this.#isGone = true;
    await unmountPod(pod.metadata.uid, this.#deps);
    await eachOf(pod, async (volume) => pluginOf(volume)?.tearDown(this.#dir(pod, volume.name), this.#deps.host));
    this.#deps.host.forget(pod.metadata.uid);
  }

  /** What a container is given of a volume; undefined when the pod has no such volume, or the node no plugin for it. */
  find(pod: Pod, name: string): FoundVolume | undefined {
    const volume = pod.spec.volumes?.find((v) => v.name === name);
    const plugin = volume && pluginOf(volume);
    if (!plugin) return undefined;
    const { image, persistentVolumeClaim } = volume;
    return {
      path: plugin.pathOf?.(sourceOf(volume, plugin)) ?? this.#places.get(name) ?? this.#dir(pod, name),
      isReadOnly: plugin.isReadOnly || persistentVolumeClaim?.readOnly === true,
      ...(image ? { image: image.reference ?? '' } : {}),
    };
  }

  /** One after the other: what is being taken away must not be brought up to date meanwhile. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  async #setUp(volume: Volume, pod: Pod, signal: AbortSignal): Promise<VolumeProblem | undefined> {
    const plugin = pluginOf(volume);
    return this.#told(volume, async () => {
      if (!plugin) throw noPlugin(volume.name);
      await plugin.setUp({ ...this.#asked(volume, plugin, pod), signal }, this.#deps.host);
    });
  }

  #asked(volume: Volume, plugin: VolumePlugin, pod: Pod): SetUp<never> {
    const { name } = volume;
    const place = (path: string): void => void this.#places.set(name, path);
    return { source: sourceOf(volume, plugin), name, dir: this.#dir(pod, name), pod, place };
  }

  async #told({ name }: Volume, work: () => Promise<void>): Promise<VolumeProblem | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      const { operation, volume, isQuiet, isUnknown } = error instanceof VolumeError ? error : new VolumeError('');
      const text = (error as Error).message;
      if (isUnknown) return { volume: name, message: text, isUnknown };
      const message = `${operation} failed for volume ${JSON.stringify(volume ?? name)} : ${text}`;
      return { volume: name, message, ...(isQuiet ? { isQuiet } : {}) };
    }
  }

  #dir(pod: Pod, name: string): string {
    return `${podDir(this.#deps.dirs, pod.metadata.uid)}/volumes/${name}`;
  }
}

const UNABLE = 'Unable to attach or mount volumes: ';

interface Missing {
  readonly unmounted: readonly string[];
  readonly unattached: readonly string[];
  readonly unknown: readonly string[];
}

const ofAll = ({ unmounted, unattached, unknown }: Missing, why: string): string =>
  `unmounted volumes=[${unmounted.join(' ')}], unattached volumes=[${unattached.join(' ')}], failed to process volumes=[${unknown.join(' ')}]: ${why}`;

/** Volumes of which nobody knows what they are have one message for all, as upstream's. */
function asTold(problems: readonly VolumeProblem[]): readonly VolumeProblem[] {
  const unknown = problems.filter(({ isUnknown }) => isUnknown);
  if (unknown.length === 0) return problems;
  const named = (list: readonly VolumeProblem[]): readonly string[] => list.map(({ volume }) => volume).toSorted();
  const why = unknown.map(({ message }) => message).join('; ');
  const message = `${UNABLE}${ofAll({ unmounted: named(problems), unattached: [], unknown: named(unknown) }, why)}`;
  return [...problems.filter(({ isUnknown }) => !isUnknown), { volume: named(unknown).join(' '), message }];
}

/** Works on every volume of the pod; what came of it, without those of which nothing did. */
async function eachOf<R>(
  { spec: { volumes = [] } }: Pod,
  work: (volume: Volume) => Promise<R | undefined>,
): Promise<readonly R[]> {
  const found = await sideBySide(volumes, AT_ONCE_MAX, work);
  return found.flatMap((one) => (one === undefined ? [] : [one]));
}

const pauseMsAfter = (failures: number): number => Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (failures - 1));

/** The objects from which files of the pod are made. */
export const namedBy = (pod: Pod): readonly NamedObject[] => (pod.spec.volumes ?? []).flatMap(namedIn);

const idIn = ({ metadata: { namespace = '' } }: Pod, { kind, name }: NamedObject): string =>
  idOf(kind, `${namespace}/${name}`);

function namedIn(volume: Volume): readonly NamedObject[] {
  const plugin = pluginOf(volume);
  return plugin?.names?.(sourceOf(volume, plugin)) ?? [];
}

const pluginOf = (volume: object): VolumePlugin | undefined => volumePlugins.find((plugin) => plugin.source in volume);
const sourceOf = (volume: Volume, plugin: VolumePlugin): never =>
  (volume as unknown as Readonly<Record<string, never>>)[plugin.source] as never;
