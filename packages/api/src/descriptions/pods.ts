/** See `../descriptions.ts` for how this is read. */
export const pods = `
Pod: A group of containers that are placed on one node together and share its network and volumes: the smallest thing that runs.
PodSpec: What a pod is to be.
  volumes: Volumes that containers of the pod may mount.
  initContainers: Containers that run one after the other before the app containers. Each must succeed before the next begins; one with restartPolicy Always is a sidecar and goes on running beside those that follow.
  containers: The app containers, which run side by side. At least one; the list cannot be changed.
  ephemeralContainers: Containers that were added to the running pod to look into it, by the subresource ephemeralcontainers. They are never restarted and cannot be taken away.
  restartPolicy: Whether containers that end are started again: Always, OnFailure or Never. Always where nothing is said.
  terminationGracePeriodSeconds: Seconds that the pod has for ending by itself before its processes are killed. 30 where nothing is said; 0 kills at once.
  activeDeadlineSeconds: Seconds after the pod's start on its node at which it is failed and ended.
  dnsPolicy: Where the containers' resolver asks: ClusterFirst (the cluster's DNS), ClusterFirstWithHostNet (the same for pods in the node's network), Default (as the node does) or None (dnsConfig alone).
  nodeSelector: Labels that a node must have for the pod to be placed there.
  serviceAccountName: The service account that the pod acts as towards the API server.
  serviceAccount: An older name of serviceAccountName, kept equal to it.
  automountServiceAccountToken: Whether a token of the service account is mounted into the containers. The service account decides where nothing is said.
  nodeName: The node that the pod is bound to. Set by the scheduler; who sets it at creation passes the scheduler over.
  hostNetwork: The pod uses the network of its node: its addresses and its ports.
  hostPID: The pod sees the processes of its node.
  hostIPC: The pod shares the inter-process communication of its node.
  shareProcessNamespace: The containers of the pod see each other's processes, and the first process is the pause container's.
  securityContext: Settings of security for all containers; what a container says itself goes before.
  imagePullSecrets: Secrets in the pod's namespace with credentials for pulling its images.
  hostname: The host name of the pod; its own name where nothing is said.
  subdomain: The name of a headless service under which the pod has a DNS name of its own: HOSTNAME.SUBDOMAIN.NAMESPACE.svc.CLUSTERDOMAIN.
  affinity: Rules about nodes and other pods that draw this pod to places or keep it away.
  schedulerName: The scheduler that places the pod; default-scheduler where nothing is said.
  tolerations: Taints of nodes that the pod puts up with.
  hostAliases: Lines that are added to the pod's /etc/hosts. Not for pods in the node's network.
  priorityClassName: The PriorityClass that gives the pod its priority. The default class where nothing is said, and priority 0 where there is none.
  priority: The pod's priority as a number; higher is more important. Filled in from priorityClassName.
  dnsConfig: Settings of the resolver that are merged into what dnsPolicy makes.
  readinessGates: Conditions that must be true, besides ready containers, for the pod to be ready.
  runtimeClassName: The RuntimeClass that says which handler of the container runtime runs the pod.
  enableServiceLinks: Whether containers get environment variables that name the services of the namespace. True where nothing is said.
  preemptionPolicy: Whether the pod may push away pods of lower priority: PreemptLowerPriority or Never.
  overhead: What running the pod takes besides its containers. Filled in from the RuntimeClass.
  topologySpreadConstraints: How evenly the pod and those like it are to be spread over zones, nodes or other domains. All of them must hold.
  setHostnameAsFQDN: The kernel's host name is the fully qualified name instead of its first part.
  os: The operating system of the containers. Some fields may not be set for some.
  hostUsers: False: the pod's users are mapped to others on the node, so that its root is nobody there. True where nothing is said.
  schedulingGates: What must be taken away before the scheduler looks at the pod. Can only be given at creation.
  resourceClaims: Claims of devices that must be allocated and reserved before the pod starts; containers name them.
  resources: What all containers of the pod have together, of cpu, memory and huge pages.
  hostnameOverride: The host name exactly as it is to be, instead of hostname and subdomain. Not for pods in the node's network.
  schedulingGroup: The group of pods that this one is scheduled with.
  evictionResponders: Who is asked, in the order of their priority, to move the pod away before it is evicted.
PodStatus: What is known about a pod. It may lag behind what is so, above all when its node cannot be reached.
  observedGeneration: The generation of the pod that this status is about.
  phase: Where the pod is in its life, in one word: Pending, Running, Succeeded, Failed or Unknown.
  conditions: What is true of the pod now: PodScheduled, Initialized, ContainersReady, Ready and others.
  message: Why the pod is in this state, for people.
  reason: Why the pod is in this state, in one word, such as Evicted.
  nominatedNodeName: The node where room is being made for the pod, or where it is expected to go. It may go elsewhere.
  hostIP: The address of the pod's node. Empty until the pod is bound and its node has begun.
  hostIPs: The addresses of the pod's node, one of each family.
  podIP: The address of the pod within the cluster. Empty until it has one.
  podIPs: The addresses of the pod, one of each family; the first is podIP.
  startTime: When the kubelet took the pod up, before its images were pulled.
  initContainerStatuses: The state of each init container, in the order of the spec.
  containerStatuses: The state of each app container.
  qosClass: How well the pod is kept when its node runs short, from its requests and limits: Guaranteed, Burstable or BestEffort.
  ephemeralContainerStatuses: The state of each ephemeral container.
  resize: Where a resize of the pod stands. Superseded by the conditions PodResizePending and PodResizeInProgress.
  resourceClaimStatuses: Which ResourceClaim belongs to each entry of spec.resourceClaims.
  extendedResourceClaimStatus: The claim that was made for extended resources that devices stand for.
  allocatedResources: What the node has set aside for the pod as a whole.
  resources: What is in effect for the pod as a whole.
  nodeAllocatableResourceClaimStatuses: What of the node's own resources the pod's claims take up.
  volumeHealth: What is known about the health of the pod's volumes.
PodTemplate: A template from which pods are made, kept as an object.
  template: The pods that are made from it.
PodTemplateSpec: What pods that are made from a template look like.
  metadata: Labels, annotations and the like of the pods.
  spec: What the pods are to be.
PodCondition: Something that is true of a pod, or not, or not known.
  type: What the condition is about, such as Ready.
  lastProbeTime: When the condition was last looked at.
PodReadinessGate: A condition that a pod's readiness waits for.
  conditionType: The type of a condition of the pod.
PodSchedulingGate: Something that keeps the scheduler from looking at a pod.
  name: The gate's name; each may be there once.
PodSchedulingGroup: Which group a pod is scheduled with.
  podGroupName: The PodGroup, in the pod's namespace.
EvictionResponder: Somebody who can move a pod away with care before it is evicted.
  name: Who it is, a name with a domain.
  priority: Responders of a higher one are asked first.
PodOS: The operating system that a pod is for.
  name: linux or windows.
PodIP: One address of a pod.
  ip: An IPv4 or IPv6 address.
HostIP: One address of a node.
  ip: An IPv4 or IPv6 address.
HostAlias: Names that a pod knows for an address, in its /etc/hosts.
  ip: The address.
  hostnames: Its names.
PodDNSConfig: What a pod's resolver is told besides that which its dnsPolicy makes.
  nameservers: Addresses of name servers, after those of the policy.
  searches: Domains in which short names are looked for, after those of the policy.
  options: Options of the resolver; they replace those of the policy with the same name.
PodDNSConfigOption: An option of a pod's resolver.
  name: What it is called, such as ndots.
  value: What it is set to, if it takes anything.
Affinity: What draws a pod to places, or keeps it away.
  nodeAffinity: Which nodes the pod goes to, by their labels.
  podAffinity: Pods that it wants to be near to.
  podAntiAffinity: Pods that it wants to be apart from.
NodeAffinity: Rules about nodes for placing a pod.
  requiredDuringSchedulingIgnoredDuringExecution: What a node must be like for the pod to be placed there. A node that changes later keeps its pods.
  preferredDuringSchedulingIgnoredDuringExecution: Terms that nodes are scored by; the weights of those that match are added up.
PreferredSchedulingTerm: A wish about nodes. An empty one matches all and counts nothing.
  weight: What the wish counts, 1 to 100.
  preference: The nodes that are wished for.
NodeSelector: Nodes, by terms of which one must match.
  nodeSelectorTerms: The terms; one that matches is enough.
NodeSelectorTerm: Requirements that must all hold for a node. One without any matches no node.
  matchExpressions: Requirements on the node's labels.
  matchFields: Requirements on the node's fields; metadata.name is the only one.
NodeSelectorRequirement: One requirement on a label or field of a node.
  key: The label or field.
  operator: How it is compared with the values: In, NotIn, Exists, DoesNotExist, Gt or Lt.
  values: What it is compared with: none for Exists and DoesNotExist, one number for Gt and Lt, one or more else.
PodAffinity: Pods that a pod wants to be near to.
  requiredDuringSchedulingIgnoredDuringExecution: Terms that must all be met by the place that the pod gets.
  preferredDuringSchedulingIgnoredDuringExecution: Terms that places are scored by; the weights of those that are met are added up.
PodAntiAffinity: Pods that a pod wants to be apart from.
  requiredDuringSchedulingIgnoredDuringExecution: Terms of which no place that the pod gets may meet one.
  preferredDuringSchedulingIgnoredDuringExecution: Terms that places are scored by; the weights of those that are met are taken away.
WeightedPodAffinityTerm: A term of pod affinity, and what it counts.
  weight: What it counts, 1 to 100.
  podAffinityTerm: The term.
PodAffinityTerm: Pods, and how near counts as near.
  labelSelector: The pods that are meant, by their labels. Absent: none.
  namespaces: Namespaces in which they are, besides those that namespaceSelector chooses. Neither of the two: the pod's own.
  topologyKey: Nodes with the same value of this label are one place, such as kubernetes.io/hostname or topology.kubernetes.io/zone.
  namespaceSelector: Namespaces in which they are, by their labels. Empty: all.
  matchLabelKeys: Labels whose values are taken from the new pod and required of the others.
  mismatchLabelKeys: Labels whose values are taken from the new pod and must differ in the others.
TopologySpreadConstraint: How evenly pods that are alike are spread over domains.
  maxSkew: How many more of them a domain may have than the one with the fewest.
  topologyKey: Nodes with the same value of this label are one domain. Nodes without it do not take part.
  whenUnsatisfiable: What happens to a pod that would exceed maxSkew everywhere: DoNotSchedule leaves it waiting, ScheduleAnyway only prefers better places.
  labelSelector: The pods that are counted, by their labels.
  minDomains: With fewer domains than these, the fewest count as none. 1 where nothing is said; for DoNotSchedule only.
  nodeAffinityPolicy: Whether nodes that the pod's node affinity and selector leave out take part: Honor (they do not) or Ignore (they do). Honor where nothing is said.
  nodeTaintsPolicy: Whether nodes with taints that the pod does not tolerate take part: Honor (they do not) or Ignore (they do). Ignore where nothing is said.
  matchLabelKeys: Labels whose values are taken from the new pod and required of those that are counted; pod-template-hash spreads each revision by itself.
Toleration: A taint that a pod puts up with.
  key: The taint's key. Empty: all keys, with operator Exists.
  operator: How the value is compared: Exists (any value) or Equal. Equal where nothing is said; Lt and Gt compare numbers where they are switched on.
  value: The taint's value.
  effect: The taint's effect: NoSchedule, PreferNoSchedule or NoExecute. Empty: all.
  tolerationSeconds: Seconds that the pod stays after a NoExecute taint came. Absent: for ever; 0 or less: it is evicted at once.
PodSecurityContext: Settings of security for all containers of a pod.
  seLinuxOptions: The SELinux context of the containers. Given by the runtime where nothing is said.
  windowsOptions: Settings for Windows.
  runAsUser: The user id that the containers' first processes run as. The image's where nothing is said.
  runAsGroup: The group id that the containers' first processes run as. The image's, or the runtime's, where nothing is said.
  runAsNonRoot: The kubelet refuses to start a container as user 0.
  supplementalGroups: Further groups of the containers' first processes.
  supplementalGroupsPolicy: Whether groups that the image's /etc/group has for the user are added: Merge or Strict. Merge where nothing is said.
  fsGroup: A further group of all containers, to which volumes that support it belong, so that the containers can write to them.
  sysctls: Parameters of the kernel that are set for the pod.
  fsGroupChangePolicy: When the owner of a volume's files is changed to fsGroup: Always, or OnRootMismatch where its top folder does not fit. Always where nothing is said.
  seccompProfile: Which system calls the containers may make.
  appArmorProfile: The AppArmor profile of the containers.
  seLinuxChangePolicy: How volumes get the SELinux label: MountOption or Recursive.
Sysctl: A parameter of the kernel.
  name: Its name, such as net.ipv4.ip_local_port_range.
  value: What it is set to.
SELinuxOptions: An SELinux label.
  user: Its user.
  role: Its role.
  type: Its type.
  level: Its level.
SeccompProfile: Which system calls are allowed.
  type: RuntimeDefault (the runtime's profile), Unconfined (all) or Localhost (a file of the node).
  localhostProfile: For Localhost: the file, below the kubelet's folder of seccomp profiles.
AppArmorProfile: What AppArmor lets a container do.
  type: RuntimeDefault (the runtime's profile), Unconfined (no profile) or Localhost (one that the node has loaded).
  localhostProfile: For Localhost: the name of the profile.
WindowsSecurityContextOptions: Settings of security for Windows.
  gmsaCredentialSpecName: The name of the GMSA credential spec.
  gmsaCredentialSpec: The content of the GMSA credential spec. Filled in by a webhook.
  runAsUserName: The Windows user that the container runs as.
  hostProcess: The container runs as a process of the host. All containers of a pod must say the same.
PodResourceClaim: A claim of devices that a pod has, by a name of the pod's own.
  name: What containers of the pod call it.
  resourceClaimName: A ResourceClaim in the pod's namespace, which pods may share.
  resourceClaimTemplateName: A ResourceClaimTemplate in the pod's namespace, from which the pod gets a claim of its own.
PodResourceClaimStatus: Which ResourceClaim was made or found for an entry of a pod.
  name: The entry of spec.resourceClaims.
  resourceClaimName: The ResourceClaim. Absent: none is needed.
PodExtendedResourceClaimStatus: The claim that stands for a pod's extended resources.
  requestMappings: Which request of the claim belongs to which container and resource.
  resourceClaimName: The ResourceClaim, in the pod's namespace.
ContainerExtendedResourceRequest: Which request of a claim stands for an extended resource of a container.
  containerName: The container.
  resourceName: Its extended resource.
  requestName: The request in the claim.
NodeAllocatableResourceClaimStatus: What of a node's own resources a claim of the pod takes up.
  resourceClaimName: The ResourceClaim.
  containers: The containers that use it.
  mapping: What its devices stand for.
  overhead: What it takes besides.
NodeAllocatableMappedResources: An amount of a node's resource that devices stand for.
  name: The resource.
  quantity: How much of it.
NodeAllocatableOverheadResources: What using devices takes of a node's resource.
  name: The resource.
  perPod: Once for each pod.
  perContainer: For each container.
PodVolumeHealth: What is known about the health of one of a pod's volumes.
  name: The volume, as the pod calls it.
  healthConditions: What is wrong with it.
  lastTransitionTime: When it last changed.
VolumeHealthCondition: Something that was found about a volume.
  status: How it is.
VolumeHealthStatus: What is known about the health of a volume.
  healthConditions: What was found.
  lastTransitionTime: When it last changed.
PodExecOptions: How a command is run in a container.
  stdin: The command's input comes from the client.
  stdout: The client gets the command's output.
  stderr: The client gets what the command writes to its error output.
  tty: The command has a terminal.
  container: The container; may be left out where the pod has one.
  command: The command and its arguments, which no shell reads.
PodAttachOptions: How a client is joined to what a container runs.
  stdin: The process's input comes from the client.
  stdout: The client gets the process's output.
  stderr: The client gets what the process writes to its error output.
  tty: The process has a terminal.
  container: The container; may be left out where the pod has one.
PodPortForwardOptions: Which ports of a pod are forwarded.
  ports: The ports, for clients that speak WebSockets.
PodProxyOptions: What is asked of a pod through the API server.
  path: The path of the request.
PodLogOptions: What part of a container's log is read, and how.
  container: The container; may be left out where the pod has one.
  follow: What is written from now on is sent as well.
  previous: The log of the instance before the present one.
  sinceSeconds: Only lines of the last so many seconds.
  sinceTime: Only lines since this moment.
  timestamps: Each line begins with the moment when it was written.
  tailLines: Only so many lines from the end.
  limitBytes: At most so many bytes, the last line cut where need be.
  insecureSkipTLSVerifyBackend: The API server does not check the kubelet's certificate. Who does so may be given another's log.
  stream: All, Stdout or Stderr.
Binding: Binds a pod to a node. Made by schedulers, at the pod's subresource binding.
  target: The node.
`;
