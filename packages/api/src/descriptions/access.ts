/** See `../descriptions.ts` for how this is read. */
export const access = `
Role: What may be done in a namespace.
  rules: All that may be done; nothing takes anything away.
ClusterRole: What may be done in the whole cluster, or in a namespace by a RoleBinding.
  rules: All that may be done; nothing takes anything away.
  aggregationRule: The rules are put together from other roles, and what is written here is replaced.
AggregationRule: Roles whose rules are put together.
  clusterRoleSelectors: Their labels; those that fit one of these are taken.
rbac.PolicyRule: Something that may be done.
  verbs: What: get, list, watch, create, update, patch, delete, deletecollection and others; * for all.
  apiGroups: Groups of the resources; the empty one is the core group, * all.
  resources: Resources, as pods or pods/log; * for all.
  resourceNames: Only objects of these names. None: all.
  nonResourceURLs: Paths that are no resources, such as /healthz or /metrics/*. In ClusterRoles only.
RoleBinding: Gives a role to people, groups or service accounts, in a namespace.
  subjects: Who.
  roleRef: A Role in the namespace or a ClusterRole. Cannot be changed.
ClusterRoleBinding: Gives a ClusterRole to people, groups or service accounts, in the whole cluster.
  subjects: Who.
  roleRef: The ClusterRole. Cannot be changed.
RoleRef: A role.
  apiGroup: rbac.authorization.k8s.io.
  kind: Role or ClusterRole.
  name: Its name.
rbac.Subject: A person, group or service account.
  kind: User, Group or ServiceAccount.
  apiGroup: Empty for a ServiceAccount, rbac.authorization.k8s.io else.
  name: Its name.
  namespace: The namespace of a ServiceAccount.
TokenReview: Asks who a token stands for.
TokenReviewSpec: The token that is asked about.
  token: The token.
  audiences: Who asks: the token must be for one of them. The API server where nothing is said.
TokenReviewStatus: Who a token stands for.
  authenticated: It stands for somebody.
  user: Who.
  audiences: Those of the question that the token is for.
  error: Why it could not be found out.
TokenRequest: Asks for a token of a service account.
TokenRequestSpec: What token is asked for.
  audiences: Who the token is for.
  expirationSeconds: How long it is to hold. The answer may differ.
  boundObjectRef: An object with which the token ends: a Pod, Secret or Node.
  attestations: Further statements that the token is to carry.
TokenRequestStatus: The token.
  token: The token.
  expirationTimestamp: Until when it holds.
BoundObjectReference: An object that a token is bound to.
  kind: Pod, Secret or Node.
  apiVersion: Its version.
  name: Its name.
  uid: Its uid.
UserInfo: Who somebody is.
  username: The name.
  uid: What tells users of the same name apart, over time.
  groups: The groups.
  extra: More, from who vouches for them.
SelfSubjectReview: Asks who one is.
SelfSubjectReviewStatus: Who one is.
  userInfo: The name, groups and so on.
SubjectAccessReview: Asks whether somebody may do something.
LocalSubjectAccessReview: Asks whether somebody may do something in a namespace.
SelfSubjectAccessReview: Asks whether one may do something.
SelfSubjectRulesReview: Asks what one may do in a namespace.
SubjectAccessReviewSpec: Who, and what. One of the two sorts of attributes.
  resourceAttributes: Something with a resource.
  nonResourceAttributes: Something with a path.
  user: The name.
  groups: The groups.
  extra: More, from who vouches for them.
  uid: The uid.
SelfSubjectAccessReviewSpec: What. One of the two.
  resourceAttributes: Something with a resource.
  nonResourceAttributes: Something with a path.
SelfSubjectRulesReviewSpec: Where.
  namespace: The namespace.
SubjectAccessReviewStatus: Whether they may.
  allowed: They may.
  denied: They may not, whoever else would let them.
  reason: Why.
  evaluationError: What went wrong while it was found out; the answer may be right all the same.
SubjectRulesReviewStatus: What one may do.
  resourceRules: With resources.
  nonResourceRules: With paths.
  incomplete: There may be more.
  evaluationError: What went wrong.
ResourceAttributes: Something that is done with a resource.
  namespace: In which namespace. Empty: none, or all for lists.
  verb: What, such as get; * for all.
  group: The group; * for all.
  version: The version; * for all.
  resource: The resource; * for all.
  subresource: The subresource, if any.
  name: The object; empty: all.
  fieldSelector: Only objects with such fields.
  labelSelector: Only objects with such labels.
NonResourceAttributes: Something that is done with a path.
  path: The path.
  verb: What, such as get.
FieldSelectorAttributes: Objects by their fields. One of the two.
  rawSelector: As it stands in a query; not for who decides.
  requirements: Requirements that must all hold.
LabelSelectorAttributes: Objects by their labels. One of the two.
  rawSelector: As it stands in a query; not for who decides.
  requirements: Requirements that must all hold.
ResourceRule: Something that one may do with resources.
  verbs: What.
  apiGroups: Groups.
  resources: Resources.
  resourceNames: Only objects of these names. None: all.
NonResourceRule: Something that one may do with paths.
  verbs: What.
  nonResourceURLs: Paths.
CertificateSigningRequest: Asks for a certificate.
CertificateSigningRequestSpec: What certificate is asked for. Cannot be changed.
  request: The request, PKCS#10 in PEM.
  signerName: Who is to sign it, such as kubernetes.io/kube-apiserver-client.
  expirationSeconds: How long it is to hold, at least 600. The signer decides.
  usages: What the key may be used for.
  username: Who asked. Filled in by the server.
  uid: The uid of who asked.
  groups: The groups of who asked.
  extra: More of who asked.
CertificateSigningRequestStatus: What became of a request.
  conditions: Approved, Denied or Failed.
  certificate: The certificates in PEM.
CertificateSigningRequestCondition: What was decided about a request.
  type: Approved, Denied or Failed.
  lastUpdateTime: When it was last written.
ClusterTrustBundle: Certificates that the cluster trusts.
ClusterTrustBundleSpec: Certificates that the cluster trusts.
  signerName: The signer that they belong to, if any.
  trustBundle: The certificates in PEM.
PodCertificateRequest: A kubelet asks for a certificate for a pod.
PodCertificateRequestSpec: What certificate is asked for. Cannot be changed.
  signerName: Who is to sign it.
  podName: The pod.
  podUID: Its uid.
  serviceAccountName: Its service account.
  serviceAccountUID: The account's uid.
  nodeName: The pod's node.
  nodeUID: The node's uid.
  maxExpirationSeconds: How long it may hold at most.
  stubPKCS10Request: A request that is signed with the key, to show that the kubelet has it.
  unverifiedUserAnnotations: Further words of the pod to the signer.
  pkixPublicKey: The public key.
  proofOfPossession: The pod's uid, signed with the key.
PodCertificateRequestStatus: What became of a request.
  conditions: Issued, Denied or Failed.
  certificateChain: The certificates in PEM.
  notBefore: From when it holds.
  beginRefreshAt: When it should be renewed.
  notAfter: Until when it holds.
ExtraValue: Texts.
AttestationValue: What is stated.
`;
