/** See `../descriptions.ts` for how this is read. */
export const devices = `
resource.ResourceClaim: Asks for devices, and has them from then on.
ResourceClaimSpec: Which devices are asked for.
  devices: They.
ResourceClaimTemplate: A template from which pods get claims of their own.
ResourceClaimTemplateSpec: What claims look like.
  metadata: Labels and annotations of the claims.
  spec: What they ask for.
ResourceClaimStatus: What a claim has got.
  allocation: The devices. Absent: none yet.
  reservedFor: Who uses them, up to 256.
  devices: What drivers say of each.
ResourceClaimConsumerReference: Who uses a claim.
  apiGroup: The group; empty: the core group.
  resource: The resource, such as pods.
  name: The object.
  uid: Its uid.
AllocationResult: Devices that a claim has got.
  devices: They.
  nodeSelector: Nodes where they can be used. Absent: all.
  allocationTimestamp: When they were allocated.
DeviceAllocationResult: Devices that a claim has got.
  results: They.
  config: What the drivers are told.
DeviceRequestAllocationResult: A device that a claim has got.
  request: The request; REQUEST/SUBREQUEST for one of several alternatives.
  driver: The driver.
  pool: The pool.
  device: The device.
  adminAccess: For looking after it, whoever uses it.
  tolerations: Taints that the request puts up with.
  bindingConditions: Conditions that must be true before a pod is bound.
  bindingFailureConditions: Conditions of which one means that it failed.
  shareID: Which share of the device it is.
  consumedCapacity: How much of the device's capacity it has.
  skipNodeOperations: The node has nothing to prepare.
DeviceAllocationConfiguration: What a driver is told.
  source: Who says so: FromClass or FromClaim.
  requests: For which requests. None: all.
AllocatedDeviceStatus: What a driver says of a device.
  driver: The driver.
  pool: The pool.
  device: The device.
  shareID: Which share of the device it is.
  conditions: What is true of it now.
  data: Anything else.
  networkData: How it is on the network.
NetworkDeviceData: How a device is on the network.
  interfaceName: The name of its interface in the pod.
  ips: Its addresses with their prefixes.
  hardwareAddress: Its hardware address.
DeviceClaim: Which devices are asked for.
  requests: Requests, each of which must be met.
  constraints: What must be true of the devices together.
  config: What the drivers are told.
ExactDeviceRequest: Devices of one sort.
  deviceClassName: Their class.
  selectors: What each of them must be like.
  allocationMode: ExactCount or All. ExactCount where nothing is said.
  count: How many. 1 where nothing is said.
  adminAccess: For looking after them, whoever uses them. In namespaces that are labelled for it.
  tolerations: Taints that it puts up with.
  capacity: How much of each device's capacity.
  derivedAttributes: Attributes that are worked out.
DeviceRequest: =ExactDeviceRequest Devices that are asked for; one of exactly and firstAvailable.
  name: What it is called in the claim.
  exactly: Devices of one sort.
  firstAvailable: Alternatives, the best first.
DeviceSubRequest: =ExactDeviceRequest One of several alternatives.
DeviceDerivedAttribute: An attribute that is worked out.
  name: Its name.
  expression: It, in CEL.
DeviceSelector: What a device must be like.
  cel: In CEL.
CELDeviceSelector: What a device must be like, in CEL.
  expression: It: device.driver, device.attributes and device.capacity.
DeviceConstraint: What must be true of devices together; one of the two.
  requests: Of which requests. None: all.
  matchAttribute: This attribute is the same in all.
  distinctAttribute: This attribute is another one in each.
DeviceClaimConfiguration: What a driver is told.
  requests: For which requests. None: all.
DeviceConfiguration: What a driver is told.
  opaque: In words of its own.
OpaqueDeviceConfiguration: What a driver is told in words of its own.
  driver: The driver.
  parameters: The words.
DeviceToleration: A taint that a request puts up with.
  key: The taint's key. Empty: all, with operator Exists.
  operator: Exists or Equal. Equal where nothing is said.
  value: The taint's value.
  effect: NoSchedule or NoExecute. Empty: all.
  tolerationSeconds: Seconds that pods stay after a NoExecute taint came. Absent: for ever.
CapacityRequirements: How much of a device's capacity.
  requests: How much of each.
DeviceClass: A sort of devices that requests can ask for.
DeviceClassSpec: Which devices belong to a class.
  selectors: What each of them must be like.
  config: What the drivers are told.
  extendedResourceName: Pods that ask for this extended resource get devices of the class.
DeviceClassConfiguration: What a driver is told.
ResourceSlice: Devices that a driver has, or some of them.
ResourceSliceSpec: Devices that a driver has. One of nodeName, nodeSelector, allNodes and perDeviceNodeSelection.
  driver: The driver.
  pool: The pool that they belong to.
  nodeName: The node that has them.
  nodeSelector: Nodes that can use them.
  allNodes: All nodes can use them.
  devices: They, up to 128.
  perDeviceNodeSelection: Each device says who can use it.
  sharedCounters: What devices share.
  partitionTypeAttribute: The attribute that tells sorts of partitions apart.
  skipNodeOperations: The node has nothing to prepare.
ResourcePool: Which part of a pool a slice has.
  name: The pool.
  generation: Which state of the pool; the highest counts.
  resourceSliceCount: How many slices the pool has in this state.
Device: A device.
  name: Its name in the pool.
  attributes: What it is like.
  capacity: What it has.
  consumesCounters: What it takes of what devices share.
  nodeName: The node that has it.
  nodeSelector: Nodes that can use it.
  allNodes: All nodes can use it.
  taints: What keeps requests away that do not tolerate it.
  bindsToNode: Who gets it must stay on the node that was chosen.
  bindingConditions: Conditions that must be true before a pod is bound.
  bindingFailureConditions: Conditions of which one means that it failed.
  allowMultipleAllocations: Several requests can have it at once.
  nodeAllocatableResources: What of the node's own resources it stands for.
  basic: What it is.
BasicDevice: =Device
DeviceAttribute: What a device is like in one respect; one of these.
  int: A number.
  bool: True or false.
  string: A text.
  version: A version.
  ints: Numbers.
  bools: True or false, several.
  strings: Texts.
  versions: Versions.
DeviceCapacity: What a device has of something.
  value: How much.
  requestPolicy: How much requests may have of it.
CapacityRequestPolicy: How much requests may have.
  default: So much where nothing is said.
  validValues: One of these.
  validRange: Anything in a range.
CapacityRequestPolicyRange: How much requests may have.
  min: At least so much.
  max: At most so much.
  step: In such steps.
DeviceTaint: Keeps requests away from a device that do not tolerate it.
  key: Its key.
  value: Its value.
  effect: None (for show), NoSchedule (nobody new) or NoExecute (those who have it must go too).
  timeAdded: When it was set.
DeviceCounterConsumption: What a device takes of what devices share.
  counterSet: Which set.
  counters: How much of each.
  compatibilityGroups: Only devices that have one of these in common can be in use together.
CounterSet: What devices share.
  name: Its name in the pool.
  counters: How much there is of each.
Counter: How much there is of something.
  value: How much.
NodeAllocatableResource: What of a node's own resource a device stands for.
  mapping: How much.
  overhead: What using it takes besides.
NodeAllocatableMapping: How much of a node's resource a device stands for.
  capacityKey: As much as it has of this capacity.
  capacityMultiplier: Times this.
  deviceMultiplier: So much for each device.
NodeAllocatableOverhead: What using a device takes besides.
  perPod: Once for each pod.
  perContainer: For each container.
DeviceTaintRule: Taints some devices, whatever their driver says.
DeviceTaintRuleSpec: Which devices, and the taint.
  deviceSelector: The devices. Absent: none.
  taint: The taint.
DeviceTaintRuleStatus: What became of it.
  conditions: What is true of it now: EvictionInProgress.
DeviceTaintSelector: Devices; all that is said must fit.
  driver: Of this driver.
  pool: Of this pool.
  device: Of this name.
ResourcePoolStatusRequest: Asks how much of some pools is in use.
ResourcePoolStatusRequestSpec: Which pools.
  driver: The driver.
  poolName: The pool. Absent: all.
  limit: At most so many.
  defaultPartitionTypeAttribute: The attribute that tells sorts of partitions apart where slices say nothing.
ResourcePoolStatusRequestStatus: The answer.
  poolCount: How many pools there are.
  pools: Each of them.
  conditions: Complete or Failed.
PoolStatus: How much of a pool is in use.
  driver: The driver.
  poolName: The pool.
  generation: Which state of the pool.
  resourceSliceCount: How many slices it has.
  totalDevices: How many devices.
  allocatedDevices: How many are in use.
  availableDevices: How many are free.
  unavailableDevices: How many cannot be used.
  nodeName: The node that has it.
  validationError: What is wrong with it.
  partitionSummary: By sorts of partitions.
  shareableSummary: Of devices that several can have at once.
PartitionTypeStatus: How much of a sort of partition is free.
  attribute: What tells them apart.
  type: The sort.
  total: How many there are.
  allocatable: How many can be had.
ShareableSummaryStatus: How much of shared devices is in use.
  fullyAvailableDevices: How many nobody has.
  partiallyAvailableDevices: How many somebody has in part.
  capacity: By capacity.
ShareableCapacityStatus: How much of a capacity is in use.
  name: The capacity.
  total: How much there is.
  consumed: How much is in use.
  available: How much is free.
`;
