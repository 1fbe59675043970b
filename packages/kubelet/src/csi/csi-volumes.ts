import { settleAll } from '@navarch/base';
import { VolumeError } from '../volumes/volume-error.ts';
import { attachedContext } from './attached.ts';
import type { DriverObject } from './cluster.ts';
import type { CsiDeps } from './deps.ts';
import { isExhausted } from './exhausted.ts';
import { expandIfDue, isGrowthDue } from './expand.ts';
import type { NodeGetVolumeStatsResponse } from './generated/types.ts';
import type { InUse } from './in-use.ts';
import { type Making, publish, record, shownPath, stage, targetPath } from './make-volume.ts';
import { volumeDir } from './paths.ts';
import { type PodVolumeOnDisk, podVolumesOnDisk } from './pod-volumes-on-disk.ts';
import { everyStagedVolume, type StagedVolume } from './staged-on-disk.ts';
import { forgetDevice, hasUsers, unpublish, unstage } from './take-away.ts';
import { Turns } from './turns.ts';
import { readVolumeData } from './volume-data.ts';
import type { Wanted } from './wanted.ts';

/**
 * Volumes of CSI drivers on this node. What must outlive the kubelet stands on the disk, before it is done: who has a
 * volume, and whose it is. The rest may be lost, since every call to a driver may be repeated.
 */
export class CsiVolumes {
  readonly #deps: CsiDeps;
  readonly #inUse: InUse;
  /** A volume is made ready and taken away for all pods of the node: one after the other. */
  readonly #turns = new Turns();
  /** What this run of the kubelet has seen made ready; an entry goes with its volume. */
  readonly #staged = new Set<string>();

  constructor(deps: CsiDeps, inUse: InUse) {
    this.#deps = deps;
    this.#inUse = inUse;
  }

  /**
   * Resolves to where the volume is. Throws VolumeError when it is not there yet, or cannot be. Nobody is asked for it any
   * more once the signal aborts; who is being asked then is waited for, since what an answer stands for must be known.
   */
  async setUp(wanted: Wanted, signal?: AbortSignal): Promise<string> {
    const { drivers, cluster } = this.#deps;
    const { driver, handle, access } = wanted;
    const what = access.isBlock
      ? 'blockMapper.SetUpDevice failed to get CSI client'
      : 'mounter.SetUpAt failed to get CSI client';
    const object = await cluster.driverObject(driver);
    if (wanted.mode === 'Ephemeral') refuseInline(driver, object);
    const isAttached = wanted.mode === 'Persistent' && object?.spec.attachRequired !== false;
    // Said before anything is done: what another run left on the disk is found by it.
    const unique = isAttached ? this.#inUse.add(driver, handle) : undefined;
    await record(wanted, this.#deps);
    const attached = unique === undefined ? {} : await attachedContext(wanted, unique, this.#deps);
    const abilities = await drivers.abilities(driver, what, this.#deps.signal).catch((error: unknown) => {
      throw new VolumeError((error as Error).message, { volume: wanted.name, cause: error });
    });
    const making: Making = { wanted, driver: object, abilities, attached, isAttached };
    return this.#turns.take(keyOf(driver, handle), () => this.#make(making), signal);
  }

  async #make(making: Making): Promise<string> {
    const { wanted, abilities } = making;
    const { driver, handle, mode } = wanted;
    const key = keyOf(driver, handle);
    // Whoever took it away meanwhile took the word for it, too.
    if (making.isAttached) this.#inUse.add(driver, handle);
    await record(wanted, this.#deps);
    if (mode === 'Persistent' && abilities.has('STAGE_UNSTAGE_VOLUME') && !this.#staged.has(key)) {
      await stage(making, this.#deps);
      this.#staged.add(key);
    }
    await publish(making, this.#deps);
    if (mode === 'Persistent') await expandIfDue(making, this.#deps);
    return shownPath(wanted, this.#deps.dirs);
  }

  /** What a volume that is there needs now and then: another token, more room. */
  async refresh(wanted: Wanted): Promise<void> {
    const { files, dirs, cluster } = this.#deps;
    const object = await cluster.driverObject(wanted.driver);
    const isThere = (await podVolumesOnDisk(wanted.pod.metadata.uid, files, dirs)).some(
      ({ name }) => name === wanted.name,
    );
    const grows = isGrowthDue(wanted);
    if (isThere && (object?.spec.requiresRepublish || grows)) await this.setUp(wanted);
  }

  /** The volume is not there since the node has as many of its driver's as it can bear. */
  isExhausted(wanted: Wanted): Promise<boolean> {
    return isExhausted(wanted, this.#deps);
  }

  /** Takes away every volume that the disk says a pod has, and those that no other pod has from the node. */
  async tearDown(podUid: string): Promise<void> {
    const { files, dirs } = this.#deps;
    for (const volume of await podVolumesOnDisk(podUid, files, dirs)) {
      const { data } = volume;
      const key = data ? keyOf(data.driverName, data.volumeHandle) : volume.name;
      await this.#turns.take(key, async () => {
        await unpublish(volume, this.#deps);
        if (data && data.volumeLifecycleMode !== 'Ephemeral')
          await this.#release(volume, data.driverName, data.volumeHandle);
      });
    }
  }

  async #release({ name, isBlock }: PodVolumeOnDisk, driver: string, handle: string): Promise<void> {
    const { dirs, files } = this.#deps;
    if (await hasUsers(driver, handle, this.#deps)) return;
    const dir = volumeDir(dirs, driver, handle);
    const data = await readVolumeData(dir, files);
    if (data) await this.#unstage({ dir, data });
    if (isBlock) await forgetDevice(name, this.#deps);
    this.#inUse.remove(driver, handle);
  }

  async #unstage(volume: StagedVolume): Promise<void> {
    const { driverName, volumeHandle } = volume.data;
    await unstage(volume, this.#deps);
    this.#staged.delete(keyOf(driverName, volumeHandle));
    this.#inUse.remove(driverName, volumeHandle);
  }

  /** Takes away what was made ready for pods of which nothing is left: the kubelet ended in between. */
  async sweep(): Promise<void> {
    const { files, dirs, drivers, log } = this.#deps;
    const takeAway = async (volume: StagedVolume): Promise<void> => {
      const { driverName, volumeHandle } = volume.data;
      try {
        await this.#turns.take(keyOf(driverName, volumeHandle), async () => {
          if (!(await hasUsers(driverName, volumeHandle, this.#deps))) await this.#unstage(volume);
        });
      } catch (error) {
        log.warn('cannot take away a volume that no pod has', { driver: driverName, volume: volumeHandle, error });
      }
    };
    const staged = await everyStagedVolume(files, dirs);
    await settleAll(staged.filter(({ data }) => drivers.has(data.driverName)).map(takeAway));
  }

  /** What a driver says of a volume's room; undefined where it says nothing. */
  async stats(podUid: string, name: string): Promise<NodeGetVolumeStatsResponse | undefined> {
    const { files, dirs, drivers, signal } = this.#deps;
    const volume = (await podVolumesOnDisk(podUid, files, dirs)).find((one) => one.name === name);
    if (!volume?.data || !drivers.has(volume.data.driverName)) return undefined;
    const { driverName, volumeHandle: volumeId } = volume.data;
    const abilities = await drivers.abilities(driverName, 'metrics', signal);
    if (!abilities.has('GET_VOLUME_STATS')) return undefined;
    const wanted = { access: { isBlock: volume.isBlock }, pod: { metadata: { uid: podUid } }, name } as Wanted;
    return drivers
      .of(driverName, 'metrics')
      .nodeGetVolumeStats({ volumeId, volumePath: targetPath(wanted, dirs) }, signal);
  }
}

const keyOf = (driver: string, handle: string): string => `${driver}^${handle}`;

/** Volumes of pods alone are for drivers that say they can be trusted with them. */
function refuseInline(driver: string, object: DriverObject | undefined): void {
  const modes = object?.spec.volumeLifecycleModes ?? [];
  if (modes.includes('Ephemeral')) return;
  const why = object ? `only supports [${modes.map((mode) => JSON.stringify(mode)).join(' ')}]` : 'no CSIDriver object';
  throw new VolumeError(`volume mode "Ephemeral" not supported by driver ${driver} (${why})`);
}
