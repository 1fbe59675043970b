/** See `../descriptions.ts` for how this is read. */
export const admission = `
ValidatingWebhookConfiguration: Servers that are asked whether a request may be done.
  webhooks: They, and what they are asked about.
MutatingWebhookConfiguration: Servers that are asked whether a request may be done, and may change its object.
  webhooks: They, and what they are asked about.
ValidatingWebhook: A server that is asked, and what about.
  name: Its name, with a domain.
  clientConfig: Where it is.
  rules: Which requests it is asked about.
  failurePolicy: What becomes of a request when it does not answer: Fail or Ignore. Fail where nothing is said.
  matchPolicy: Whether requests in other versions fit too: Exact or Equivalent. Equivalent where nothing is said.
  namespaceSelector: Only objects in such namespaces.
  objectSelector: Only objects with such labels, before or after.
  sideEffects: What it does besides: None or NoneOnDryRun.
  timeoutSeconds: Seconds that it may take, up to 30. 10 where nothing is said.
  admissionReviewVersions: Versions of AdmissionReview that it understands, the best first.
  matchConditions: Only requests for which these are true.
MutatingWebhook: =ValidatingWebhook
  reinvocationPolicy: Whether it is asked again when another changed the object after it: Never or IfNeeded. Never where nothing is said.
WebhookClientConfig: Where a server is; one of url and service.
  url: Its address, https.
  service: A service of the cluster.
  caBundle: Who must have signed its certificate, in PEM. Those that the system trusts where nothing is said.
RuleWithOperations: Requests that are meant.
  operations: CREATE, UPDATE, DELETE, CONNECT; * for all.
Rule: Resources that are meant.
  apiGroups: Groups; * for all.
  apiVersions: Versions; * for all.
  resources: Resources, as pods, pods/log, pods/* or */*; * for all without subresources.
  scope: Cluster, Namespaced or *. * where nothing is said.
NamedRuleWithOperations: Requests that are meant.
  resourceNames: Only objects of these names. None: all.
MatchCondition: Something that must be true of a request.
  name: Its name.
  expression: It, in CEL: object, oldObject, request, authorizer and more.
ValidatingAdmissionPolicy: Rules in CEL that requests must keep, once a binding says where.
ValidatingAdmissionPolicySpec: The rules.
  paramKind: The kind of the objects with settings.
  matchConstraints: Which requests they are about.
  validations: What must be true.
  failurePolicy: What becomes of a request when a rule cannot be evaluated: Fail or Ignore. Fail where nothing is said.
  auditAnnotations: What is written into the audit log.
  matchConditions: Only requests for which these are true.
  variables: Values that the rules share.
ValidatingAdmissionPolicyStatus: What is known about a policy.
  observedGeneration: The generation that this status is about.
  typeChecking: What looks wrong in its rules.
  conditions: What is true of it now.
TypeChecking: What looks wrong in rules.
  expressionWarnings: Warnings.
ExpressionWarning: What looks wrong in a rule.
  fieldRef: Which rule.
  warning: What, by kind.
ParamKind: The kind of objects with settings.
  apiVersion: Its group and version.
  kind: The kind.
Validation: Something that must be true.
  expression: It, in CEL.
  message: What is told where it is not.
  reason: The reason of the refusal: Unauthorized, Forbidden, Invalid or RequestEntityTooLarge. Invalid where nothing is said.
  messageExpression: What is told where it is not, in CEL.
AuditAnnotation: What is written into the audit log.
  key: Its name, after that of the policy.
  valueExpression: It, in CEL; null: nothing.
Variable: A value that rules share.
  name: Its name: variables.NAME.
  expression: It, in CEL.
ValidatingAdmissionPolicyBinding: Where a policy holds, with which settings, and what it does.
ValidatingAdmissionPolicyBindingSpec: Where a policy holds.
  policyName: The policy.
  paramRef: The objects with settings.
  matchResources: Which of the requests that the policy is about.
  validationActions: What a broken rule does: Deny, Warn, Audit.
ParamRef: Objects with settings; one of name and selector.
  name: An object.
  namespace: Its namespace. That of the request where nothing is said.
  selector: Objects, by their labels.
  parameterNotFoundAction: What is done where there is none: Allow or Deny.
MatchResources: Which requests.
  namespaceSelector: Only objects in such namespaces.
  objectSelector: Only objects with such labels, before or after.
  resourceRules: Requests that are meant.
  excludeResourceRules: Requests that are not.
  matchPolicy: Whether requests in other versions fit too: Exact or Equivalent. Equivalent where nothing is said.
MutatingAdmissionPolicy: Changes in CEL that are made to objects, once a binding says where.
MutatingAdmissionPolicySpec: The changes.
  paramKind: The kind of the objects with settings.
  matchConstraints: Which requests they are about.
  variables: Values that the changes share.
  mutations: The changes, one after the other.
  failurePolicy: What becomes of a request when a change cannot be made: Fail or Ignore. Fail where nothing is said.
  matchConditions: Only requests for which these are true.
  reinvocationPolicy: Whether they are made again when something else changed the object after: Never or IfNeeded.
Mutation: A change; one of these, as patchType says.
  patchType: ApplyConfiguration or JSONPatch.
  applyConfiguration: Fields that are merged in as by server-side apply.
  jsonPatch: Steps of a JSON patch.
ApplyConfiguration: Fields that are merged in.
  expression: They, in CEL: Object{...}.
JSONPatch: Steps of a JSON patch.
  expression: They, in CEL: [JSONPatch{...}].
MutatingAdmissionPolicyBinding: Where a policy holds, and with which settings.
MutatingAdmissionPolicyBindingSpec: Where a policy holds.
  policyName: The policy.
  paramRef: The objects with settings.
  matchResources: Which of the requests that the policy is about.
CustomResourceDefinition: A kind of one's own, which is then served like any other.
CustomResourceDefinitionSpec: What the kind is.
  group: Its group. The definition is called PLURAL.GROUP.
  names: Its names.
  scope: Cluster or Namespaced.
  versions: Its versions.
  conversion: How objects get from one version into another.
  preserveUnknownFields: Must be false.
CustomResourceDefinitionNames: Names of a kind.
  plural: The resource's name.
  singular: The name of one. The kind in small letters where nothing is said.
  shortNames: What people may call it.
  kind: The kind, in CamelCase.
  listKind: The kind of its lists. KINDList where nothing is said.
  categories: What it belongs to, such as all.
CustomResourceDefinitionVersion: A version of a kind.
  name: Its name, such as v1 or v1beta1.
  served: It is served.
  storage: Objects are stored in it. One version has it.
  deprecated: Clients that use it are warned.
  deprecationWarning: What they are told.
  schema: What its objects look like.
  subresources: Which subresources it has.
  additionalPrinterColumns: Columns of its tables. The age where nothing is said.
  selectableFields: Fields that its objects can be selected by.
SelectableField: A field that objects can be selected by.
  jsonPath: Where it is, such as .spec.color.
CustomResourceColumnDefinition: A column of a table.
  name: What stands over it.
  type: integer, number, boolean, string or date.
  format: More about the type.
  description: What it says.
  priority: 0: always shown; more: where there is room.
  jsonPath: Where the value is.
CustomResourceSubresources: Subresources of a kind.
  status: The status is written apart from the rest.
  scale: It can be scaled.
CustomResourceSubresourceStatus: The status is written apart from the rest.
CustomResourceSubresourceScale: Where numbers are, for those who scale.
  specReplicasPath: How many there are to be, such as .spec.replicas.
  statusReplicasPath: How many there are, such as .status.replicas.
  labelSelectorPath: The labels of its pods, as a query.
CustomResourceConversion: How objects get from one version into another.
  strategy: None (only apiVersion changes) or Webhook.
  webhook: For Webhook: the server that is asked.
WebhookConversion: A server that converts objects.
  clientConfig: Where it is.
  conversionReviewVersions: Versions of ConversionReview that it understands, the best first.
CustomResourceValidation: What objects look like.
  openAPIV3Schema: The schema.
CustomResourceDefinitionStatus: How a definition stands.
  conditions: What is true of it now: NamesAccepted, Established, Terminating and others.
  acceptedNames: The names that it has.
  storedVersions: Versions that objects may be stored in.
  observedGeneration: The generation that this status is about.
CustomResourceDefinitionCondition: Something that is true of a definition.
  type: What the condition is about, such as Established.
JSONSchemaProps: A schema: what a value looks like. As OpenAPI v3 has it, with what Kubernetes adds.
  id: Not used.
  $schema: Not used.
  $ref: Not allowed.
  description: What it is, for people.
  type: object, array, string, integer, number or boolean.
  format: More about the type, such as date-time or int32.
  title: What it is called.
  default: What it is where nothing is said.
  maximum: At most so much.
  exclusiveMaximum: Less than maximum.
  minimum: At least so much.
  exclusiveMinimum: More than minimum.
  maxLength: At most so many characters.
  minLength: At least so many characters.
  pattern: A regular expression that it must fit.
  maxItems: At most so many elements.
  minItems: At least so many elements.
  uniqueItems: Must not be true: use x-kubernetes-list-type.
  multipleOf: A multiple of this.
  enum: One of these.
  maxProperties: At most so many fields.
  minProperties: At least so many fields.
  required: Fields that must be there.
  items: What each element looks like.
  allOf: All of these must hold.
  oneOf: One of these must hold, and no other.
  anyOf: One of these must hold.
  not: This must not hold.
  properties: What its fields look like.
  additionalProperties: What fields look like that properties does not name.
  patternProperties: Not allowed.
  dependencies: Not allowed.
  additionalItems: Not allowed.
  definitions: Not allowed.
  externalDocs: Where more is written.
  example: An example.
  nullable: It may be null.
  x-kubernetes-preserve-unknown-fields: Fields that are not named are kept.
  x-kubernetes-embedded-resource: It is an object of Kubernetes, with apiVersion, kind and metadata.
  x-kubernetes-int-or-string: It is a number or a text.
  x-kubernetes-list-map-keys: Fields by which elements of a list of type map are told apart.
  x-kubernetes-list-type: How the list is merged: atomic, set or map.
  x-kubernetes-map-type: How the object is merged: granular or atomic.
  x-kubernetes-validations: What must be true, in CEL.
ValidationRule: Something that must be true.
  rule: It, in CEL: self, and oldSelf for what was before.
  message: What is told where it is not.
  messageExpression: What is told where it is not, in CEL.
  reason: The reason: FieldValueInvalid, FieldValueForbidden, FieldValueRequired or FieldValueDuplicate. FieldValueInvalid where nothing is said.
  fieldPath: The field that is blamed, below this one.
  optionalOldSelf: The rule is also for values that were not there before: oldSelf is optional.
ExternalDocumentation: Where more is written.
  description: What.
  url: Where.
JSON: Any value.
JSONSchemaPropsOrArray: A schema.
  Schema: The schema.
  JSONSchemas: Several, of which none may be given.
JSONSchemaPropsOrBool: A schema, or whether anything is allowed.
  Allows: Anything is allowed.
  Schema: The schema.
JSONSchemaPropsOrStringArray: A schema, or names of fields.
  Schema: The schema.
  Property: Names of fields.
`;
