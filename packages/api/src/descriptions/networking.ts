/** See `../descriptions.ts` for how this is read. */
export const networking = `
Ingress: Leads requests over HTTP from outside to services, by host and path.
IngressSpec: What an ingress is to do.
  ingressClassName: The class of who serves it. The default class where nothing is said.
  defaultBackend: Where requests go that no rule fits.
  tls: Certificates by host. All on port 443.
  rules: Where requests go, by host.
IngressTLS: A certificate, and the hosts it is for.
  hosts: The hosts. Those of the rules where nothing is said.
  secretName: The Secret with tls.crt and tls.key. The default certificate where nothing is said.
IngressRule: Where requests for a host go.
  host: The host, or *.DOMAIN for what is one level below. Absent: all.
IngressRuleValue: How requests for a host are looked at.
  http: By their path.
HTTPIngressRuleValue: Where requests go, by path.
  paths: The paths. The longest that fits counts.
HTTPIngressPath: Where requests for a path go.
  path: The path, from /.
  pathType: Exact, Prefix (element by element) or ImplementationSpecific.
  backend: Where they go.
IngressBackend: Where requests go; one of these.
  service: A service.
  resource: Another object, for who serves it to understand.
IngressServiceBackend: A port of a service.
  name: The service.
  port: Its port.
ServiceBackendPort: A port of a service, by name or number.
  name: Its name.
  number: Its number.
IngressStatus: How an ingress is.
  loadBalancer: Where it can be reached.
IngressLoadBalancerStatus: Where an ingress can be reached.
  ingress: Addresses and names.
IngressLoadBalancerIngress: Where an ingress can be reached.
  ip: An address.
  hostname: A name.
  ports: How each port is.
IngressPortStatus: How a port is.
  port: The port.
  protocol: TCP, UDP or SCTP.
  error: What is wrong with it, in one word.
IngressClass: Who serves some ingresses.
IngressClassSpec: Who serves some ingresses.
  controller: Who, a name with a domain. Cannot be changed.
  parameters: An object with settings for it.
IngressClassParametersReference: An object with settings.
  apiGroup: The group of its kind. Absent: the core group.
  kind: Its kind.
  name: Its name.
  scope: Cluster or Namespace. Cluster where nothing is said.
  namespace: Its namespace, for scope Namespace.
NetworkPolicy: Says which connections some pods may have. Pods that no policy chooses may have all.
NetworkPolicySpec: Which connections some pods may have.
  podSelector: The pods it is about, in its namespace. Empty: all.
  ingress: Who may come. Empty, with Ingress among the types: nobody.
  egress: Where they may go. Empty, with Egress among the types: nowhere.
  policyTypes: Ingress, Egress or both. Where nothing is said: Ingress, and Egress where there are rules for it.
NetworkPolicyIngressRule: Who may come, and to which ports.
  ports: The ports. None: all.
  from: Who. None: everybody.
NetworkPolicyEgressRule: Where pods may go, and to which ports.
  ports: The ports. None: all.
  to: Where. None: everywhere.
NetworkPolicyPeer: Who or where; addresses, or pods by their own and their namespace's labels.
  podSelector: Pods, in the policy's namespace or those of namespaceSelector. Empty: all.
  namespaceSelector: Namespaces. Empty: all.
  ipBlock: Addresses. Not with the others.
IPBlock: Addresses.
  cidr: The range, such as 10.0.0.0/8.
  except: Ranges within it that are not meant.
NetworkPolicyPort: A port, or several in a row.
  protocol: TCP, UDP or SCTP. TCP where nothing is said.
  port: The port, a number or a name of the pods' ports. Absent: all.
  endPort: The last one of several from port on.
ServiceCIDR: Addresses for services.
ServiceCIDRSpec: Addresses for services.
  cidrs: One range of each family. Cannot be changed.
ServiceCIDRStatus: How a range for services is.
  conditions: What is true of it now: Ready.
IPAddress: An address that a service has.
IPAddressSpec: Who has an address.
  parentRef: The object.
ParentReference: An object that has an address.
  group: Its group.
  resource: Its resource.
  namespace: Its namespace.
  name: Its name.
EndpointSlice: Some of the addresses behind a service.
  addressType: IPv4, IPv6 or FQDN. Cannot be changed.
  endpoints: The addresses, up to 1000.
  ports: The ports that they all have. None: all.
Endpoint: Addresses of one pod, or whatever is behind a service.
  addresses: Its addresses, which are all the same; clients take the first.
  conditions: How it is.
  hostname: The host name that it has below the service's name.
  targetRef: The object, mostly a pod.
  deprecatedTopology: No longer used: see nodeName and zone.
  nodeName: The node where it is.
  zone: The zone where it is.
  hints: Who should rather use it.
EndpointConditions: How an endpoint is.
  ready: It can be asked: it serves and is not ending. Absent: true.
  serving: It answers, whether it is ending or not. Absent: as ready.
  terminating: It is ending.
EndpointHints: Who should rather use an endpoint.
  forZones: Those in these zones.
  forNodes: Those on these nodes.
ForZone: A zone.
  name: Its name.
ForNode: A node.
  name: Its name.
discovery.EndpointPort: A port behind a service.
  name: The name of the service's port.
  protocol: TCP, UDP or SCTP. TCP where nothing is said.
  port: The port. Absent: all.
  appProtocol: What is spoken on it.
`;
