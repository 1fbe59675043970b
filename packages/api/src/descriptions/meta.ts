/** See `../descriptions.ts` for how this is read. */
export const meta = `
ObjectMeta: What every object has besides what it is about.
  annotations: Annotations are any texts by keys that tools and people keep with the object. They cannot be selected by.
  creationTimestamp: CreationTimestamp is a timestamp of the moment when the server made the object. Set by the server.
  deletionGracePeriodSeconds: DeletionGracePeriodSeconds is how long the object may take to end after its deletion was asked for. Set by the server.
  deletionTimestamp: DeletionTimestamp is the moment after which the object is to be gone. Set by the server when deletion is asked for; it cannot be taken back.
  finalizers: Finalizers name who must still clean up before the object may go; each takes its own entry away when it is done.
  generateName: GenerateName begins the name that the server makes up where none is given.
  generation: Generation counts the changes to what is wanted of the object. Set by the server.
  labels: Labels are texts by keys by which objects are grouped and selected.
  managedFields: ManagedFields says who set which fields of the object. Kept by the server for server-side apply.
  name: Name is unlike that of every other object of the kind in the namespace. It cannot be changed.
  namespace: Namespace is the space that the name is unique in; empty for kinds that belong to the whole cluster. It cannot be changed.
  ownerReferences: OwnerReferences are the objects that this one depends on: when all of them are gone, it is collected.
  resourceVersion: ResourceVersion tells states of the object apart. Clients give it back unchanged so that they change what they have seen.
  selfLink: SelfLink is no longer set.
  uid: UID is unlike that of every object there ever was, also of one with the same name. Set by the server.
OwnerReference: An object that this one depends on.
  apiVersion: Group and version of its kind.
  kind: Its kind.
  name: Its name.
  uid: Its uid.
  controller: It is the one that runs this object. One may be.
  blockOwnerDeletion: Where the owner is deleted in the foreground, it waits for this object to be gone.
ManagedFieldsEntry: Which fields somebody has set.
  manager: Who.
  operation: How: Apply or Update.
  apiVersion: The version that the fields are named in.
  time: When the set of fields last changed.
  fieldsType: How the fields are written: FieldsV1.
  fieldsV1: The fields.
  subresource: Through which subresource, if any.
FieldsV1: Fields of an object, as a tree: f:NAME for a field, k:{...} for an element of a list by its keys, v:... by its value.
ListMeta: What every list has besides its items.
  selfLink: No longer set.
  resourceVersion: The moment that the list is of, for watching from there.
  continue: What is to be given back for the next page. Empty: there is none.
  remainingItemCount: How many more there are, where that is known.
  shardInfo: Which part of all objects the list is of.
ShardInfo: Which part of all objects a list is of.
  selector: The part, as it was asked for.
LabelSelector: Objects, by their labels; all requirements must hold. Empty: all; absent: none.
  matchLabels: Labels that must have these values.
  matchExpressions: Further requirements.
LabelSelectorRequirement: A requirement on a label.
  key: The label.
  operator: In, NotIn, Exists or DoesNotExist.
  values: What it is compared with; for In and NotIn.
FieldSelectorRequirement: A requirement on a field.
  key: The field.
  operator: In, NotIn, Exists or DoesNotExist.
  values: What it is compared with; for In and NotIn.
Condition: Something that is true of an object, or not, or not known.
  type: What the condition is about, in CamelCase.
  status: True, False or Unknown.
  observedGeneration: The generation that it was found for; older than the object's: it is out of date.
  lastTransitionTime: When the status last changed.
  reason: Why, in one word for machines.
  message: Why, for people.
Status: How a request ended that does not answer with an object.
  status: Success or Failure.
  message: What happened, for people.
  reason: What happened, in one word for machines, such as NotFound.
  details: More, by the reason.
  code: The status code of HTTP.
StatusDetails: More about how a request ended.
  name: The object's name.
  group: The group of its kind.
  kind: Its kind, or the resource.
  uid: Its uid.
  causes: What was wrong, one by one.
  retryAfterSeconds: Seconds after which it may be tried again.
StatusCause: One thing that was wrong with a request.
  reason: What, in one word for machines, such as FieldValueInvalid.
  message: What, for people.
  field: The field, such as spec.containers[0].image.
DeleteOptions: How an object is to be deleted.
  gracePeriodSeconds: Seconds that it may take; 0: at once. The kind's own where nothing is said.
  preconditions: What must be so, or nothing is deleted.
  orphanDependents: Superseded by propagationPolicy.
  propagationPolicy: What becomes of those that depend on it: Orphan (they stay), Background (they go later) or Foreground (they go first).
  dryRun: All: everything but the deletion is done.
  ignoreStoreReadErrorWithClusterBreakingPotential: An object that cannot be read is removed without anybody being asked. It can break the cluster.
Preconditions: What must be so for a request to be done.
  uid: The object has this uid.
  resourceVersion: The object has this version.
WatchEvent: A change, as a watch tells of it.
  type: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.
  object: The object after it; as it was before for DELETED; a Status for ERROR.
APIVersions: The versions of the core group.
  versions: They.
  serverAddressByClientCIDRs: Which address of the server clients use.
ServerAddressByClientCIDR: Which address of the server some clients use.
  clientCIDR: The clients.
  serverAddress: The address.
APIGroupList: The groups that are served.
  groups: They.
APIGroup: A group of kinds.
  name: Its name.
  versions: Its versions.
  preferredVersion: The one that clients choose who do not care.
  serverAddressByClientCIDRs: Which address of the server clients use.
GroupVersionForDiscovery: A version of a group.
  groupVersion: As GROUP/VERSION.
  version: The version alone.
APIResourceList: What a version of a group has.
  groupVersion: The version, as GROUP/VERSION.
  resources: Its resources.
APIResource: A resource that is served.
  name: Its name, plural.
  singularName: Its name, singular.
  namespaced: It has namespaces.
  group: Another group than that of the list.
  version: Another version than that of the list.
  kind: Its kind.
  verbs: What can be done with it.
  shortNames: What people may call it.
  categories: What it belongs to, such as all.
  storageVersionHash: Another one for each version that it is stored in.
Table: Objects as rows, for people.
  columnDefinitions: What the columns are.
  rows: A row for each object.
TableColumnDefinition: A column.
  name: What stands over it.
  type: integer, number, boolean or string.
  format: More about the type, such as name or date.
  description: What it says.
  priority: 0: always shown; more: where there is room.
TableRow: An object as a row.
  cells: What the columns say of it.
  conditions: What is true of the row, such as Completed.
  object: The object or its metadata, as it was asked for.
TableRowCondition: Something that is true of a row.
  type: What the condition is about.
TableOptions: How a table is wanted.
  includeObject: None, Metadata or Object.
PartialObjectMetadata: An object's metadata alone.
PartialObjectMetadataList: The metadata of objects.
GroupVersionKind: A kind, with its group and version.
  group: The group; empty: the core group.
  version: The version.
  kind: The kind.
GroupVersionResource: A resource, with its group and version.
  group: The group; empty: the core group.
  version: The version.
  resource: The resource.
GroupResource: A resource, with its group.
  group: The group; empty: the core group.
  resource: The resource.
GroupKind: A kind, with its group.
  group: The group; empty: the core group.
  kind: The kind.
GroupVersion: A version of a group.
  group: The group.
  version: The version.
RootPaths: What is served.
  paths: Paths.
Time: A moment, as RFC 3339 has it, to the second.
MicroTime: A moment, as RFC 3339 has it, to the microsecond.
Duration: A span of time, such as 1h30m.
Verbs: What can be done.
TypeMeta: Which kind an object is.
Quantity: An amount, such as 500m, 1.5, 128Mi or 2e3: a number with a unit of thousands or of 1024s.
IntOrString: A number, or a text such as a percentage or a name.
RawExtension: Any object.
List: Objects of any kind.
GetOptions: How an object is read.
  resourceVersion: The state must be at least as new as this one.
ListOptions: Which objects are listed, and how.
  labelSelector: Their labels.
  fieldSelector: Their fields.
  watch: Changes are told from here on instead.
  allowWatchBookmarks: The watch may tell of moments without a change.
  resourceVersion: The state that is wanted.
  resourceVersionMatch: NotOlderThan or Exact.
  timeoutSeconds: The watch ends after so many seconds.
  limit: At most so many at once.
  continue: Where the page before ended.
  sendInitialEvents: The watch begins with all that there is.
  shardSelector: A part of all objects, by hash.
CreateOptions: How an object is made.
  dryRun: All: everything but the making is done.
  fieldManager: Who sets the fields.
  fieldValidation: What becomes of unknown and repeated fields: Ignore, Warn or Strict.
UpdateOptions: How an object is replaced.
  dryRun: All: everything but the writing is done.
  fieldManager: Who sets the fields.
  fieldValidation: What becomes of unknown and repeated fields: Ignore, Warn or Strict.
PatchOptions: How an object is changed in part.
  dryRun: All: everything but the writing is done.
  force: An apply takes fields over from others.
  fieldManager: Who sets the fields.
  fieldValidation: What becomes of unknown and repeated fields: Ignore, Warn or Strict.
ApplyOptions: How an object is applied.
  dryRun: All: everything but the writing is done.
  force: Fields are taken over from others.
  fieldManager: Who sets the fields.
Info: Which version of the server this is.
  major: The major version.
  minor: The minor version.
  emulationMajor: The major version that it behaves as.
  emulationMinor: The minor version that it behaves as.
  minCompatibilityMajor: The oldest major version that it goes with.
  minCompatibilityMinor: The oldest minor version that it goes with.
  gitVersion: The whole version, such as v1.37.0.
  gitCommit: The commit it was built from.
  gitTreeState: clean, or dirty where there were further changes.
  buildDate: When it was built.
  goVersion: The version of Go that it was built with, or what stands for it.
  compiler: The compiler, or what stands for it.
  platform: Operating system and architecture.
Patch: A change of an object in part: a JSON patch, a merge patch, a strategic merge patch or fields to apply.
`;
