// How upstream's own memory differs from the API: names and orders of fields, where they are not those of v1 with a
// capital. Messages show values so.

/** Names whose Go spelling does not follow from theirs. */
const NAMES: Readonly<Record<string, string>> = {
  apiGroup: 'APIGroup',
  apiGroups: 'APIGroups',
  apiVersion: 'APIVersion',
  awsElasticBlockStore: 'AWSElasticBlockStore',
  cephfs: 'CephFS',
  chapAuthDiscovery: 'DiscoveryCHAPAuth',
  chapAuthSession: 'SessionCHAPAuth',
  csi: 'CSI',
  diskURI: 'DataDiskURI',
  dnsConfig: 'DNSConfig',
  dnsPolicy: 'DNSPolicy',
  fc: 'FC',
  fsGroup: 'FSGroup',
  fsGroupChangePolicy: 'FSGroupChangePolicy',
  fsType: 'FSType',
  gcePersistentDisk: 'GCEPersistentDisk',
  gmsaCredentialSpec: 'GMSACredentialSpec',
  gmsaCredentialSpecName: 'GMSACredentialSpecName',
  grpc: 'GRPC',
  httpGet: 'HTTPGet',
  httpHeaders: 'HTTPHeaders',
  ip: 'IP',
  iqn: 'IQN',
  iscsi: 'ISCSI',
  iscsiInterface: 'ISCSIInterface',
  nfs: 'NFS',
  os: 'OS',
  pdName: 'PDName',
  rbd: 'RBD',
  seLinuxChangePolicy: 'SELinuxChangePolicy',
  seLinuxOptions: 'SELinuxOptions',
  sslEnabled: 'SSLEnabled',
  storageos: 'StorageOS',
  tcpSocket: 'TCPSocket',
  tty: 'TTY',
  uid: 'UID',
  wwids: 'WWIDs',
};

const RBD = { monitors: 'CephMonitors', image: 'RBDImage', pool: 'RBDPool', user: 'RadosUser' };
const GLUSTER = { endpoints: 'EndpointsName' };
const NAMES_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  RBDVolumeSource: RBD,
  RBDPersistentVolumeSource: RBD,
  GlusterfsVolumeSource: GLUSTER,
  GlusterfsPersistentVolumeSource: GLUSTER,
};

/** Fields that are moved: each comes right after the other. */
const AFTER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  PodSpec: {
    setHostnameAsFQDN: 'subdomain',
    preemptionPolicy: 'priority',
    overhead: 'runtimeClassName',
  },
  PodSecurityContext: { fsGroupChangePolicy: 'fsGroup' },
  Volume: { quobyte: 'rbd' },
  PersistentVolumeSource: { rbd: 'nfs', quobyte: 'rbd', iscsi: 'quobyte', flexVolume: 'iscsi' },
  PersistentVolumeSpec: { rbd: 'nfs', quobyte: 'rbd', iscsi: 'quobyte', flexVolume: 'iscsi' },
};

/** What a pod has of its host is part of its security context; one of its two names for an account is gone. */
export const HOST_FIELDS: readonly string[] = [
  'hostNetwork',
  'hostPID',
  'hostIPC',
  'shareProcessNamespace',
  'hostUsers',
];
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = { PodSpec: [...HOST_FIELDS, 'serviceAccount'] };

/** The name of a field in Go. */
export function keptName(type: string, name: string): string {
  return NAMES_OF[type]?.[name] ?? NAMES[name] ?? `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

/** Fields of a type in upstream's order, without those that it has elsewhere. */
export function keptFields<F extends { readonly name: string }>(type: string, fields: readonly F[]): readonly F[] {
  const out = fields.filter(({ name }) => !LEFT_OUT[type]?.includes(name));
  for (const [name, other] of Object.entries(AFTER[type] ?? {})) {
    const [field] = out.splice(
      out.findIndex((one) => one.name === name),
      1,
    );
    if (field) out.splice(out.findIndex((one) => one.name === other) + 1, 0, field);
  }
  return out;
}
