import { readJson } from '../json-text.ts';
import { formatDuration } from '../duration.ts';
import type { FieldFacts } from '../engine/facts.ts';
import { type Facts, fieldsOf, type Inline, MAGIC, typeNames } from './layout.ts';
import { WireReader } from './wire.ts';

type Message = Record<string, unknown>;

const text = new TextDecoder();

/** Reads request bodies in Kubernetes's protobuf form as the JSON values that the same body would be. */
export class ProtobufDecoder {
  readonly #facts: Facts;
  readonly #typeOf: (apiVersion: string, kind: string) => string | undefined;
  readonly #fields = new Map<string, ReadonlyMap<number, FieldFacts | Inline>>();

  constructor(facts: Facts) {
    this.#facts = facts;
    this.#typeOf = typeNames(facts);
  }

  /** The whole body, envelope and all. Throws RangeError for bytes that are not what they should be. */
  decode(bytes: Uint8Array): unknown {
    if (!isEnveloped(bytes))
      throw new RangeError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
    let [apiVersion, kind] = ['', ''];
    let raw: Uint8Array = new Uint8Array();
    const reader = new WireReader(bytes.subarray(MAGIC.length));
    while (!reader.isAtEnd) {
      const [number, wireType] = reader.tag();
      if (number === 1 && wireType === 2) [apiVersion, kind] = typeMeta(reader.bytes());
      else if (number === 2 && wireType === 2) raw = reader.bytes();
      else reader.skip(wireType);
    }
    const name = this.#typeOf(apiVersion, kind);
    if (name === undefined)
      throw new RangeError(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
    return { kind, apiVersion, ...this.#message(name, raw) };
  }

  /** One event of a watch, without the length that frames it. */
  decodeEvent(bytes: Uint8Array): { readonly type: string; readonly object: unknown } {
    let [type, object]: [string, unknown] = ['', undefined];
    const reader = new WireReader(bytes);
    while (!reader.isAtEnd) {
      const [number, wireType] = reader.tag();
      if (number === 1 && wireType === 2) type = text.decode(reader.bytes());
      else if (number === 2 && wireType === 2) object = rawJson(reader.bytes(), (inner) => this.decode(inner));
      else reader.skip(wireType);
    }
    return { type, object };
  }

  #message(name: string, bytes: Uint8Array): Message {
    const out: Message = {};
    this.#into(out, name, bytes);
    return out;
  }

  #into(out: Message, name: string, bytes: Uint8Array): void {
    const fields = this.#fieldsOf(name);
    const reader = new WireReader(bytes);
    while (!reader.isAtEnd) {
      const [number, wireType] = reader.tag();
      const field = fields.get(number);
      if (!field) reader.skip(wireType);
      // An embedded struct is a message of its own whose fields are the outer object's.
      else if ('inline' in field) this.#into(out, field.inline, reader.bytes());
      else this.#field(out, field, reader, wireType);
    }
  }

  #field(out: Message, field: FieldFacts, reader: WireReader, wireType: number): void {
    const { name, type } = field;
    if (type.startsWith('[]')) {
      if (type === '[]string' && field.wire !== undefined) return void (out[name] = strings(reader.bytes()));
      const list = (out[name] ??= []) as unknown[];
      const element = type.slice(2);
      if (wireType === 2 && isNumber(element)) {
        const packed = new WireReader(reader.bytes());
        while (!packed.isAtEnd) list.push(this.#value(element, packed));
      } else list.push(this.#value(element, reader));
    } else if (type.startsWith('map[string]')) {
      const map = (out[name] ??= {}) as Message;
      const entry = new WireReader(reader.bytes());
      let [key, value]: [string, unknown] = ['', undefined];
      while (!entry.isAtEnd) {
        const [number, entryType] = entry.tag();
        if (number === 1) key = text.decode(entry.bytes());
        else if (number === 2)
          value =
            type === 'map[string][]string'
              ? strings(entry.bytes())
              : this.#value(type.slice('map[string]'.length), entry);
        else entry.skip(entryType);
      }
      map[key] = value ?? (type.endsWith(']string') ? '' : null);
    } else {
      const value = this.#value(type, reader);
      // Zero values are always sent; in JSON they are left out.
      const isZero = value === '' || value === 0 || value === false;
      if (!isZero || field.ptr || !field.omit || type === 'IntOrString') out[name] = value;
    }
  }

  #value(type: string, reader: WireReader): unknown {
    switch (type) {
      case 'string':
        return text.decode(reader.bytes());
      case 'bool':
        return reader.uint() !== 0;
      case 'int32':
        return reader.int();
      case 'int64':
        return reader.long();
      case 'uint64':
      case 'uint8':
        return reader.uint();
      case 'double':
        return reader.double();
      case 'bytes':
        return base64(reader.bytes());
      case 'Time':
        return timeText(reader.bytes(), 0);
      case 'MicroTime':
        return timeText(reader.bytes(), 6);
      case 'Quantity':
        return strings(reader.bytes())[0] ?? '0';
      case 'IntOrString':
        return intOrString(reader.bytes());
      case 'Duration':
        return durationText(reader.bytes());
      case 'FieldsV1':
      case 'RawExtension':
        return rawJson(reader.bytes(), (bytes) => this.decode(bytes));
      default:
        return this.#named(type, reader.bytes());
    }
  }

  #named(type: string, bytes: Uint8Array): unknown {
    const facts = this.#facts[type];
    if (!facts) throw new RangeError(`proto: no type ${type}`);
    if (facts.json === 'any value raw') return rawJson(bytes, (inner) => this.decode(inner));
    if (facts.alias) return strings(bytes);
    const message = this.#message(type, bytes);
    return facts.json ? oneOf(message) : message;
  }

  #fieldsOf(name: string): ReadonlyMap<number, FieldFacts | Inline> {
    let fields = this.#fields.get(name);
    if (!fields) {
      fields = new Map(fieldsOf(this.#facts, name).map((field) => [field.num as number, field] as const));
      this.#fields.set(name, fields);
    }
    return fields;
  }
}

const isEnveloped = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);

/** A type whose JSON is one of several shapes (apiextensions/v1): whichever is set. */
const oneOf = ({ Allows, Schema, JSONSchemas, Property }: Message): unknown =>
  Schema ?? JSONSchemas ?? Property ?? Allows ?? null;

const isNumber = (type: string): boolean => ['int32', 'int64', 'uint64', 'bool', 'double'].includes(type);

/** All of field 1 as strings: TypeMeta-like and list messages. */
function strings(bytes: Uint8Array): readonly string[] {
  const out: string[] = [];
  const reader = new WireReader(bytes);
  while (!reader.isAtEnd) {
    const [number, wireType] = reader.tag();
    if (number === 1 && wireType === 2) out.push(text.decode(reader.bytes()));
    else reader.skip(wireType);
  }
  return out;
}

function typeMeta(bytes: Uint8Array): [apiVersion: string, kind: string] {
  const out: [string, string] = ['', ''];
  const reader = new WireReader(bytes);
  while (!reader.isAtEnd) {
    const [number, wireType] = reader.tag();
    if (wireType === 2 && (number === 1 || number === 2)) out[number - 1] = text.decode(reader.bytes());
    else reader.skip(wireType);
  }
  return out;
}

function timeText(bytes: Uint8Array, digits: 0 | 6): string | null {
  let [seconds, nanos] = [0, 0];
  const reader = new WireReader(bytes);
  while (!reader.isAtEnd) {
    const [number, wireType] = reader.tag();
    if (number === 1) seconds = reader.int();
    else if (number === 2) nanos = reader.int();
    else reader.skip(wireType);
  }
  // Go's zero time is absent in JSON.
  if (bytes.length === 0 || seconds < -60_000_000_000) return null;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return digits === 0 ? `${whole}Z` : `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

function intOrString(bytes: Uint8Array): number | string {
  let [kind, number, string] = [0, 0, ''];
  const reader = new WireReader(bytes);
  while (!reader.isAtEnd) {
    const [field, wireType] = reader.tag();
    if (field === 1) kind = reader.uint();
    else if (field === 2) number = reader.int();
    else if (field === 3) string = text.decode(reader.bytes());
    else reader.skip(wireType);
  }
  return kind === 1 ? string : number;
}

function durationText(bytes: Uint8Array): string {
  let nanos = 0;
  const reader = new WireReader(bytes);
  while (!reader.isAtEnd) {
    const [number, wireType] = reader.tag();
    if (number === 1) nanos = reader.int();
    else reader.skip(wireType);
  }
  return formatDuration(nanos / 1e6);
}

function rawJson(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): unknown {
  const reader = new WireReader(bytes);
  let raw: Uint8Array | undefined;
  while (!reader.isAtEnd) {
    const [number, wireType] = reader.tag();
    if (number === 1 && wireType === 2) raw = reader.bytes();
    else reader.skip(wireType);
  }
  if (!raw || raw.length === 0) return null;
  return isEnveloped(raw) ? decode(raw) : readJson(text.decode(raw));
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
