/**
 * What an API type looks like, as data: the same for built-in types (made from generated facts) and for custom
 * resources (made from openAPIV3Schema). Decoding, defaulting, pruning, structural validation, merging and OpenAPI
 * are made from it. Types may be recursive: children are resolved when first asked for.
 */
export type Schema = ObjectSchema | MapSchema | ListSchema | ScalarSchema;

export interface ObjectSchema {
  readonly type: 'object';
  /** OpenAPI definition name, e.g. io.k8s.api.core.v1.PodSpec. */
  readonly name?: string;
  /** Fields in the order in which they are printed. */
  readonly fields: readonly FieldSchema[];
  field(name: string): FieldSchema | undefined;
  /** atomic: one owner for the whole value under server-side apply. */
  readonly structType?: 'atomic' | 'granular';
  /** Unknown fields are kept (x-kubernetes-preserve-unknown-fields). */
  readonly preservesUnknown?: boolean;
  readonly isNullable?: boolean;
  readonly constraints?: Constraints;
  /** What is published of it, where that is written down: a custom resource's schema as its definition has it. */
  readonly published?: Readonly<Record<string, unknown>>;
}

export interface MapSchema {
  readonly type: 'map';
  readonly values: Schema;
  readonly mapType?: 'atomic' | 'granular';
  readonly isNullable?: boolean;
  readonly constraints?: Constraints;
}

export interface ListSchema {
  readonly type: 'list';
  readonly items: Schema;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly isNullable?: boolean;
  readonly constraints?: Constraints;
}

/** `any` is an uninterpreted JSON value (RawExtension, FieldsV1, JSON). */
export type ScalarType =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'uint64'
  | 'double'
  | 'uint8'
  | 'bytes'
  | 'time'
  | 'microTime'
  | 'duration'
  | 'quantity'
  | 'intOrString'
  | 'any';

export interface ScalarSchema {
  readonly type: ScalarType;
  /** OpenAPI definition name of an `any` that is a type of its own. */
  readonly name?: string;
  readonly enum?: readonly unknown[];
  readonly isNullable?: boolean;
  readonly constraints?: Constraints;
}

export interface FieldSchema {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  /**
   * When an empty value is left out on the wire: `never` (printed always), `empty` (Go's omitempty: zero scalars,
   * empty lists and maps, unset pointers; a struct that is not a pointer is printed as {}), `zero` (empty structs too).
   */
  readonly omit: 'never' | 'empty' | 'zero';
  /** Set and zero differ from unset. */
  readonly isPointer: boolean;
  readonly default?: unknown;
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[];
  readonly patchMergeKey?: string;
  /** The feature that it belongs to: without it, what is written loses it, and with `whole` the object that it is in. */
  readonly gate?: { readonly feature: string; readonly takes: 'field' | 'whole' };
  /** How its value is owned where its type says otherwise. */
  readonly structType?: 'atomic' | 'granular';
  /** What is declared of bytes as if they were a list: published, and nothing else. */
  readonly listType?: string;
  /** Protobuf field number and name. */
  readonly number?: number;
  readonly protoName?: string;
  readonly description?: string;
}

/** The validation keywords of JSON schema that a structural schema may carry. */
export interface Constraints {
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
}
