import type { Field } from '@navarch/machinery';
import { each, supportedValue } from '../../checks/values.ts';
import type { Container, EphemeralContainer, Volume, VolumeMount } from '../../generated/types/core-v1.ts';
import { descendingPath } from './volume-sources.ts';

type AnyContainer = Container | EphemeralContainer;
type Volumes = ReadonlyMap<string, Volume>;

const PROPAGATION = ['Bidirectional', 'HostToContainer', 'None'];

export function validateMounts(container: AnyContainer, volumes: Volumes, at: Field): void {
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  each(container.volumeMounts, at, (mount, here) => {
    if (!mount.name) here.at('name').required();
    if (!volumes.has(mount.name)) here.at('name').notFound(mount.name);
    if (!mount.mountPath) here.at('mountPath').required();
    if (paths.has(mount.mountPath)) here.at('mountPath').invalid(mount.mountPath, 'must be unique');
    paths.add(mount.mountPath);
    if (devices.some((device) => device.name === mount.name))
      here.at('name').invalid(mount.name, 'must not already exist in volumeDevices');
    if (devices.some((device) => device.devicePath === mount.mountPath)) {
      here.at('mountPath').invalid(mount.mountPath, 'must not already exist as a path in volumeDevices');
    }
    // Upstream leaves the index out of these.
    if (mount.subPath) descendingPath(mount.subPath, at.at('subPath'));
    if (mount.subPathExpr) {
      if (mount.subPath)
        here.at('subPathExpr').invalid(mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
      descendingPath(mount.subPathExpr, at.at('subPathExpr'));
    }
    validatePropagation(mount, container, at);
  });
}

function validatePropagation(mount: VolumeMount, container: AnyContainer, at: Field): void {
  const { mountPropagation, recursiveReadOnly } = mount;
  if (mountPropagation !== undefined) {
    supportedValue(mountPropagation, PROPAGATION, at.at('mountPropagation'));
    if (mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
      at.at('mountPropagation').forbidden('Bidirectional mount propagation is available only to privileged containers');
    }
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  const here = at.at('recursiveReadOnly');
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible')
    return here.notSupported(recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']);
  if (!mount.readOnly) here.forbidden('may only be specified when readOnly is true');
  if (mountPropagation !== undefined && mountPropagation !== 'None')
    here.forbidden('may only be specified when mountPropagation is None or not specified');
}

export function validateDevices(container: AnyContainer, volumes: Volumes, at: Field): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  each(container.volumeDevices, at, ({ name, devicePath }, here) => {
    if (!name) here.at('name').required();
    if (names.has(name)) here.at('name').invalid(name, 'must be unique');
    const volume = volumes.get(name);
    if (!volume) here.at('name').notFound(name);
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      here
        .at('name')
        .invalid(name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode');
    }
    if (!devicePath) here.at('devicePath').required();
    if (paths.has(devicePath)) here.at('devicePath').invalid(devicePath, 'must be unique');
    const isBackward = devicePath.split('/').includes('..');
    if (isBackward) here.at('devicePath').invalid(devicePath, "can not contain backsteps ('..')");
    if (mounts.some((mount) => mount.name === name))
      here.at('name').invalid(name, 'must not already exist in volumeMounts');
    if (mounts.some((mount) => mount.mountPath === devicePath))
      here.at('devicePath').invalid(devicePath, 'must not already exist as a path in volumeMounts');
    names.add(name);
    if (!isBackward) paths.add(devicePath);
  });
}
