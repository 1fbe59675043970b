/** See `../descriptions.ts` for how this is read. */
export const workloads = `
Workload: Says how the pods of an application are to be scheduled together.
WorkloadSpec: How they are scheduled.
  controllerRef: Who made it.
  podGroupTemplates: Groups of pods.
  compositePodGroupTemplates: Groups of groups.
scheduling.TypedLocalObjectReference: An object in the same namespace.
  apiGroup: The group of its kind.
  kind: Its kind.
  name: Its name.
PodGroup: Pods that are scheduled together.
PodGroupTemplate: What groups of pods look like.
  name: Its name.
  schedulingPolicy: Whether they begin together.
  schedulingConstraints: Where they must be.
  resourceClaims: Claims that they share.
  disruptionMode: Whether they are pushed away one by one or all together.
  priorityClassName: The PriorityClass of the group.
  priority: The group's priority.
  preemptionPolicy: Whether it may push away others.
PodGroupSpec: =PodGroupTemplate How a group of pods is scheduled.
  parentCompositePodGroupName: The group of groups that it belongs to.
  workloadRef: The template that it was made from.
PodGroupStatus: How a group stands.
  conditions: What is true of it now.
  resourceClaimStatuses: Which ResourceClaim belongs to each entry.
PodGroupSchedulingPolicy: Whether pods begin together; one of these.
  basic: Each by itself.
  gang: At least so many at once, or none.
BasicSchedulingPolicy: Each pod by itself.
GangSchedulingPolicy: So many at once, or none.
  minCount: How many at least.
PodGroupSchedulingConstraints: Where pods must be.
  topology: In the same place.
TopologyConstraint: In the same place.
  key: The label of nodes that tells places apart.
DisruptionMode: Whether pods are pushed away one by one or all together; one of these.
  single: One by one.
  all: All together.
PodGroupResourceClaim: A claim that the pods of a group share.
  name: What the group calls it.
  resourceClaimName: A ResourceClaim.
  resourceClaimTemplateName: A ResourceClaimTemplate, from which the group gets a claim of its own.
PodGroupResourceClaimStatus: Which ResourceClaim belongs to an entry.
  name: The entry.
  resourceClaimName: The claim.
WorkloadReference: A template in a workload.
  workloadName: The workload.
  templateName: The template.
CompositePodGroup: Groups of pods that are scheduled together.
CompositePodGroupSpec: =PodGroupSpec
CompositePodGroupTemplate: =PodGroupTemplate What groups of groups look like.
  podGroupTemplates: Its groups of pods.
  compositePodGroupTemplates: Its groups of groups.
CompositePodGroupStatus: How a group of groups stands.
  conditions: What is true of it now.
CompositePodGroupSchedulingPolicy: =PodGroupSchedulingPolicy
CompositePodGroupSchedulingConstraints: =PodGroupSchedulingConstraints
CompositeGangSchedulingPolicy: So many groups at once, or none.
  minGroupCount: How many at least.
CompositeDisruptionMode: =DisruptionMode
WorkloadPodGroupDisruptionMode: =DisruptionMode
WorkloadPodGroupGangSchedulingPolicy: =GangSchedulingPolicy
WorkloadPodGroupResourceClaim: =PodGroupResourceClaim
WorkloadPodGroupSchedulingConstraints: =PodGroupSchedulingConstraints
WorkloadPodGroupSchedulingPolicy: =PodGroupSchedulingPolicy
AllDisruptionMode: All together.
SingleDisruptionMode: One by one.
AllCompositeDisruptionMode: =AllDisruptionMode
SingleCompositeDisruptionMode: =SingleDisruptionMode
WorkloadPodGroupAllDisruptionMode: =AllDisruptionMode
WorkloadPodGroupSingleDisruptionMode: =SingleDisruptionMode
CompositeBasicSchedulingPolicy: =BasicSchedulingPolicy
WorkloadPodGroupBasicSchedulingPolicy: =BasicSchedulingPolicy
`;
