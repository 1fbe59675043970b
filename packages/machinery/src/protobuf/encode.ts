import { type Integer, writeJson } from '../json-text.ts';
import { parseDuration } from '../duration.ts';
import type { FieldFacts } from '../engine/facts.ts';
import { type Facts, fieldsOf, type Inline, MAGIC, typeNames } from './layout.ts';
import { WireWriter } from './writer.ts';

type Message = Readonly<Record<string, unknown>>;
/** Writes all fields of a message, last one first; without tag and length. */
type MessageWriter = (out: WireWriter, message: Message) => void;
interface ValueWriter {
  readonly wireType: 0 | 1 | 2;
  /** Writes one value, absent ones as Go's zero value; with its length where it has one. */
  write(out: WireWriter, value: unknown): void;
}

const encoder = new TextEncoder();
const NOTHING: Message = {};
const NANOS_PER_MS = 1e6;

/**
 * Writes objects as upstream's generated code does, byte for byte: fields in the order of their numbers; scalars and
 * structs also when zero, unless they are pointers; lists and maps only when not empty, maps in the order of their keys.
 * Objects are in the normal form that `decode()` gives. Each type is compiled when it is first met.
 */
export class ProtobufEncoder {
  readonly #facts: Facts;
  readonly #messages = new Map<string, MessageWriter>();
  readonly #writer = new WireWriter();
  /** The type that serves a kind; undefined for one that has no protobuf form. */
  readonly typeOf: (apiVersion: string, kind: string) => string | undefined;

  constructor(facts: Facts) {
    this.#facts = facts;
    const find = typeNames(facts);
    this.typeOf = (apiVersion, kind) => {
      const name = find(apiVersion, kind);
      return name !== undefined && facts[name]?.proto !== undefined ? name : undefined;
    };
  }

  /** The bare message of a type, without an envelope. */
  message(type: string, value: unknown): Uint8Array {
    const out = this.#writer;
    try {
      this.#message(type)(out, value as Message);
      return out.take();
    } finally {
      out.clear();
    }
  }

  /** An object with its envelope, as a body. Throws RangeError for a kind without a protobuf form. */
  encode(
    object: { readonly apiVersion: string; readonly kind: string },
    type = this.typeOf(object.apiVersion, object.kind),
  ): Uint8Array {
    const { apiVersion, kind } = object;
    if (type === undefined)
      throw new RangeError(`${kind} in version ${JSON.stringify(apiVersion)} cannot be encoded to a protobuf message`);
    return envelope(apiVersion, kind, this.message(type, object));
  }

  /** One event of a watch, without the length that frames it: a bare WatchEvent around an object's body. */
  watchEvent(type: string, body: Uint8Array): Uint8Array {
    const out = this.#writer;
    out.bytes(body);
    out.tag(1, 2);
    out.wrap(2, 0);
    out.string(type);
    out.tag(1, 2);
    return out.take();
  }

  #message(type: string): MessageWriter {
    let writer = this.#messages.get(type);
    if (!writer) {
      // A type that contains itself finds this while it is being made.
      this.#messages.set(type, (out, message) => (writer as MessageWriter)(out, message));
      writer = this.#compile(type);
      this.#messages.set(type, writer);
    }
    return writer;
  }

  #compile(type: string): MessageWriter {
    const fields = fieldsOf(this.#facts, type).toSorted((a, b) => (b.num ?? 0) - (a.num ?? 0));
    const writers = fields.map((field) => ('inline' in field ? this.#inline(field) : this.#field(field)));
    return (out, message) => {
      for (let i = 0; i < writers.length; i++) (writers[i] as MessageWriter)(out, message);
    };
  }

  #inline({ num, inline }: Inline): MessageWriter {
    const write = this.#message(inline);
    return (out, message) => {
      const before = out.size;
      write(out, message);
      out.wrap(num, before);
    };
  }

  #field({ name, type, num = 0, ptr = false, wire }: FieldFacts): MessageWriter {
    if (wire !== undefined && type.startsWith('[]')) return this.#optional(name, num, namedList);
    if (type.startsWith('[]')) return this.#list(name, num, type.slice(2));
    if (type.startsWith('map[string]')) return this.#map(name, num, type.slice('map[string]'.length));
    const value = this.#value(type);
    if (ptr || type === 'bytes') return this.#optional(name, num, value);
    const { wireType, write } = value;
    return (out, message) => {
      write(out, message[name]);
      out.tag(num, wireType);
    };
  }

  #optional(name: string, num: number, { wireType, write }: ValueWriter): MessageWriter {
    return (out, message) => {
      const value = message[name];
      if (value === undefined || value === null) return;
      write(out, value);
      out.tag(num, wireType);
    };
  }

  #list(name: string, num: number, type: string): MessageWriter {
    const { wireType, write } = this.#value(type);
    return (out, message) => {
      const list = message[name] as readonly unknown[] | null | undefined;
      if (!list) return;
      for (let i = list.length - 1; i >= 0; i--) {
        write(out, list[i]);
        out.tag(num, wireType);
      }
    };
  }

  #map(name: string, num: number, type: string): MessageWriter {
    const { wireType, write } = type === '[]string' ? namedList : this.#value(type);
    return (out, message) => {
      const map = message[name] as Message | null | undefined;
      if (!map) return;
      const keys = Object.keys(map);
      if (keys.length > 1) keys.sort(byBytes);
      for (let i = keys.length - 1; i >= 0; i--) {
        const key = keys[i] as string;
        const value = map[key];
        const before = out.size;
        if (type !== 'bytes' || value !== null) {
          write(out, value);
          out.tag(2, wireType);
        }
        out.string(key);
        out.tag(1, 2);
        out.wrap(num, before);
      }
    };
  }

  #value(type: string): ValueWriter {
    const scalar = scalars[type];
    if (scalar) return scalar;
    const facts = this.#facts[type];
    if (!facts) throw new RangeError(`proto: no type ${type}`);
    if (facts.alias) return namedList;
    if (facts.json === 'any value raw') return raw;
    const message = this.#message(type);
    const fill = facts.json === undefined ? undefined : unionsOf[facts.json];
    return sized((out, value) => message(out, fill ? fill(value) : ((value ?? NOTHING) as Message)));
  }
}

/** The body of an object: what it is, then its message. */
export function envelope(apiVersion: string, kind: string, message: Uint8Array): Uint8Array {
  const { head, tail } = envelopeAround(apiVersion, kind, message.length);
  const out = new Uint8Array(head.length + message.length + tail.length);
  out.set(head);
  out.set(message, head.length);
  out.set(tail, head.length + message.length);
  return out;
}

const small = new WireWriter(256);

/** What comes before and after a message of that many bytes, for those who concatenate. */
export function envelopeAround(
  apiVersion: string,
  kind: string,
  length: number,
): { readonly head: Uint8Array; readonly tail: Uint8Array } {
  // Whoever threw half-way has left something behind.
  small.clear();
  small.varint(length);
  small.tag(2, 2);
  const before = small.size;
  small.string(kind);
  small.tag(2, 2);
  small.string(apiVersion);
  small.tag(1, 2);
  small.wrap(1, before);
  small.raw(MAGIC);
  return { head: small.take(), tail: ENVELOPE_TAIL };
}

/** contentEncoding (3) and contentType (4), both empty. */
const ENVELOPE_TAIL = Uint8Array.of(0x1a, 0, 0x22, 0);

const sized = (content: (out: WireWriter, value: unknown) => void): ValueWriter => ({
  wireType: 2,
  write(out, value) {
    const before = out.size;
    content(out, value);
    out.varint(out.size - before);
  },
});

const varint: ValueWriter = {
  wireType: 0,
  write: (out, value) => out.varint((value as number | null | undefined) ?? 0),
};

/** A JSON value as it is, in field 1; absent: an empty message. */
const raw: ValueWriter = sized((out, value) => {
  if (value === undefined || value === null) return;
  out.bytes(encoder.encode(writeJson(value)));
  out.tag(1, 2);
});

/** A named list is a message whose field 1 is the list. */
const namedList: ValueWriter = sized((out, value) => {
  const list = (value ?? []) as readonly string[];
  for (let i = list.length - 1; i >= 0; i--) {
    out.string(list[i] as string);
    out.tag(1, 2);
  }
});

const time = (digits: 0 | 6): ValueWriter =>
  sized((out, value) => {
    // Go's zero time is an empty message.
    if (typeof value !== 'string' || value === '') return;
    const seconds = Date.parse(`${value.slice(0, 19)}Z`) / 1000;
    out.varint(digits === 0 ? 0 : Number(value.slice(20, 26)) * 1000);
    out.tag(2, 0);
    out.varint(seconds);
    out.tag(1, 0);
  });

const scalars: Readonly<Record<string, ValueWriter>> = {
  string: { wireType: 2, write: (out, value) => out.string((value as string | null | undefined) ?? '') },
  bool: { wireType: 0, write: (out, value) => out.varint(value === true ? 1 : 0) },
  int32: varint,
  int64: { wireType: 0, write: (out, value) => out.long((value as Integer | null | undefined) ?? 0) },
  uint64: varint,
  uint8: varint,
  double: { wireType: 1, write: (out, value) => out.double(Number(value ?? 0)) },
  bytes: { wireType: 2, write: (out, value) => out.bytes(fromBase64((value as string | null | undefined) ?? '')) },
  Time: time(0),
  MicroTime: time(6),
  Quantity: sized((out, value) => {
    out.string((value as string | null | undefined) ?? '0');
    out.tag(1, 2);
  }),
  IntOrString: sized((out, value) => {
    const isText = typeof value === 'string';
    out.string(isText ? value : '');
    out.tag(3, 2);
    out.varint(typeof value === 'number' ? value : 0);
    out.tag(2, 0);
    out.varint(isText ? 1 : 0);
    out.tag(1, 0);
  }),
  Duration: sized((out, value) => {
    out.varint(Math.round((parseDuration((value as string | undefined) ?? '0') ?? 0) * NANOS_PER_MS));
    out.tag(1, 0);
  }),
  FieldsV1: raw,
  RawExtension: raw,
};

/** The types whose JSON is one of several shapes, as the fields of their message (apiextensions/v1). */
const unionsOf: Readonly<Record<string, (value: unknown) => Message>> = {
  'bool | schema object': (value) => (typeof value === 'boolean' ? { Allows: value } : { Allows: true, Schema: value }),
  'schema object | array of schema objects': (value) =>
    Array.isArray(value) ? { JSONSchemas: value } : { Schema: value },
  'schema object | array of string': (value) => (Array.isArray(value) ? { Property: value } : { Schema: value }),
};

function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < out.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}

/** Go sorts texts by their bytes: like UTF-16 units, but for what lies beyond the surrogates. */
function byBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return (isSurrogate(x) ? x + 0x10000 : x) - (isSurrogate(y) ? y + 0x10000 : y);
  }
  return a.length - b.length;
}

const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;
