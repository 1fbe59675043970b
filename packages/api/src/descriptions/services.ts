/** See `../descriptions.ts` for how this is read. */
export const services = `
Service: A name and an address for a set of pods, which share what is sent to it.
ServiceSpec: What a service is to be.
  ports: The ports that it has.
  selector: Labels of the pods that it leads to. None: somebody else writes its EndpointSlices. Not used with ExternalName.
  clusterIP: Its address in the cluster. Given by the server; None makes a headless service, whose name leads to the pods themselves.
  clusterIPs: Its addresses, one of each family; the first is clusterIP.
  type: ClusterIP (an address in the cluster), NodePort (a port of each node too), LoadBalancer (an address outside too) or ExternalName (another name). ClusterIP where nothing is said.
  externalIPs: Addresses of the nodes that somebody else leads there, at which the service is served too.
  sessionAffinity: ClientIP: a client comes to the same pod each time. None where nothing is said.
  loadBalancerIP: The address that is wished for. Not every load balancer listens.
  loadBalancerSourceRanges: Addresses of clients that the load balancer lets in. All where nothing is said.
  externalName: The name that this one stands for, answered as a CNAME.
  externalTrafficPolicy: Who answers what comes from outside: Cluster (all pods) or Local (those of the node it came to, which see the client's address).
  healthCheckNodePort: The port at which each node says whether it has pods of the service; with type LoadBalancer and policy Local.
  publishNotReadyAddresses: Pods are led to, and have names, also while they are not ready.
  sessionAffinityConfig: How long a client comes to the same pod.
  ipFamilies: IPv4, IPv6 or both, in the order of clusterIPs.
  ipFamilyPolicy: SingleStack, PreferDualStack or RequireDualStack. SingleStack where nothing is said.
  allocateLoadBalancerNodePorts: Whether a load balancer gets ports of the nodes. True where nothing is said.
  loadBalancerClass: The load balancer that serves it; the cluster's own where nothing is said. Cannot be changed later.
  internalTrafficPolicy: Who answers what comes from within: Cluster (all pods) or Local (those of the same node, or nobody).
  trafficDistribution: Whom requests prefer: PreferSameZone, PreferSameNode, or PreferClose, which is as PreferSameZone.
ServicePort: A port of a service.
  name: Its name, which it must have where there are several.
  protocol: TCP, UDP or SCTP. TCP where nothing is said.
  appProtocol: What is spoken on it, for those who look into it, such as https or kubernetes.io/h2c.
  port: The service's port.
  targetPort: The pods' port, a number or a name of a container's port. As port where nothing is said.
  nodePort: The nodes' port. Given by the server where it is needed.
SessionAffinityConfig: How a client comes to the same pod each time.
  clientIP: By its address.
ClientIPConfig: Clients told apart by their address.
  timeoutSeconds: Seconds for which they are remembered. 10800 where nothing is said.
ServiceStatus: How a service is.
  loadBalancer: What the load balancer has given it.
  conditions: What is true of the service now.
LoadBalancerStatus: What a load balancer has given.
  ingress: Where it can be reached.
LoadBalancerIngress: Where a load balancer can be reached.
  ip: An address.
  hostname: A name.
  ipMode: VIP (packets come with this address) or Proxy (with a node's or a pod's).
  ports: How each port is.
PortStatus: How a port of a load balancer is.
  port: The port.
  protocol: TCP, UDP or SCTP.
  error: What is wrong with it, in one word.
ServiceProxyOptions: What is asked of a service through the API server.
  path: The path of the request.
Endpoints: The addresses behind a service. Superseded by EndpointSlice.
  subsets: Addresses that have the same ports.
EndpointSubset: Addresses that have the same ports.
  addresses: Those that are ready.
  notReadyAddresses: Those that are not.
  ports: The ports.
EndpointAddress: An address behind a service.
  ip: The address.
  hostname: The host name that it has below the service's name.
  nodeName: The node where it is.
  targetRef: What is there, mostly a pod.
EndpointPort: A port behind a service.
  name: The name of the service's port.
  port: The port.
  protocol: TCP, UDP or SCTP.
  appProtocol: What is spoken on it.
`;
