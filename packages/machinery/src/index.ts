export {
  apiVersionOf, type Behaviour, type CellContext, type Column, controllerReference, defineKind, type Draft, groupResourceOf,
  type HookContext, type Hub, type Kind, type KindDeclaration, type Mutable, type ObjectOf, type Part, type ResourceFacts,
  type ScaleFacts, type SubresourceFacts, type Verb,
} from './kind.ts';
export {
  type ApiObject, controllerOf, type HeldMeta, isControlledBy, keyIn, keyOf, type Key, type LabelSelector,
  type LabelSelectorRequirement, type ListMeta, type ManagedFieldsEntry, type ObjectMeta, type OwnerReference, splitKey,
} from './meta.ts';
export type {
  Constraints, FieldSchema, ListSchema, MapSchema, ObjectSchema, ScalarSchema, ScalarType, Schema,
} from './schema.ts';
