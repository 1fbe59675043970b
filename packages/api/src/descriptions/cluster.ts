/** See `../descriptions.ts` for how this is read. */
export const cluster = `
PodDisruptionBudget: Says how many of some pods may be missing because somebody means to move them.
PodDisruptionBudgetSpec: How many may be missing. One of minAvailable and maxUnavailable.
  minAvailable: So many must stay, a number or a percentage.
  selector: The pods, by their labels. Empty: all of the namespace.
  maxUnavailable: So many may be missing, a number or a percentage. The pods must have a controller that says how many they are.
  unhealthyPodEvictionPolicy: Whether pods that run but are not ready may be evicted: IfHealthyBudget (where enough others are) or AlwaysAllow. IfHealthyBudget where nothing is said.
PodDisruptionBudgetStatus: How a budget stands.
  observedGeneration: The generation that this status is about.
  disruptedPods: Pods that were evicted and are not seen to go yet.
  disruptionsAllowed: How many more may be evicted now.
  currentHealthy: How many are ready.
  desiredHealthy: How many must be.
  expectedPods: How many there are to be in all.
  conditions: What is true of it now: DisruptionAllowed.
Eviction: Asks for a pod to be moved away, which budgets may refuse. Made at the pod's subresource eviction.
  deleteOptions: How the pod is to be deleted.
PriorityClass: A priority that pods can have by name.
  value: The priority; higher is more important. Cannot be changed.
  globalDefault: Pods that name no class have this one.
  description: What it is for, for people.
  preemptionPolicy: Whether its pods may push away others: PreemptLowerPriority or Never. PreemptLowerPriority where nothing is said.
RuntimeClass: A way of running pods that the nodes' container runtimes have.
  handler: What the runtimes call it. Cannot be changed.
  overhead: What running a pod this way takes besides its containers.
  scheduling: Which nodes have it.
Overhead: What running a pod takes besides its containers.
  podFixed: For each pod.
Scheduling: Which nodes can run pods of a class.
  nodeSelector: Labels of the nodes. Added to those of the pods.
  tolerations: Taints of the nodes. Added to those of the pods.
Lease: Says that somebody is there, or who of several is in charge.
LeaseSpec: Who, and for how long.
  holderIdentity: Who has it.
  leaseDurationSeconds: How long after renewTime others must wait.
  acquireTime: When its holder took it.
  renewTime: When its holder last renewed it.
  leaseTransitions: How often it changed hands.
  strategy: How the holder is chosen.
  preferredHolder: Who is to have it next.
LeaseCandidate: Somebody who could have a lease.
LeaseCandidateSpec: Who could have which lease.
  leaseName: The lease.
  pingTime: When it was last asked whether it is there.
  renewTime: When it last answered.
  binaryVersion: Its version.
  emulationVersion: The version that it behaves as.
  strategy: How the holder is to be chosen.
events.Event: Something that happened to an object. Gone after an hour or so, and not meant for programs to rely on.
  eventTime: When it first happened.
  series: How it goes on.
  reportingController: Who tells of it, a name with a domain.
  reportingInstance: Which instance of it tells.
  action: What was done or tried.
  reason: What happened, in one word for machines.
  regarding: What it happened to.
  related: Another object that has to do with it.
  note: What happened, for people.
  type: Normal or Warning.
  deprecatedSource: Who tells of it, in the older form.
  deprecatedFirstTimestamp: When it was first told, in the older form.
  deprecatedLastTimestamp: When it was last told, in the older form.
  deprecatedCount: How often it was told, in the older form.
NodeMetrics: What a node uses.
  timestamp: When it was measured.
  window: Over how long.
  usage: How much.
PodMetrics: What a pod uses.
  timestamp: When it was measured.
  window: Over how long.
  containers: What each container uses.
ContainerMetrics: What a container uses.
  name: The container.
  usage: How much.
MetricValue: A metric of an object.
  describedObject: The object.
  metricName: The metric.
  metric: The metric.
  timestamp: When it was measured.
  window: Over how long.
  windowSeconds: Over how many seconds.
  value: What it is.
  selector: Labels of its series.
ExternalMetricValue: A metric from outside the cluster.
  metricName: The metric.
  metricLabels: Labels of its series.
  timestamp: When it was measured.
  window: Over how long.
  value: What it is.
StorageVersionMigration: Writes all objects of a resource anew, in the version that they are stored in now.
StorageVersionMigrationSpec: What is written anew.
  resource: The resource.
StorageVersionMigrationStatus: How a migration stands.
  conditions: Running, Succeeded or Failed.
  resourceVersion: Objects that are as new as this are left alone.
StorageVersion: Which versions of a resource the API servers read and write.
StorageVersionSpec: Nothing is wanted of it.
StorageVersionStatus: What the API servers say.
  storageVersions: Each of them.
  commonEncodingVersion: The version that all write, if they do the same.
  conditions: What is true of it now.
StorageVersionCondition: Something that is true of a resource's versions.
  type: What the condition is about, such as AllEncodingVersionsEqual.
ServerStorageVersion: Which versions an API server reads and writes.
  apiServerID: The server.
  encodingVersion: The version that it writes.
  decodableVersions: Those that it reads.
  servedVersions: Those that it serves.
APIService: Where a version of a group is served: here, or by a server behind a service.
APIServiceSpec: Where a version of a group is served.
  service: The service. Absent: here.
  group: The group.
  version: The version.
  insecureSkipTLSVerify: The server's certificate is not checked.
  caBundle: Who must have signed the server's certificate, in PEM.
  groupPriorityMinimum: Groups of a higher one come first.
  versionPriority: Versions of a higher one come first within the group.
APIServiceStatus: How a server is.
  conditions: What is true of it now: Available.
APIServiceCondition: Something that is true of a server.
  type: What the condition is about: Available.
ServiceReference: A service.
  namespace: Its namespace.
  name: Its name.
  path: The path that is asked for.
  port: Its port. 443 where nothing is said.
EvictionRequest: Asks for a pod to be moved away by whoever can do so with care.
EvictionRequestSpec: What is asked for, and by whom.
  target: What is to go.
  requester: Who asks.
  intent: What for.
EvictionRequestStatus: What became of it.
  conditions: What is true of it now.
  observedGeneration: The generation that this status is about.
EvictionRequestTarget: What is to go.
  pod: A pod.
EvictionRequestPodReference: A pod.
  name: Its name.
  uid: Its uid.
lifecycle.Eviction: A pod that is moved away with care.
EvictionSpec: What goes.
  target: It.
EvictionTarget: What goes.
  pod: A pod.
EvictionPodReference: A pod.
  name: Its name.
  uid: Its uid.
EvictionStatus: How it stands.
  conditions: What is true of it now.
  observedGeneration: The generation that this status is about.
  requesters: Who asked for it.
  targetResponders: Who can move it.
  responders: What they say.
Requester: Who asked.
  name: Who, a name with a domain.
  intent: What for.
TargetResponder: Who can move a pod.
  name: Who, a name with a domain.
  priority: Those of a higher one are asked first.
  state: Whether it is asked, or was.
ResponderStatus: What somebody says who moves a pod.
  name: Who, a name with a domain.
  startTime: When it began.
  heartbeatTime: When it last spoke.
  expectedCompletionTime: When it thinks to be done.
  completionTime: When it was done.
  message: More, for people.
FlowSchema: Says which priority level some requests have.
FlowSchemaSpec: Which requests, and which level.
  priorityLevelConfiguration: The level.
  matchingPrecedence: Lower ones are looked at first. 1000 where nothing is said.
  distinguisherMethod: How requests are told apart that are to share fairly. Absent: not at all.
  rules: The requests; one rule that fits is enough.
FlowSchemaStatus: How it stands.
  conditions: What is true of it now: Dangling.
FlowSchemaCondition: Something that is true of a flow schema.
  type: What the condition is about: Dangling.
FlowDistinguisherMethod: How requests are told apart.
  type: ByUser or ByNamespace.
PriorityLevelConfigurationReference: A priority level.
  name: Its name.
PolicyRulesWithSubjects: Requests, by who makes them and what they are.
  subjects: Who.
  resourceRules: What, with resources.
  nonResourceRules: What, with paths.
flowcontrol.Subject: Who makes requests; one of these, as kind says.
  kind: User, Group or ServiceAccount.
  user: A user.
  group: A group.
  serviceAccount: A service account.
UserSubject: A user.
  name: The name; * for all.
GroupSubject: A group.
  name: The name; * for all.
ServiceAccountSubject: A service account.
  namespace: Its namespace.
  name: Its name; * for all.
ResourcePolicyRule: Requests about resources.
  verbs: What; * for all.
  apiGroups: Groups; * for all.
  resources: Resources; * for all.
  clusterScope: Those without a namespace too.
  namespaces: Namespaces; * for all.
NonResourcePolicyRule: Requests about paths.
  verbs: What; * for all.
  nonResourceURLs: Paths, such as /healthz or /metrics/*; * for all.
PriorityLevelConfiguration: How much of the server some requests may have at once.
PriorityLevelConfigurationSpec: How much.
  type: Limited or Exempt.
  limited: For Limited: how much.
  exempt: For Exempt: how much it leaves to others.
PriorityLevelConfigurationStatus: How it stands.
  conditions: What is true of it now.
PriorityLevelConfigurationCondition: Something that is true of a priority level.
  type: What the condition is about.
LimitedPriorityLevelConfiguration: How much requests may have at once.
  nominalConcurrencyShares: Its part of the whole. 30 where nothing is said.
  limitResponse: What becomes of requests that are too many.
  lendablePercent: How much of it others may borrow.
  borrowingLimitPercent: How much it may borrow. Absent: all that there is.
ExemptPriorityLevelConfiguration: What requests that are never held back leave to others.
  nominalConcurrencyShares: Its part of the whole. 0 where nothing is said.
  lendablePercent: How much of it others may borrow.
LimitResponse: What becomes of requests that are too many.
  type: Queue or Reject.
  queuing: For Queue: how they wait.
QueuingConfiguration: How requests wait.
  queues: How many queues. 64 where nothing is said.
  handSize: To how many of them the requests of one flow may go. 8 where nothing is said.
  queueLengthLimit: How many may wait in one. 50 where nothing is said.
`;
