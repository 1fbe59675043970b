import { VolumeError } from '../volumes/volume-error.ts';
import { type Abilities, capabilityOf, ownedGroup } from './capability.ts';
import type { DriverObject } from './cluster.ts';
import type { CsiDeps } from './deps.ts';
import {
  attachmentName,
  deviceDataDir,
  devicePublishDir,
  deviceStaging,
  globalMount,
  podDevicesDir,
  podMount,
  podVolumeDir,
  volumeDir,
} from './paths.ts';
import { publishTexts, secretTexts } from './publish-context.ts';
import { type VolumeData, writeVolumeData } from './volume-data.ts';
import type { Wanted } from './wanted.ts';

type Texts = Readonly<Record<string, string>>;

/** A volume that is being made, and what is known of its driver. */
export interface Making {
  readonly wanted: Wanted;
  readonly driver: DriverObject | undefined;
  readonly abilities: Abilities;
  /** What the driver said when it attached the volume. */
  readonly attached: Texts;
  /** The node says that it has the volume in use. */
  readonly isAttached: boolean;
}

/** Where a driver makes a volume ready for all pods of the node. */
export const stagingPath = ({ access, driver, handle, name }: Wanted, dirs: CsiDeps['dirs']): string =>
  access.isBlock ? deviceStaging(dirs, name) : globalMount(dirs, driver, handle);

/** Where it shows it to one. */
export const targetPath = ({ access, pod, name }: Wanted, dirs: CsiDeps['dirs']): string =>
  access.isBlock ? `${devicePublishDir(dirs, name)}/${pod.metadata.uid}` : podMount(dirs, pod.metadata.uid, name);

/** What containers are given: a folder, or a link to a device. */
export const shownPath = (wanted: Wanted, dirs: CsiDeps['dirs']): string =>
  wanted.access.isBlock ? `${podDevicesDir(dirs, wanted.pod.metadata.uid)}/${wanted.name}` : targetPath(wanted, dirs);

/** Says on the disk that the pod has the volume, before it has any of it. */
export async function record(wanted: Wanted, { files, dirs, nodeName }: CsiDeps): Promise<void> {
  const { driver, handle, name, mode, access, pod } = wanted;
  const data: VolumeData = {
    ...(mode === 'Persistent' ? { attachmentID: attachmentName(driver, handle, nodeName) } : {}),
    driverName: driver,
    nodeName,
    specVolID: name,
    volumeHandle: handle,
    volumeLifecycleMode: mode,
  };
  if (!access.isBlock) return writeVolumeData(podVolumeDir(dirs, pod.metadata.uid, name), data, files);
  await writeVolumeData(deviceDataDir(dirs, name), data, files);
  await files.makeDir(podDevicesDir(dirs, pod.metadata.uid), 0o750);
  return files.replaceLink(shownPath(wanted, dirs), targetPath(wanted, dirs));
}

const groupText = ({ abilities, wanted }: Making): string => {
  const group = wanted.pod.spec.securityContext?.fsGroup;
  return group !== undefined && abilities.has('VOLUME_MOUNT_GROUP') ? String(group) : '';
};

/** Has the driver make the volume ready on the node. May be called again. */
export async function stage(making: Making, deps: CsiDeps): Promise<void> {
  const { wanted, abilities, attached } = making;
  const { drivers, files, dirs, cluster, signal } = deps;
  const { driver, handle, name, access, attributes } = wanted;
  const operation = access.isBlock ? 'MapVolume.SetUpDevice' : 'MountVolume.MountDevice';
  await inWords({ operation, volume: name }, async () => {
    const path = stagingPath(wanted, dirs);
    const secrets = await secretTexts(wanted.stageSecret, 'NodeStageSecretRef', cluster);
    await writeVolumeData(
      volumeDir(dirs, driver, handle),
      { driverName: driver, volumeHandle: handle, specVolID: name },
      files,
    );
    await files.makeDir(path, 0o750);
    const service = drivers.of(driver, 'attacher.MountDevice failed to create newCsiDriverClient');
    await service.nodeStageVolume(
      {
        volumeId: handle,
        publishContext: attached,
        stagingTargetPath: path,
        volumeCapability: capabilityOf(access, abilities, groupText(making)),
        secrets,
        volumeContext: attributes,
      },
      signal,
    );
  });
}

/** Has the driver show the volume to the pod, and gives it to the pod's group. May be called again. */
export async function publish(making: Making, deps: CsiDeps): Promise<void> {
  const { wanted, driver: object, abilities, attached } = making;
  const { drivers, files, dirs, cluster, signal } = deps;
  const { driver, handle, name, access, pod, isReadOnly } = wanted;
  const target = targetPath(wanted, dirs);
  const operation = access.isBlock ? 'MapVolume.MapPodDevice' : 'MountVolume.SetUp';
  await inWords({ operation, volume: name }, async () => {
    const isThere = access.isBlock ? (await files.kindOf(target)) === 'block device' : await files.isMountPoint(target);
    const policy = object?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType';
    const group = abilities.has('VOLUME_MOUNT_GROUP') ? undefined : ownedGroup(pod, access, policy, isReadOnly);
    if (!isThere || object?.spec.requiresRepublish) {
      const { context, secrets } = await publishTexts(wanted, object, cluster);
      // The driver makes what it mounts on; the kubelet the folder around it.
      await files.makeDir(target.slice(0, target.lastIndexOf('/')), 0o750);
      await drivers.of(driver, 'mounter.SetUpAt failed to get CSI client').nodePublishVolume(
        {
          volumeId: handle,
          publishContext: attached,
          stagingTargetPath:
            abilities.has('STAGE_UNSTAGE_VOLUME') && wanted.mode === 'Persistent' ? stagingPath(wanted, dirs) : '',
          targetPath: target,
          volumeCapability: capabilityOf(access, abilities, groupText(making)),
          readonly: isReadOnly,
          secrets,
          volumeContext: context,
        },
        signal,
      );
    }
    if (group === undefined) return;
    // What was there already has been given before, unless that was cut short: its root comes last.
    const onRootMismatch = isThere || pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch';
    await files.ownTree(target, group, { isWritable: true, onRootMismatch });
  });
}

/** What goes wrong is told as what was being done, in upstream's words. */
async function inWords(
  of: { readonly operation: string; readonly volume: string },
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new VolumeError((error as Error).message, { ...of, cause: error });
  }
}
