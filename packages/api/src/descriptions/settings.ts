/** See `../descriptions.ts` for how this is read. */
export const settings = `
ConfigMap: Settings for pods, as texts by keys.
  immutable: The data can never be changed, and nobody has to watch for it.
  data: Texts by keys; letters, digits, -, _ and . in the keys.
  binaryData: Bytes by keys; no key may be in data too.
Secret: What only some may know, as bytes by keys. At most 1 MiB.
  immutable: The data can never be changed, and nobody has to watch for it.
  data: Bytes in base64 by keys; letters, digits, -, _ and . in the keys.
  stringData: Texts by keys, which are written into data. Never shown.
  type: What it is for, such as Opaque, kubernetes.io/tls or kubernetes.io/dockerconfigjson. Opaque where nothing is said; cannot be changed.
ServiceAccount: Who pods act as towards the API server.
  secrets: Secrets that its pods may use, where the annotation kubernetes.io/enforce-mountable-secrets says so.
  imagePullSecrets: Secrets with which its pods pull images.
  automountServiceAccountToken: Whether its pods have a token mounted; they may say otherwise.
Event: Something that happened to an object. Gone after an hour or so, and not meant for programs to rely on.
  involvedObject: What it happened to.
  reason: What happened, in one word for machines.
  message: What happened, for people.
  source: Who tells of it.
  firstTimestamp: When it was first told.
  lastTimestamp: When it was last told.
  count: How often it was told.
  type: Normal or Warning.
  eventTime: When it happened, for events of the newer form.
  series: How it goes on, for events of the newer form.
  action: What was done or tried.
  related: Another object that has to do with it.
  reportingComponent: Who tells of it, a name with a domain.
  reportingInstance: Which instance of it tells.
EventSource: Who tells of an event.
  component: The program.
  host: The node that it runs on.
EventSeries: How an event goes on.
  count: How often it happened.
  lastObservedTime: When it last happened.
LimitRange: Bounds and defaults for what single pods, containers and claims of a namespace ask for.
LimitRangeSpec: Bounds and defaults.
  limits: They hold all.
LimitRangeItem: Bounds and defaults for one type.
  type: Pod, Container or PersistentVolumeClaim.
  max: At most so much.
  min: At least so much.
  default: Limits where none are given. Containers only.
  defaultRequest: Requests where none are given. Containers only.
  maxLimitRequestRatio: Limits may be at most so many times the requests.
ResourceQuota: How much a namespace may have in all.
ResourceQuotaSpec: How much a namespace may have.
  hard: At most so much of each, such as requests.cpu, pods or count/deployments.apps.
  scopes: Which objects are counted, such as BestEffort or Terminating pods. All of them must fit.
  scopeSelector: Which objects are counted, by scopes with values, such as priority classes.
ResourceQuotaStatus: How much a namespace has.
  hard: The bounds that are in force.
  used: What is used.
ScopeSelector: Which objects are counted.
  matchExpressions: Requirements that must all hold.
ScopedResourceSelectorRequirement: A requirement on an object's scope.
  scopeName: The scope, such as PriorityClass.
  operator: In, NotIn, Exists or DoesNotExist.
  values: What it is compared with; for In and NotIn.
ReplicationController: Keeps so many pods alike running. Deployments do more.
ReplicationControllerSpec: What a replication controller is to do.
  replicas: How many pods. 1 where nothing is said.
  minReadySeconds: A pod counts as available when it has been ready for so many seconds.
  selector: Labels of its pods. Those of the template where nothing is said.
  template: What its pods look like.
ReplicationControllerStatus: How a replication controller is.
  replicas: How many pods there are.
  fullyLabeledReplicas: How many have all labels of the template.
  readyReplicas: How many are ready.
  availableReplicas: How many have been ready for minReadySeconds.
  observedGeneration: The generation that this status is about.
  conditions: What is true of it now.
ReplicationControllerCondition: Something that is true of a replication controller.
  type: What the condition is about, such as ReplicaFailure.
ComponentStatus: Whether a part of the control plane is well. Superseded by its own endpoints of health.
  conditions: What is true of it.
ComponentCondition: Something that is true of a part of the control plane.
  type: Healthy.
  message: More about it.
  error: What is wrong.
ObjectReference: An object, wherever it is.
  kind: Its kind.
  namespace: Its namespace.
  name: Its name.
  uid: Its uid.
  apiVersion: Group and version of its kind.
  resourceVersion: The version that is meant.
  fieldPath: The part that is meant, such as spec.containers{web}.
LocalObjectReference: An object in the same namespace.
  name: Its name.
SecretReference: A Secret, wherever it is.
  name: Its name.
  namespace: Its namespace.
SerializedReference: An object that somebody else made this one for.
  reference: The object.
RangeAllocation: Which numbers or addresses of a range are taken. Kept by the server.
  range: The range.
  data: One bit for each.
`;
