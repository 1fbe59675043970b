/** See `../descriptions.ts` for how this is read. */
export const apps = `
Deployment: Keeps pods alike running and brings new versions of them, step by step, by ReplicaSets.
DeploymentSpec: What a deployment is to do.
  replicas: How many pods. 1 where nothing is said.
  selector: Labels of its pods. Must fit the template's; cannot be changed.
  template: What its pods look like. A change of it begins a rollout.
  strategy: How new pods take the place of old ones.
  minReadySeconds: A pod counts as available when it has been ready for so many seconds. 0 where nothing is said.
  revisionHistoryLimit: How many old ReplicaSets are kept to go back to. 10 where nothing is said.
  paused: Changes of the template begin no rollout.
  progressDeadlineSeconds: Seconds without progress after which the rollout is said to have failed. 600 where nothing is said.
DeploymentStrategy: How new pods take the place of old ones.
  type: RollingUpdate (little by little) or Recreate (all old ones go first). RollingUpdate where nothing is said.
  rollingUpdate: For RollingUpdate: in which steps.
RollingUpdateDeployment: The steps of a rolling update.
  maxUnavailable: How many pods may be missing meanwhile, a number or a percentage rounded down. 25% where nothing is said.
  maxSurge: How many pods there may be too many meanwhile, a number or a percentage rounded up. 25% where nothing is said.
DeploymentStatus: How a deployment is.
  observedGeneration: The generation that this status is about.
  replicas: How many pods there are that are not ending.
  updatedReplicas: How many are of the present template.
  readyReplicas: How many are ready.
  availableReplicas: How many have been ready for minReadySeconds.
  unavailableReplicas: How many are missing for all to be available.
  terminatingReplicas: How many are ending.
  conditions: What is true of it now: Available, Progressing, ReplicaFailure.
  collisionCount: How often the name of a new ReplicaSet was taken.
DeploymentCondition: Something that is true of a deployment.
  type: What the condition is about: Available, Progressing or ReplicaFailure.
  lastUpdateTime: When it was last written.
ReplicaSet: Keeps so many pods alike running. Mostly made by a deployment.
ReplicaSetSpec: What a ReplicaSet is to do.
  replicas: How many pods. 1 where nothing is said.
  minReadySeconds: A pod counts as available when it has been ready for so many seconds.
  selector: Labels of its pods. Must fit the template's; cannot be changed.
  template: What its pods look like.
ReplicaSetStatus: How a ReplicaSet is.
  replicas: How many pods there are that are not ending.
  fullyLabeledReplicas: How many have all labels of the template.
  readyReplicas: How many are ready.
  availableReplicas: How many have been ready for minReadySeconds.
  terminatingReplicas: How many are ending.
  observedGeneration: The generation that this status is about.
  conditions: What is true of it now.
ReplicaSetCondition: Something that is true of a ReplicaSet.
  type: What the condition is about, such as ReplicaFailure.
StatefulSet: Keeps pods with names and storage of their own running: web-0, web-1 and so on, in order.
StatefulSetSpec: What a StatefulSet is to do.
  replicas: How many pods. 1 where nothing is said.
  selector: Labels of its pods. Must fit the template's; cannot be changed.
  template: What its pods look like. Each is called NAME-NUMBER.
  volumeClaimTemplates: Claims that each pod gets of its own and keeps when it is made again.
  serviceName: The headless service that gives the pods their names. Must be there before them.
  podManagementPolicy: OrderedReady (one after the other) or Parallel (all at once). OrderedReady where nothing is said.
  updateStrategy: How pods get a new template.
  revisionHistoryLimit: How many old revisions are kept to go back to. 10 where nothing is said.
  minReadySeconds: A pod counts as available when it has been ready for so many seconds.
  persistentVolumeClaimRetentionPolicy: What becomes of claims that no pod has any more.
  ordinals: How the pods are numbered.
StatefulSetOrdinals: How the pods of a StatefulSet are numbered.
  start: The first number. 0 where nothing is said.
StatefulSetPersistentVolumeClaimRetentionPolicy: What becomes of claims that no pod has any more.
  whenDeleted: When the StatefulSet is deleted: Retain or Delete. Retain where nothing is said.
  whenScaled: When it has fewer pods: Retain or Delete. Retain where nothing is said.
StatefulSetUpdateStrategy: How pods get a new template.
  type: RollingUpdate (from the last to the first) or OnDelete (when somebody deletes them). RollingUpdate where nothing is said.
  rollingUpdate: For RollingUpdate: which ones, and how many at once.
RollingUpdateStatefulSetStrategy: The steps of a rolling update.
  partition: Only pods with this number or a higher one. 0 where nothing is said.
  maxUnavailable: How many pods may be missing meanwhile. 1 where nothing is said.
StatefulSetStatus: How a StatefulSet is.
  observedGeneration: The generation that this status is about.
  replicas: How many pods there are.
  readyReplicas: How many are ready.
  currentReplicas: How many are of currentRevision.
  updatedReplicas: How many are of updateRevision.
  currentRevision: The revision that pods had before the update that is under way.
  updateRevision: The revision that pods get now.
  collisionCount: How often the name of a new revision was taken.
  conditions: What is true of it now.
  availableReplicas: How many have been ready for minReadySeconds.
StatefulSetCondition: Something that is true of a StatefulSet.
  type: What the condition is about.
DaemonSet: Keeps a pod running on each node, or on each that fits.
DaemonSetSpec: What a DaemonSet is to do.
  selector: Labels of its pods. Must fit the template's; cannot be changed.
  template: What its pods look like. Its node selector and affinity choose the nodes.
  updateStrategy: How pods get a new template.
  minReadySeconds: A pod counts as available when it has been ready for so many seconds.
  revisionHistoryLimit: How many old revisions are kept to go back to. 10 where nothing is said.
DaemonSetUpdateStrategy: How pods get a new template.
  type: RollingUpdate or OnDelete (when somebody deletes them). RollingUpdate where nothing is said.
  rollingUpdate: For RollingUpdate: in which steps.
RollingUpdateDaemonSet: The steps of a rolling update.
  maxUnavailable: On how many nodes the pod may be missing meanwhile, a number or a percentage. 1 where nothing is said.
  maxSurge: On how many nodes a new pod may run beside the old one until it is available. 0 where nothing is said.
DaemonSetStatus: How a DaemonSet is.
  currentNumberScheduled: On how many nodes it runs that should have it.
  numberMisscheduled: On how many it runs that should not.
  desiredNumberScheduled: How many nodes should have it.
  numberReady: On how many of them it is ready.
  observedGeneration: The generation that this status is about.
  updatedNumberScheduled: On how many it is of the present template.
  numberAvailable: On how many it has been ready for minReadySeconds.
  numberUnavailable: On how many it is missing or not available.
  collisionCount: How often the name of a new revision was taken.
  conditions: What is true of it now.
DaemonSetCondition: Something that is true of a DaemonSet.
  type: What the condition is about.
ControllerRevision: A state that a DaemonSet or StatefulSet had, to go back to.
  data: The state.
  revision: Its number; later ones are higher.
`;
