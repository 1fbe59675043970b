/** See `../descriptions.ts` for how this is read. */
export const volumes = `
Volume: A volume of a pod.
  name: What the pod's containers call it; no other volume of the pod may be called so.
VolumeSource: What a volume is made of; one of these, an emptyDir where nothing is said.
  hostPath: A file or folder of the node. It opens the node to the pod: few need it.
  emptyDir: A folder that is empty at first and goes with the pod.
  gcePersistentDisk: A disk of Google Compute Engine. Served by a CSI driver.
  awsElasticBlockStore: A disk of Amazon Web Services. Served by a CSI driver.
  gitRepo: A clone of a git repository. No longer supported: clone into an emptyDir in an init container.
  secret: A Secret, a file for each key.
  nfs: A folder of an NFS server.
  iscsi: A disk of an iSCSI target.
  glusterfs: No longer supported.
  persistentVolumeClaim: What a PersistentVolumeClaim in the pod's namespace has got.
  rbd: No longer supported.
  flexVolume: A volume of a driver by the older FlexVolume interface. Use a CSI driver.
  cinder: A disk of OpenStack. Served by a CSI driver.
  cephfs: No longer supported.
  flocker: No longer supported.
  downwardAPI: Fields of the pod, a file for each.
  fc: A disk of a Fibre Channel target.
  azureFile: A file share of Azure. Served by a CSI driver.
  configMap: A ConfigMap, a file for each key.
  vsphereVolume: A disk of vSphere. Served by a CSI driver.
  quobyte: No longer supported.
  azureDisk: A disk of Azure. Served by a CSI driver.
  photonPersistentDisk: No longer supported.
  projected: Several of Secrets, ConfigMaps, fields of the pod and tokens in one folder.
  portworxVolume: A volume of Portworx. Served by a CSI driver.
  scaleIO: No longer supported.
  storageos: No longer supported.
  csi: A volume that a CSI driver makes for this pod and that goes with it.
  ephemeral: A claim that is made for this pod from a template and goes with it.
  image: The content of an image, read-only.
EmptyDirVolumeSource: A folder that is empty at first and goes with the pod.
  medium: Where it is: empty for the node's disk, Memory, or HugePages.
  sizeLimit: How much it may hold. A pod that exceeds it is evicted; in memory it cannot.
  mode: The permissions of the folder.
HostPathVolumeSource: A file or folder of the node.
  path: Where on the node.
  type: What must be there: empty (not looked at), DirectoryOrCreate, Directory, FileOrCreate, File, Socket, CharDevice or BlockDevice.
LocalVolumeSource: A disk or folder of one node.
  path: Where on the node.
  fsType: The file system that a disk gets where it has none.
NFSVolumeSource: A folder of an NFS server.
  server: The server's name or address.
  path: The folder that it exports.
  readOnly: Nothing can be written to it.
SecretVolumeSource: A Secret, a file for each key.
  secretName: The Secret, in the pod's namespace.
  items: Keys that are wanted, and the files they become. All where nothing is said; one that is not there is an error unless optional.
  defaultMode: Permissions of the files for which none are given. 0644 where nothing is said.
  optional: Secret and keys need not be there.
  defaultUser: Who owns files for which nobody is given.
ConfigMapVolumeSource: A ConfigMap, a file for each key.
  items: Keys that are wanted, and the files they become. All where nothing is said; one that is not there is an error unless optional.
  defaultMode: Permissions of the files for which none are given. 0644 where nothing is said.
  optional: ConfigMap and keys need not be there.
  defaultUser: Who owns files for which nobody is given.
KeyToPath: A key, and the file it becomes.
  key: The key.
  path: The file, below the volume's top, without "..".
  mode: The file's permissions. The volume's default where nothing is said.
  user: Who owns the file.
DownwardAPIVolumeSource: Fields of the pod, a file for each.
  items: The files.
  defaultMode: Permissions of the files for which none are given. 0644 where nothing is said.
  defaultUser: Who owns files for which nobody is given.
DownwardAPIVolumeFile: A file with a field of the pod.
  path: The file, below the volume's top, without "..".
  fieldRef: A field of the pod: its name, namespace, uid, labels or annotations.
  resourceFieldRef: What a container requests or is limited to.
  mode: The file's permissions. The volume's default where nothing is said.
  user: Who owns the file.
ProjectedVolumeSource: Several sources in one folder.
  sources: The sources. Of files with the same path the last one counts.
  defaultMode: Permissions of the files for which none are given. 0644 where nothing is said.
  defaultUser: Who owns files for which nobody is given.
VolumeProjection: One source of a projected volume; one of these.
  secret: A Secret.
  downwardAPI: Fields of the pod.
  configMap: A ConfigMap.
  serviceAccountToken: A token of the pod's service account.
  clusterTrustBundle: Certificates that the cluster trusts.
  podCertificate: A key of the pod's own, with a certificate for it.
SecretProjection: A Secret in a projected volume.
  items: Keys that are wanted, and the files they become. All where nothing is said.
  optional: Secret and keys need not be there.
ConfigMapProjection: A ConfigMap in a projected volume.
  items: Keys that are wanted, and the files they become. All where nothing is said.
  optional: ConfigMap and keys need not be there.
DownwardAPIProjection: Fields of the pod in a projected volume.
  items: The files.
ServiceAccountTokenProjection: A token of the pod's service account, which is renewed in time.
  audience: Who the token is for. The API server where nothing is said.
  expirationSeconds: How long a token holds, at least 600. 3600 where nothing is said.
  path: The file, below the volume's top.
  user: Who owns the file.
ClusterTrustBundleProjection: Certificates that the cluster trusts, in one file that follows them.
  name: The ClusterTrustBundle. Not with signerName.
  signerName: Those of this signer that labelSelector chooses.
  labelSelector: Which of the signer's. Absent: none; empty: all.
  optional: None need be there.
  path: The file, below the volume's top.
  user: Who owns the file.
PodCertificateProjection: A key that the kubelet makes for the pod, and a certificate for it, renewed in time.
  signerName: Who signs it.
  keyType: RSA3072, RSA4096, ECDSAP256, ECDSAP384, ECDSAP521 or ED25519.
  maxExpirationSeconds: How long the certificate may hold at most. 86400 where nothing is said.
  credentialBundlePath: The file with key and certificates in one.
  keyPath: The file with the key.
  certificateChainPath: The file with the certificates.
  userAnnotations: Further words to the signer.
  user: Who owns the files.
PersistentVolumeClaimVolumeSource: What a claim in the pod's namespace has got.
  claimName: The PersistentVolumeClaim.
  readOnly: Nothing can be written to it.
EphemeralVolumeSource: A claim that is made for the pod and goes with it.
  volumeClaimTemplate: The claim, which is called POD-VOLUME. Must be given.
PersistentVolumeClaimTemplate: What a claim that is made for a pod looks like.
  metadata: Labels and annotations of the claim.
  spec: What the claim asks for.
ImageVolumeSource: The content of an image.
  reference: The image, as a container names one.
  pullPolicy: When it is pulled: Always, IfNotPresent or Never.
CSIVolumeSource: A volume that a CSI driver makes for one pod.
  driver: The driver.
  readOnly: Nothing can be written to it.
  fsType: The file system, such as ext4. The driver decides where nothing is said.
  volumeAttributes: What the driver is told.
  nodePublishSecretRef: A Secret that the driver is given.
CSIPersistentVolumeSource: A volume of a CSI driver.
  driver: The driver.
  volumeHandle: What the driver calls the volume. Cannot be changed.
  readOnly: Nothing can be written to it.
  fsType: The file system, such as ext4.
  volumeAttributes: What the driver is told.
  controllerPublishSecretRef: A Secret for attaching and detaching.
  nodeStageSecretRef: A Secret for preparing the volume on a node.
  nodePublishSecretRef: A Secret for mounting the volume into a pod.
  controllerExpandSecretRef: A Secret for making the volume larger.
  nodeExpandSecretRef: A Secret for making the file system larger on a node.
PersistentVolume: A piece of storage of the cluster, which lives longer than the pods that use it.
PersistentVolumeSource: What the storage is; one of these.
  gcePersistentDisk: A disk of Google Compute Engine. Served by a CSI driver.
  awsElasticBlockStore: A disk of Amazon Web Services. Served by a CSI driver.
  hostPath: A folder of the node, for trying things on one node.
  glusterfs: No longer supported.
  nfs: A folder of an NFS server.
  rbd: No longer supported.
  iscsi: A disk of an iSCSI target.
  cinder: A disk of OpenStack. Served by a CSI driver.
  cephfs: No longer supported.
  fc: A disk of a Fibre Channel target.
  flocker: No longer supported.
  flexVolume: A volume of a driver by the older FlexVolume interface. Use a CSI driver.
  azureFile: A file share of Azure. Served by a CSI driver.
  vsphereVolume: A disk of vSphere. Served by a CSI driver.
  quobyte: No longer supported.
  azureDisk: A disk of Azure. Served by a CSI driver.
  photonPersistentDisk: No longer supported.
  portworxVolume: A volume of Portworx. Served by a CSI driver.
  scaleIO: No longer supported.
  local: A disk or folder of one node. Needs nodeAffinity.
  storageos: No longer supported.
  csi: A volume of a CSI driver.
PersistentVolumeSpec: What a piece of storage is, and who may have it.
  capacity: How large it is, under storage.
  accessModes: How it can be mounted: ReadWriteOnce (one node), ReadOnlyMany, ReadWriteMany or ReadWriteOncePod (one pod).
  claimRef: The claim that has it, or is to have it.
  persistentVolumeReclaimPolicy: What becomes of it when its claim is gone: Retain, Delete or Recycle. Retain where nothing is said.
  storageClassName: The class that it belongs to. Empty: none.
  mountOptions: Options of its mounts, such as ro. A wrong one makes mounts fail.
  volumeMode: Filesystem or Block. Filesystem where nothing is said.
  nodeAffinity: The nodes that can reach it.
  volumeAttributesClassName: The VolumeAttributesClass that it has.
VolumeNodeAffinity: The nodes that can reach a volume.
  required: What such a node must be like.
PersistentVolumeStatus: How a piece of storage is.
  phase: Pending, Available, Bound, Released or Failed.
  message: Why, for people.
  reason: Why, in one word.
  lastPhaseTransitionTime: When its phase last changed.
PersistentVolumeClaim: Asks for a piece of storage, and has it from then on.
PersistentVolumeClaimSpec: What storage is asked for.
  accessModes: How it must be possible to mount it: ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod.
  selector: Labels that a volume must have to be taken.
  resources: How large it must be at least. May grow where the class allows it.
  volumeName: The volume that the claim has.
  storageClassName: The class that the volume must be of. Absent: the default class; empty: none.
  volumeMode: Filesystem or Block. Filesystem where nothing is said.
  dataSource: What the volume is to contain at first: a snapshot or another claim in the namespace.
  dataSourceRef: What the volume is to contain at first: any object that some populator knows.
  volumeAttributesClassName: The VolumeAttributesClass that the volume is to have. May be changed.
PersistentVolumeClaimStatus: What a claim has got.
  phase: Pending, Bound or Lost.
  accessModes: How the volume can be mounted.
  capacity: How large the volume is.
  allocatedResources: How large the volume is being made, counted by quotas.
  allocatedResourceStatuses: Where an expansion stands.
  currentVolumeAttributesClassName: The VolumeAttributesClass that the volume has.
  modifyVolumeStatus: Where a change of that class stands.
  healthStatus: What is known about the volume's health.
  conditions: What is true of it now: Resizing, FileSystemResizePending and others.
PersistentVolumeClaimCondition: Something that is true of a claim.
  type: What the condition is about, such as FileSystemResizePending.
  lastProbeTime: When the condition was last looked at.
ModifyVolumeStatus: Where a change of a volume's attributes stands.
  targetVolumeAttributesClassName: The class that is wanted.
  status: Pending, InProgress or Infeasible.
TypedLocalObjectReference: An object of any kind in the same namespace.
  apiGroup: The group of its kind. Absent: the core group.
  kind: Its kind.
  name: Its name.
TypedObjectReference: An object of any kind.
  apiGroup: The group of its kind. Absent: the core group.
  kind: Its kind.
  name: Its name.
  namespace: Its namespace. Another than one's own must be granted there by a ReferenceGrant.
TopologySelectorTerm: Places, by labels of nodes that must all hold.
  matchLabelExpressions: The labels.
TopologySelectorLabelRequirement: A label of nodes that volumes are made for.
  key: The label.
  values: Its values, of which one must be there.
AWSElasticBlockStoreVolumeSource: A disk of Amazon Web Services.
  volumeID: The disk's id.
  fsType: The file system, such as ext4.
  partition: The partition; 0 or absent: the whole disk.
  readOnly: Nothing can be written to it.
GCEPersistentDiskVolumeSource: A disk of Google Compute Engine.
  pdName: The disk's name.
  fsType: The file system, such as ext4.
  partition: The partition; 0 or absent: the whole disk.
  readOnly: Nothing can be written to it.
AzureDiskVolumeSource: A disk of Azure.
  diskName: The disk's name.
  diskURI: Where the disk is.
  cachingMode: None, ReadOnly or ReadWrite.
  fsType: The file system, such as ext4.
  readOnly: Nothing can be written to it.
  kind: Shared, Dedicated or Managed.
AzureFileVolumeSource: A file share of Azure.
  secretName: The Secret with the storage account and its key.
  shareName: The share's name.
  readOnly: Nothing can be written to it.
AzureFilePersistentVolumeSource: A file share of Azure.
  secretName: The Secret with the storage account and its key.
  shareName: The share's name.
  readOnly: Nothing can be written to it.
  secretNamespace: The namespace of the Secret; the pod's where nothing is said.
CephFSVolumeSource: A CephFS file system. No longer supported.
  monitors: Addresses of the monitors.
  path: The folder that is mounted.
  user: The user's name.
  secretFile: The file with the user's key.
  secretRef: The Secret with the user's key.
  readOnly: Nothing can be written to it.
CephFSPersistentVolumeSource: =CephFSVolumeSource
CinderVolumeSource: A disk of OpenStack.
  volumeID: The disk's id.
  fsType: The file system, such as ext4.
  readOnly: Nothing can be written to it.
  secretRef: The Secret with the credentials for OpenStack.
CinderPersistentVolumeSource: =CinderVolumeSource
FCVolumeSource: A disk of a Fibre Channel target.
  targetWWNs: World wide names of the target.
  lun: The unit of the target.
  fsType: The file system, such as ext4.
  readOnly: Nothing can be written to it.
  wwids: World wide ids of the volume, instead of targetWWNs and lun.
FlexVolumeSource: A volume of a FlexVolume driver.
  driver: The driver.
  fsType: The file system, such as ext4.
  secretRef: A Secret that the driver is given.
  readOnly: Nothing can be written to it.
  options: What the driver is told.
FlexPersistentVolumeSource: =FlexVolumeSource
FlockerVolumeSource: A Flocker dataset. No longer supported.
  datasetName: The dataset's name.
  datasetUUID: The dataset's id.
GitRepoVolumeSource: A clone of a git repository. No longer supported.
  repository: Where the repository is.
  revision: The commit.
  directory: The folder that it is cloned into.
GlusterfsVolumeSource: A GlusterFS volume. No longer supported.
  endpoints: The Endpoints of the servers.
  path: The volume's name.
  readOnly: Nothing can be written to it.
GlusterfsPersistentVolumeSource: A GlusterFS volume. No longer supported.
  endpoints: The Endpoints of the servers.
  path: The volume's name.
  readOnly: Nothing can be written to it.
  endpointsNamespace: The namespace of the Endpoints.
ISCSIVolumeSource: A disk of an iSCSI target.
  targetPortal: Address and port of the target.
  iqn: The target's qualified name.
  lun: The unit of the target.
  iscsiInterface: The interface of the initiator; default where nothing is said.
  fsType: The file system, such as ext4.
  readOnly: Nothing can be written to it.
  portals: Further addresses of the target.
  chapAuthDiscovery: CHAP is used for discovery.
  chapAuthSession: CHAP is used for the session.
  secretRef: The Secret with the credentials for CHAP.
  initiatorName: The initiator's qualified name.
ISCSIPersistentVolumeSource: =ISCSIVolumeSource
PhotonPersistentDiskVolumeSource: A disk of Photon. No longer supported.
  pdID: The disk's id.
  fsType: The file system, such as ext4.
PortworxVolumeSource: A volume of Portworx.
  volumeID: The volume's id.
  fsType: The file system, such as ext4.
  readOnly: Nothing can be written to it.
QuobyteVolumeSource: A Quobyte volume. No longer supported.
  registry: Addresses of the registries.
  volume: The volume's name.
  readOnly: Nothing can be written to it.
  user: The user that it is mounted for.
  group: The group that it is mounted for.
  tenant: The tenant that it belongs to.
RBDVolumeSource: A block device of Ceph. No longer supported.
  monitors: Addresses of the monitors.
  image: The image's name.
  fsType: The file system, such as ext4.
  pool: The pool; rbd where nothing is said.
  user: The user's name; admin where nothing is said.
  keyring: The file with the user's key.
  secretRef: The Secret with the user's key.
  readOnly: Nothing can be written to it.
RBDPersistentVolumeSource: =RBDVolumeSource
ScaleIOVolumeSource: A ScaleIO volume. No longer supported.
  gateway: Address of the gateway.
  system: The storage system's name.
  secretRef: The Secret with the credentials.
  sslEnabled: The gateway is spoken to over TLS.
  protectionDomain: The protection domain.
  storagePool: The storage pool.
  storageMode: ThickProvisioned or ThinProvisioned.
  volumeName: The volume's name.
  fsType: The file system, such as xfs.
  readOnly: Nothing can be written to it.
ScaleIOPersistentVolumeSource: =ScaleIOVolumeSource
StorageOSVolumeSource: A StorageOS volume. No longer supported.
  volumeName: The volume's name.
  volumeNamespace: The namespace within StorageOS.
  fsType: The file system, such as ext4.
  readOnly: Nothing can be written to it.
  secretRef: The Secret with the credentials.
StorageOSPersistentVolumeSource: =StorageOSVolumeSource
VsphereVirtualDiskVolumeSource: A disk of vSphere.
  volumePath: Where the disk is.
  fsType: The file system, such as ext4.
  storagePolicyName: The storage policy's name.
  storagePolicyID: The storage policy's id.
`;
