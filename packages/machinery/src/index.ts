export {
  apiVersionOf,
  type Behaviour,
  type CellContext,
  type Column,
  controllerReference,
  defineKind,
  type Deprecation,
  type Draft,
  groupResourceOf,
  type Asker,
  type HookContext,
  type Hub,
  type Kind,
  type KindDeclaration,
  type Mutable,
  type ObjectOf,
  type Part,
  type ResourceFacts,
  type RowCondition,
  type ScaleFacts,
  type SubresourceFacts,
  type Verb,
} from './kind.ts';
export {
  type ApiObject,
  controllerOf,
  type HeldMeta,
  isControlledBy,
  keyIn,
  keyOf,
  type Key,
  type LabelSelector,
  type LabelSelectorRequirement,
  type ListMeta,
  type ManagedFieldsEntry,
  type ObjectMeta,
  type OwnerReference,
  splitKey,
} from './meta.ts';
export { isFinished } from './finished.ts';
export type {
  Constraints,
  FieldSchema,
  ListSchema,
  MapSchema,
  ObjectSchema,
  ScalarSchema,
  ScalarType,
  Schema,
} from './schema.ts';
export { type Decoded, decode } from './engine/decode.ts';
export { DecodeError, type Literals } from './engine/decode-state.ts';
export { jsonTypeOf } from './engine/go-words.ts';
export type { FieldFacts, TypeFacts } from './engine/facts.ts';
export { dropDisabled } from './engine/gated-fields.ts';
export { inPrintedOrder } from './engine/printed-order.ts';
export { Schemas } from './engine/schemas.ts';
export { Field, type FieldError } from './field.ts';
export { type DeclaredError, DeclaredRules, withDeclared } from './rules/declared.ts';
export type { RuleFacts } from './rules/rule.ts';
export {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityMilliValue,
  quantityValue,
  subtractQuantities,
} from './quantity/quantity.ts';
export {
  alreadyExists,
  badRequest,
  conflict,
  done,
  expired,
  failure,
  forbidden,
  hasReason,
  internalError,
  invalid,
  methodNotAllowed,
  notFound,
  type Reason,
  type ResourceName,
  type Status,
  type StatusCause,
  type StatusDetails,
  StatusError,
  statusOf,
  success,
  tooManyRequests,
  unauthorized,
} from './status.ts';
export { cloneJson } from './clone.ts';
export { type Integer, integerOf, isInteger, jsonText, readJson, writeJson } from './json-text.ts';
export { equalJson } from './equality.ts';
export {
  dns1035LabelErrors,
  dnsLabelErrors,
  dnsSubdomainErrors,
  dnsSubdomainWithUnderscoreErrors,
  labelValueErrors,
  maskTrailingDash,
  pathSegmentErrors,
  qualifiedNameErrors,
  ownedFinalizer,
  validateAnnotations,
  validateLabels,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './names/names.ts';
export { compareApiVersions } from './names/api-versions.ts';
export { jsonPatch } from './patch/json-patch.ts';
export { mergePatch } from './patch/merge-patch.ts';
export { strategicMergePatch } from './patch/strategic-merge-patch.ts';
export { type FieldTerm, parseFieldSelector } from './selector/field-selector.ts';
export {
  compileLabelSelector,
  everything,
  formatSelector,
  nothing,
  type Requirement,
  selectorFromMap,
  type Selector,
  selectorOf,
} from './selector/label-selector.ts';
export { durationError, formatDuration, humanDuration, parseDuration, shortHumanDuration } from './duration.ts';
export { formatMicroTime, formatTime, parseTime } from './time.ts';
export { type IntOrString, parsePercent, scaledValue } from './int-or-string.ts';
export type { InVersion } from './apply/changes.ts';
export { creatorsEntries } from './apply/created.ts';
export {
  type Applied,
  applyConfig,
  type Application,
  ownersAfterUpdate,
  type Write,
  type Writer,
  zeroObject,
} from './apply/apply.ts';
export type { FieldSet } from './apply/field-set.ts';
export { ShapeError } from './apply/shape.ts';
export { asksForReset, entriesOf, isEqualManagement, type Owner, ownersOf } from './apply/managed-fields.ts';
export {
  cIdentifierErrors,
  configKeyErrors,
  envNameErrors,
  headerNameErrors,
  percentErrors,
  portNameErrors,
  relaxedEnvNameErrors,
  wildcardSubdomainErrors,
} from './names/words.ts';
export { CborError, cborTypeOf, decodeCbor, skimCbor } from './cbor/decode.ts';
export { cborDiagnosis } from './cbor/diagnose.ts';
export { encodeCbor, encodeCborItem, SELF_DESCRIBED } from './cbor/encode.ts';
export { ProtobufDecoder } from './protobuf/decode.ts';
export { envelope, envelopeAround, ProtobufEncoder } from './protobuf/encode.ts';
export { WireWriter } from './protobuf/writer.ts';
export { parseLabelSelector } from './selector/parse-label-selector.ts';
export { compileJsonPath, compileSimplePath, type JsonPath, JsonPathError } from './jsonpath/jsonpath.ts';
export { type Before } from './structural/before.ts';
export { goTypeOf, quotedAsGo, shownAsGo } from './go-values.ts';
export { isKnownFormat } from './structural/formats.ts';
export { type JsonSchema, schemasWithin } from './structural/json-schema.ts';
export { inKeyOrder } from './structural/key-order.ts';
export { checkRuleFields, checkRules } from './structural/check-rules.ts';
export { type RuleTimes, RuleValidator } from './structural/rules.ts';
export { schemaOf } from './structural/schema-of.ts';
export { celTypeOf } from './structural/schema-type.ts';
export { backtrackingPatterns, matchesOf, type Patterns } from './structural/patterns.ts';
export { coerceEmbedded, EmbeddedError, validateEmbedded } from './structural/embedded.ts';
export { StructuralValidator, validateListTypes } from './structural/validate.ts';
export { applyDefaults, prune, pruneNulls } from './structural/values.ts';
export { CALL_COST_MAX, type Cel, compileCel, type CelOptions } from './cel/cel.ts';
export { flat as flatCost, type CostOf } from './cel/cost.ts';
export { type Sized as CelSized } from './cel/estimate.ts';
export { declare as declareFunction, type Overload as CelOverload } from './cel/declare.ts';
export { Budget } from './cel/step.ts';
export { jsonPatchFunctions } from './cel/functions/json-patch.ts';
export { CelSyntaxError } from './cel/issues.ts';
export {
  bool as celBool,
  type CelType,
  dyn as celDyn,
  formatType as formatCelType,
  object as celObject,
  parseType as parseCelType,
} from './cel/types.ts';
export { parsed as celQuantity } from './cel/functions/quantities.ts';
export { semver as celSemver } from './cel/functions/semvers.ts';
export {
  asOwn as asCelOwn,
  BottomlessMap as CelBottomlessMap,
  CelBudgetError,
  CelError,
  Opaque as CelOpaque,
  toJson as celToJson,
} from './cel/values.ts';
export { unifiedDiff } from './unified-diff.ts';
export { bytesOfBinary, DER, type DerElement, derElements, hexOf, type PemBlock, pemBlocks } from './der.ts';
export {
  type CertificateContent,
  type PublicKeyKind,
  publicKeyKind,
  publicKeyOfRequest,
  readCertificateContent,
  requestProblem,
  requestInBase64,
} from './x509.ts';
