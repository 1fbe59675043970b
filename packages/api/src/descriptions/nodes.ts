/** See `../descriptions.ts` for how this is read. */
export const nodes = `
Node: A machine that pods run on.
NodeSpec: What a node is to be.
  podCIDR: The addresses of the node's pods.
  podCIDRs: The addresses of the node's pods, one range of each family; the first is podCIDR.
  providerID: What the cloud calls the machine, as PROVIDER://ID.
  unschedulable: New pods are not placed here, as after "kubectl cordon".
  taints: What keeps pods away that do not tolerate it.
  configSource: No longer supported.
  externalID: No longer used.
  podPreemptionPolicy: What pods of this node may be pushed away for.
NodePodPreemptionPolicy: What pods of a node may be pushed away for.
  disableResizePreemption: Not for the resize of a pod.
NodeStatus: How a node is.
  capacity: What the machine has.
  allocatable: What of it pods can have.
  phase: No longer used.
  conditions: What is true of the node now: Ready, MemoryPressure, DiskPressure, PIDPressure and others.
  addresses: Addresses and names of the node.
  daemonEndpoints: Ports of what runs on the node.
  nodeInfo: What the machine is, and what runs on it.
  images: Images that the node has, the largest first.
  volumesInUse: Volumes that may be mounted here, and must not be detached.
  volumesAttached: Volumes that are attached here.
  config: No longer used.
  runtimeHandlers: What the container runtime's handlers can do.
  features: What the container runtime can do.
  declaredFeatures: Features of Kubernetes that the node has, for the scheduler.
Taint: Keeps pods away from a node that do not tolerate it.
  key: Its key.
  value: Its value.
  effect: NoSchedule (no new pods), PreferNoSchedule (rather none) or NoExecute (those that are there go too).
  timeAdded: When it was set, for NoExecute.
NodeCondition: Something that is true of a node, or not, or not known.
  type: What the condition is about, such as Ready.
  lastHeartbeatTime: When the node last spoke of it.
NodeAddress: An address or name of a node.
  type: InternalIP, ExternalIP, Hostname, InternalDNS or ExternalDNS.
  address: The address or name.
NodeDaemonEndpoints: Ports of what runs on a node.
  kubeletEndpoint: The kubelet's.
DaemonEndpoint: A port.
  Port: The port.
NodeSystemInfo: What a machine is, and what runs on it.
  machineID: The machine's id, from /etc/machine-id.
  systemUUID: The id of the hardware.
  bootID: Another at each start of the machine.
  kernelVersion: The kernel, as "uname -r" says it.
  osImage: The operating system, from /etc/os-release.
  containerRuntimeVersion: The container runtime, as NAME://VERSION.
  kubeletVersion: The kubelet's version.
  kubeProxyVersion: No longer set.
  operatingSystem: linux or windows.
  architecture: Such as amd64 or arm64.
  swap: The machine's swap.
  runningInUserNamespace: The kubelet does not run as the machine's own root.
NodeSwapStatus: The swap of a machine.
  capacity: How many bytes.
ContainerImage: An image that a node has.
  names: Its names.
  sizeBytes: Its size in bytes.
AttachedVolume: A volume that is attached to a node.
  name: The volume.
  devicePath: Its device.
NodeRuntimeHandler: A handler of a container runtime.
  name: Its name; empty: the default one.
  features: What it can do.
NodeRuntimeHandlerFeatures: What a handler of a container runtime can do.
  recursiveReadOnlyMounts: Mounts that are read-only all the way down.
  userNamespaces: Pods whose users are mapped to others.
NodeFeatures: What a container runtime can do.
  supplementalGroupsPolicy: Pods that get only the groups they name.
NodeConfigSource: No longer supported.
  configMap: A ConfigMap with the kubelet's configuration.
ConfigMapNodeConfigSource: No longer supported.
  namespace: The ConfigMap's namespace.
  name: The ConfigMap's name.
  uid: The ConfigMap's uid.
  resourceVersion: The ConfigMap's version.
  kubeletConfigKey: The key of the configuration.
NodeConfigStatus: No longer used.
  assigned: What it is to use.
  active: What it uses.
  lastKnownGood: What it falls back on.
  error: What is wrong with it.
NodeProxyOptions: What is asked of a node through the API server.
  path: The path of the request.
Namespace: A part of the cluster with names of its own.
NamespaceSpec: What a namespace is to be.
  finalizers: Who must clean up before the namespace may go; kubernetes is the one that deletes what is in it.
NamespaceStatus: How a namespace is.
  phase: Active or Terminating.
  conditions: Where its deletion stands, and what holds it up.
NamespaceCondition: Something that is true of a namespace that is being deleted.
  type: What the condition is about, such as NamespaceContentRemaining.
`;
