/** See `../descriptions.ts` for how this is read. */
export const storage = `
StorageClass: A sort of storage that claims can ask for.
  provisioner: Who makes volumes. Cannot be changed.
  parameters: What it is told. Cannot be changed.
  reclaimPolicy: What becomes of volumes when their claims are gone: Delete or Retain. Delete where nothing is said.
  mountOptions: Options of the volumes' mounts. A wrong one makes mounts fail.
  allowVolumeExpansion: Claims may ask for more.
  volumeBindingMode: When a claim gets its volume: Immediate, or WaitForFirstConsumer, when a pod is placed. Immediate where nothing is said.
  allowedTopologies: Where volumes may be made. None: everywhere.
VolumeAttributesClass: Attributes that volumes can get, and change.
  driverName: The driver. Cannot be changed.
  parameters: What the driver is told. Cannot be changed.
VolumeAttachment: A volume that is, or is to be, attached to a node.
VolumeAttachmentSpec: What is to be attached where. Cannot be changed.
  attacher: The driver that does it.
  source: The volume.
  nodeName: The node.
VolumeAttachmentSource: A volume; one of these.
  persistentVolumeName: A PersistentVolume.
  inlineVolumeSpec: What was a pod's own and is served by a driver.
VolumeAttachmentStatus: How an attachment stands.
  attached: It is attached.
  attachmentMetadata: What the driver tells the node.
  attachError: Why it could not be attached.
  detachError: Why it could not be detached.
VolumeError: What went wrong.
  time: When.
  message: What, for people.
  errorCode: The code of gRPC.
CSIDriver: What a CSI driver is like.
CSIDriverSpec: What a CSI driver is like.
  attachRequired: Volumes are attached before they are mounted. True where nothing is said.
  podInfoOnMount: The driver is told which pod it mounts for.
  volumeLifecycleModes: Persistent, Ephemeral or both. Persistent where nothing is said.
  storageCapacity: The driver says how much room there is, and the scheduler listens.
  fsGroupPolicy: Whether the owner of files is changed to a pod's fsGroup: ReadWriteOnceWithFSType, File or None.
  tokenRequests: Tokens of the pod's service account that the driver gets.
  requiresRepublish: The driver is asked to mount again and again, to bring things up to date.
  seLinuxMount: Volumes can be mounted with an SELinux label.
  nodeAllocatableUpdatePeriodSeconds: How often the driver is asked how many volumes a node bears, at least 10.
  serviceAccountTokenInSecrets: Tokens are given among the secrets instead of the attributes.
  preventPodSchedulingIfMissing: Pods are not placed on nodes that do not have the driver.
storage.TokenRequest: A token of a pod's service account.
  audience: Who it is for.
  expirationSeconds: How long it is to hold, at least 600.
CSINode: The CSI drivers of a node.
CSINodeSpec: The CSI drivers of a node.
  drivers: They.
CSINodeStatus: What is known about a node's storage.
  storageHealth: How the storage of each driver is.
StorageHealth: How the storage of a driver is.
  name: The driver.
  healthConditions: What was found.
StorageHealthCondition: Something that was found about storage.
  accessMode: For volumes that are mounted this way.
  volumeMode: For volumes of this mode.
  status: How it is.
CSINodeDriver: A CSI driver of a node.
  name: The driver.
  nodeID: What the driver calls the node.
  topologyKeys: Labels of the node by which the driver tells places apart.
  allocatable: What the node bears.
VolumeNodeResources: What a node bears.
  count: How many volumes. Absent: any number.
CSIStorageCapacity: How much room a driver has in a place.
  nodeTopology: The nodes that reach it. Absent: none.
  storageClassName: The class of the volumes.
  capacity: How much there is in all.
  maximumVolumeSize: How large one volume may be.
`;
