/** The generated facts of one type: see tools/generate/schema-facts.ts. */
export interface TypeFacts {
  readonly gvk?: readonly string[];
  readonly proto?: string;
  /** A named list or map: its underlying type. */
  readonly alias?: string;
  /** One of the few types whose JSON is not an object of its fields. */
  readonly json?: string;
  readonly structType?: string;
  /** One of its fields is set, by what another says or without. */
  readonly union?: boolean;
  /** Structs embedded in this one that are messages of their own in protobuf. */
  readonly inline?: readonly { readonly name: string; readonly type: string; readonly num: number }[];
  readonly fields?: readonly FieldFacts[];
}

export interface FieldFacts {
  readonly name: string;
  readonly type: string;
  readonly num?: number;
  readonly protoName?: string;
  readonly wire?: unknown;
  /** The embedded struct it comes from; its number counts inside that message. */
  readonly via?: string;
  readonly req?: boolean;
  readonly omit?: string;
  readonly ptr?: boolean;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly listType?: string;
  readonly listMapKeys?: readonly string[];
  readonly mapType?: string;
  readonly structType?: string;
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  /** The feature without which it is dropped from what is written. */
  readonly gate?: string;
  /** What is dropped with it: the object that it is in. */
  readonly gateTakes?: 'whole';
  /** Says which field of a union is set. */
  readonly unionDiscriminator?: boolean;
}
