import { sha256 } from '@navarch/base';
import { type NodeDirs, podDir } from '../container-config.ts';

type Root = Pick<NodeDirs, 'root'>;

// As upstream lays it out: drivers are given these paths, and some look at them.
const csiDir = ({ root }: Root): string => `${root}/plugins/kubernetes.io/csi`;

const hex = (text: string): string =>
  [...sha256(new TextEncoder().encode(text))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

const FOLDER = 'kubernetes.io~csi';
export const DATA_FILE = 'vol_data.json';

/** Where all drivers have theirs. */
export const driversDir = csiDir;
/** What the node holds of a volume of a driver for all its pods. */
export const volumeDir = (dirs: Root, driver: string, handle: string): string =>
  `${csiDir(dirs)}/${driver}/${hex(handle)}`;
export const globalMount = (dirs: Root, driver: string, handle: string): string =>
  `${volumeDir(dirs, driver, handle)}/globalmount`;

/** Volumes of a pod, one folder each. */
export const podVolumesDir = (dirs: NodeDirs, uid: string): string => `${podDir(dirs, uid)}/volumes/${FOLDER}`;
export const podVolumeDir = (dirs: NodeDirs, uid: string, name: string): string =>
  `${podVolumesDir(dirs, uid)}/${name}`;
export const podMount = (dirs: NodeDirs, uid: string, name: string): string => `${podVolumeDir(dirs, uid, name)}/mount`;

/** Links to the devices of a pod. */
export const podDevicesDir = (dirs: NodeDirs, uid: string): string => `${podDir(dirs, uid)}/volumeDevices/${FOLDER}`;
/** Below it `data` says whose a device is. */
export const DEVICES = 'volumeDevices';
const devicesDir = (dirs: Root): string => `${csiDir(dirs)}/${DEVICES}`;
export const deviceDir = (dirs: Root, name: string): string => `${devicesDir(dirs)}/${name}`;
export const deviceDataDir = (dirs: Root, name: string): string => `${deviceDir(dirs, name)}/data`;
export const deviceStaging = (dirs: Root, name: string): string => `${devicesDir(dirs)}/staging/${name}`;
export const devicePublishDir = (dirs: Root, name: string): string => `${devicesDir(dirs)}/publish/${name}`;

/** The handle of a volume that only its pod has. */
export const inlineHandle = (uid: string, name: string): string => `csi-${hex(`${uid}${name}`)}`;
/** The VolumeAttachment of a volume on a node. */
export const attachmentName = (driver: string, handle: string, nodeName: string): string =>
  `csi-${hex(`${handle}${driver}${nodeName}`)}`;
/** As a node's status names a volume. */
export const uniqueName = (driver: string, handle: string): string => `kubernetes.io/csi/${driver}^${handle}`;
