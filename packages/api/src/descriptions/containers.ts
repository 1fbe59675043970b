/** See `../descriptions.ts` for how this is read. */
export const containers = `
Container: A container of a pod.
  name: What the container is called; no other of the pod may be called so. Cannot be changed.
  image: The image that it runs, such as registry/name:tag. May be left out where something else fills it in.
  command: What is run instead of the image's entrypoint. $(NAME) stands for a variable of the environment, $$ for a dollar. No shell reads it.
  args: Arguments, instead of those that the image has. $(NAME) and $$ as in command.
  workingDir: The folder that the first process begins in. The image's where nothing is said.
  ports: Ports that the container listens on. It is for people and for names: one that is not listed can be reached as well.
  envFrom: ConfigMaps and Secrets whose keys become variables of the environment. The last one with a key counts, and env goes before all of them.
  env: Variables of the container's environment.
  resources: What the container asks for and may use of cpu, memory and the like.
  resizePolicy: Whether the container must be restarted when a resource of it is resized.
  restartPolicy: Whether the container is started again when it ends. For an init container, Always makes it a sidecar.
  restartPolicyRules: Rules, of which the first that fits an ending decides whether the container is started again.
  volumeMounts: Volumes of the pod, and where the container has them.
  volumeDevices: Volumes that the container has as block devices.
  livenessProbe: Tells whether the container still works: it is restarted when it does not.
  readinessProbe: Tells whether the container can be asked: the pod is taken out of its services while it cannot.
  startupProbe: Tells whether the container has come up. Other probes begin after it, and the container is restarted when it fails.
  lifecycle: What is done just after the container's start and before its end.
  terminationMessagePath: The file in the container whose content is shown as the message of its end, up to 4096 bytes. /dev/termination-log where nothing is said.
  terminationMessagePolicy: Where that message comes from: File, or FallbackToLogsOnError, the end of the log where the file is empty and the container failed.
  imagePullPolicy: When the image is pulled: Always, IfNotPresent or Never. Always where nothing is said and the tag is :latest or none, else IfNotPresent.
  securityContext: Settings of security for this container; they go before those of the pod.
  stdin: The container has an input that clients can attach to. Without it, reading finds the end at once.
  stdinOnce: The input is closed when the first client that attached to it leaves.
  tty: The container has a terminal. Needs stdin.
EphemeralContainerCommon: A container, as far as an ephemeral one may be like others.
  name: What the container is called; no other of the pod may be called so.
  image: The image that it runs, such as registry/name:tag.
  command: What is run instead of the image's entrypoint. $(NAME) stands for a variable of the environment, $$ for a dollar. No shell reads it.
  args: Arguments, instead of those that the image has. $(NAME) and $$ as in command.
  workingDir: The folder that the first process begins in. The image's where nothing is said.
  ports: Not allowed for ephemeral containers.
  envFrom: ConfigMaps and Secrets whose keys become variables of the environment. The last one with a key counts, and env goes before all of them.
  env: Variables of the container's environment.
  resources: Not allowed for ephemeral containers: they use what the pod has left.
  resizePolicy: Not allowed for ephemeral containers.
  restartPolicy: Not allowed for ephemeral containers.
  restartPolicyRules: Not allowed for ephemeral containers.
  volumeMounts: Volumes of the pod, and where the container has them. No subPath.
  volumeDevices: Volumes that the container has as block devices.
  livenessProbe: Not allowed for ephemeral containers.
  readinessProbe: Not allowed for ephemeral containers.
  startupProbe: Not allowed for ephemeral containers.
  lifecycle: Not allowed for ephemeral containers.
  terminationMessagePath: The file in the container whose content is shown as the message of its end.
  terminationMessagePolicy: Where that message comes from: File or FallbackToLogsOnError.
  imagePullPolicy: When the image is pulled: Always, IfNotPresent or Never.
  securityContext: Settings of security for this container; they go before those of the pod.
  stdin: The container has an input that clients can attach to.
  stdinOnce: The input is closed when the first client that attached to it leaves.
  tty: The container has a terminal. Needs stdin.
EphemeralContainer: A container that is added to a running pod to look into it, as "kubectl debug" does.
  targetContainerName: A container of the pod whose processes this one is to see.
ContainerPort: A port that a container listens on.
  name: What services may call it, no other port of the pod may be called so.
  hostPort: The same port of the node leads here. Only one pod of a node can have it.
  containerPort: The port, 1 to 65535.
  protocol: TCP, UDP or SCTP. TCP where nothing is said.
  hostIP: The address of the node at which hostPort is.
ContainerResizePolicy: What a resize of one resource does to a container.
  resourceName: cpu or memory.
  restartPolicy: NotRequired or RestartContainer. NotRequired where nothing is said.
ContainerRestartRule: What is done at an ending of a container.
  action: Restart, or RestartAllContainers where it is switched on.
  exitCodes: Endings that the rule is for.
ContainerRestartRuleOnExitCodes: Exit codes of a container.
  operator: In or NotIn.
  values: The exit codes that it is about, 0 to 255.
EnvVar: A variable of a container's environment.
  name: Its name.
  value: Its value. $(NAME) stands for a variable that comes before, or one of a service; $$ for a dollar.
  valueFrom: Where its value comes from. Not with value.
EnvVarSource: Where the value of a variable comes from; one of these.
  fieldRef: A field of the pod: metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'], spec.nodeName, spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP or status.podIPs.
  resourceFieldRef: What a container requests or is limited to.
  configMapKeyRef: A key of a ConfigMap.
  secretKeyRef: A key of a Secret.
  fileKeyRef: A variable in a file of a volume that an init container wrote.
EnvFromSource: Where many variables come from at once.
  prefix: Put before each name.
  configMapRef: A ConfigMap.
  secretRef: A Secret.
ConfigMapEnvSource: A ConfigMap whose keys become variables.
  optional: The ConfigMap need not be there.
SecretEnvSource: A Secret whose keys become variables.
  optional: The Secret need not be there.
ConfigMapKeySelector: A key of a ConfigMap.
  key: The key.
  optional: ConfigMap and key need not be there.
SecretKeySelector: A key of a Secret.
  key: The key.
  optional: Secret and key need not be there.
FileKeySelector: A variable in a file of a volume.
  volumeName: The volume, an emptyDir.
  path: The file, below the volume's top.
  key: The variable in it.
  optional: File and variable need not be there.
ObjectFieldSelector: A field of an object.
  apiVersion: The version that the path is written for; v1 where nothing is said.
  fieldPath: The path to the field.
ResourceFieldSelector: What a container requests or is limited to.
  containerName: The container. Must be given for volumes; else the container itself where nothing is said.
  resource: Such as limits.cpu or requests.memory.
  divisor: The unit that the number is given in, such as 1Mi. 1 where nothing is said.
ResourceRequirements: What a container asks for and may use.
  limits: At most so much. What is over it is slowed down for cpu, and killed for memory.
  requests: At least so much: what the scheduler counts. Equal to limits where nothing is said.
  claims: Claims of the pod whose devices the container gets.
ResourceClaim: A claim of a pod that one of its containers uses.
  name: The entry of the pod's spec.resourceClaims.
  request: The request in the claim whose devices are wanted. Absent: all of them.
VolumeResourceRequirements: How large a volume is to be.
  limits: At most so much.
  requests: At least so much, under storage. May grow where the class allows it.
Lifecycle: What is done at the start and before the end of a container.
  postStart: Done just after its start, beside what it runs. The container is killed when it fails.
  preStop: Done before it is asked to end. The grace period runs on meanwhile.
  stopSignal: The signal that asks it to end, instead of the image's. Needs spec.os.name.
LifecycleHandler: One thing that is done in or to a container.
  exec: A command in the container.
  httpGet: A request over HTTP.
  tcpSocket: Not used, kept for old objects: it fails when it is run.
  sleep: Nothing, for some time.
SleepAction: Nothing is done for some time.
  seconds: How long.
ExecAction: A command in the container, which no shell reads.
  command: The command and its arguments. Exit code 0 is success.
HTTPGetAction: A request over HTTP; answers of 200 to 399 are success.
  path: The path that is asked for.
  port: The port, as a number or a name of the container's ports.
  host: The host that is asked; the pod's address where nothing is said.
  scheme: HTTP or HTTPS, whose certificate is not checked. HTTP where nothing is said.
  httpHeaders: Headers of the request.
  protocol: The version of HTTP that is spoken.
HTTPHeader: A header of a request.
  name: Its name.
  value: Its value.
TCPSocketAction: A connection over TCP; to be connected is success.
  port: The port, as a number or a name of the container's ports.
  host: The host; the pod's address where nothing is said.
GRPCAction: A question by the health checking protocol of gRPC.
  port: The port.
  service: The service that is asked about; empty: the server as a whole.
  mode: How the connection is made.
Probe: How a container is asked whether it is well.
  initialDelaySeconds: Seconds after the container's start before it is first asked.
  timeoutSeconds: Seconds that an answer may take. 1 where nothing is said.
  periodSeconds: Seconds from one question to the next. 10 where nothing is said.
  successThreshold: So many answers one after the other, after a failure, are a success. 1 where nothing is said; it must be for liveness and startup.
  failureThreshold: So many failures one after the other are a failure. 3 where nothing is said.
  terminationGracePeriodSeconds: The grace period when this probe ends the container, instead of the pod's. Not for readiness.
ProbeHandler: How it is asked; one of these.
  exec: By a command in the container.
  httpGet: By a request over HTTP.
  tcpSocket: By a connection over TCP.
  grpc: By the health checking protocol of gRPC.
SecurityContext: Settings of security for a container; they go before those of the pod.
  capabilities: Capabilities that are added to those of the runtime, or taken away.
  privileged: The container may do nearly all that a process of the node may.
  seLinuxOptions: The container's SELinux context.
  windowsOptions: Settings for Windows.
  runAsUser: The user id that the first process runs as. The image's where nothing is said.
  runAsGroup: The group id that the first process runs as.
  runAsNonRoot: The kubelet refuses to start the container as user 0.
  readOnlyRootFilesystem: Nothing can be written but to volumes.
  allowPrivilegeEscalation: Whether a process may get more rights than its parent. Always so for privileged containers and those with CAP_SYS_ADMIN.
  procMount: How /proc is mounted: Default, with parts masked, or Unmasked, which needs hostUsers: false.
  seccompProfile: Which system calls the container may make.
  appArmorProfile: The container's AppArmor profile.
Capabilities: Capabilities of a container's processes.
  add: Added to those of the runtime, such as NET_ADMIN.
  drop: Taken away; ALL takes away all.
ContainerStatus: How a container is.
  name: The container.
  state: What it does now.
  lastState: How its instance before this one ended.
  ready: It runs, and its readiness probe is content where it has one.
  restartCount: How often it was started again.
  image: The image that it runs, as the runtime names it.
  imageID: The image's id, mostly with its digest.
  containerID: The instance's id, as RUNTIME://ID.
  started: It has started, and its startup probe is content where it has one.
  allocatedResources: What the node has set aside for it.
  resources: The requests and limits that are in effect.
  volumeMounts: How its volumes are mounted.
  user: Who its first process began as.
  allocatedResourcesStatus: How the devices that it has are.
  stopSignal: The signal that asks it to end.
ContainerState: What a container does; one of these, waiting where nothing is said.
  waiting: It has not begun yet.
  running: It runs.
  terminated: It has ended.
ContainerStateWaiting: A container that has not begun yet.
  reason: Why, in one word, such as ImagePullBackOff.
  message: Why, for people.
ContainerStateRunning: A container that runs.
  startedAt: Since when.
ContainerStateTerminated: A container that has ended.
  exitCode: The code that its first process ended with.
  signal: The signal that ended it.
  reason: Why, in one word, such as Completed, Error or OOMKilled.
  message: What it left as its termination message, or why it could not begin.
  startedAt: When this instance began.
  finishedAt: When this instance ended.
  containerID: The instance's id, as RUNTIME://ID.
ContainerUser: Who a container's first process began as.
  linux: On Linux.
LinuxContainerUser: Who a container runs as.
  uid: The user id.
  gid: The group id.
  supplementalGroups: Further group ids.
ResourceStatus: How the devices of one resource or claim are.
  name: The resource, or claim:NAME/REQUEST.
  resources: How each of them is.
ResourceHealth: How a device is.
  resourceID: Which device.
  health: Healthy, Unhealthy or Unknown.
  message: More about it, for people.
VolumeMount: Where a container has a volume.
  name: The volume of the pod.
  readOnly: The container cannot write to it.
  recursiveReadOnly: Mounts below it are read-only too: Disabled, IfPossible or Enabled.
  mountPath: Where in the container. No colon.
  subPath: The part of the volume that is mounted; its top where nothing is said.
  mountPropagation: Whether mounts that are made later are seen inside and outside: None, HostToContainer or Bidirectional. None where nothing is said.
  subPathExpr: As subPath, with $(NAME) for variables of the environment. Not with subPath.
  bindMountOptions: Further options of the mount.
VolumeMountStatus: How a volume is mounted.
  name: The volume of the pod.
  mountPath: Where in the container.
  readOnly: The container cannot write to it.
  recursiveReadOnly: Whether mounts below it are read-only too, as it came out.
  volumeStatus: What is known about the volume.
VolumeStatus: What is known about a mounted volume.
  image: Of a volume that is an image.
ImageVolumeStatus: What is known about a volume that is an image.
  imageRef: The image's digest.
VolumeDevice: A volume that a container has as a block device.
  name: The claim's volume in the pod.
  devicePath: Where in the container.
`;
