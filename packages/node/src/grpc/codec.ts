import { WireWriter } from '@navarch/machinery';
import type { FieldDescription, Protocol } from './description.ts';
import { numberOf, WireReader, wireTypeOf, wireTypes } from './wire.ts';

export type Message = Readonly<Record<string, unknown>>;

interface Index {
  readonly fields: ReadonlyMap<string, ReadonlyMap<number, FieldDescription>>;
  readonly enumNames: ReadonlyMap<string, ReadonlyMap<number, string>>;
}

/** Of most requests. */
const WRITER_BYTES = 4 * 1024;

/** What a message is before it is read: its scalars, and the names of its lists and maps. */
interface Blank {
  readonly zeros: Readonly<Record<string, unknown>>;
  readonly lists: readonly string[];
  readonly maps: readonly string[];
}

/** Messages of one protocol, to the wire and back. */
export class Codec {
  readonly #protocol: Protocol;
  readonly #index: Index;
  /** By message, of those that were read: at most all of the protocol. */
  readonly #blanks = new Map<string, Blank>();
  readonly #writer = new WireWriter(WRITER_BYTES);

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
    this.#index = indexOf(protocol);
  }

  /** A message as protobuf (proto3: zero values are left out). Throws TypeError for a value that cannot be sent. */
  encode(name: string, message: Message): Buffer {
    try {
      this.#write(name, message);
      return asBuffer(this.#writer.take());
    } finally {
      this.#writer.clear();
    }
  }

  /** Complete: every scalar, list and map is there. Fields that we do not know are skipped, as proto3 asks. */
  decode(name: string, bytes: Uint8Array): Message {
    return this.#read(name, new WireReader(bytes));
  }

  #read(name: string, reader: WireReader): Message {
    const message = this.#empty(name);
    const byNumber = this.#index.fields.get(name);
    while (!reader.isAtEnd) {
      const tag = reader.tag();
      const field = byNumber?.get(numberOf(tag));
      if (!field) reader.skip(wireTypeOf(tag));
      else this.#readField(reader, field, wireTypeOf(tag), message);
    }
    return message;
  }

  /** From its last field to its first: the writer goes backwards. */
  #write(name: string, message: Message): void {
    const fields = this.#fieldsOf(name);
    for (let i = fields.length - 1; i >= 0; i--) {
      const field = fields[i] as FieldDescription;
      const value = message[field[0]];
      if (value !== undefined && value !== null) this.#writeField(field, value);
    }
  }

  #writeField([name, number, type, count]: FieldDescription, value: unknown): void {
    const writer = this.#writer;
    if (count === 'single' || count === 'optional') {
      if (count === 'optional' || this.#isMessage(type) || !this.#isZero(type, value))
        this.#writeTagged(number, type, value);
    } else if (count === 'map') {
      for (const [key, item] of Object.entries(value as Record<string, unknown>).reverse()) {
        const { size } = writer;
        this.#writeTagged(2, type, item);
        this.#writeTagged(1, 'string', key);
        writer.wrap(number, size);
      }
    } else if (!Array.isArray(value)) {
      throw new TypeError(`${name} is ${typeof value}, must be a list`);
    } else if (this.#wireTypeOf(type) === wireTypes.bytes) {
      for (const item of value.toReversed()) this.#writeTagged(number, type, item);
    } else if (value.length > 0) {
      const { size } = writer;
      for (const item of value.toReversed()) this.#writeValue(type, item);
      writer.wrap(number, size);
    }
  }

  #writeTagged(number: number, type: string, value: unknown): void {
    this.#writeValue(type, value);
    this.#writer.tag(number, this.#wireTypeOf(type));
  }

  #writeValue(type: string, value: unknown): void {
    const writer = this.#writer;
    if (type === 'string') writer.string(String(value));
    else if (type === 'bytes') writer.bytes(value as Uint8Array);
    else if (type === 'bool') writer.varint(value === true ? 1 : 0);
    else if (type === 'double') writer.double(Number(value));
    else if (isInteger(type)) writer.long(integer(value));
    else if (this.#protocol.enums[type]) writer.varint(this.#enumNumber(type, value));
    else {
      const { size } = writer;
      this.#write(type, value as Message);
      writer.varint(writer.size - size);
    }
  }

  #readField(
    reader: WireReader,
    [name, , type, count]: FieldDescription,
    wireType: number,
    into: Record<string, unknown>,
  ): void {
    if (count === 'single' || count === 'optional') {
      into[name] = this.#readValue(reader, type);
    } else if (count === 'map') {
      const outer = reader.enter();
      let [key, value]: [string, unknown] = ['', this.#zeroOf(type)];
      while (!reader.isAtEnd) {
        const tag = reader.tag();
        if (numberOf(tag) === 1) key = reader.text();
        else if (numberOf(tag) === 2) value = this.#readValue(reader, type);
        else reader.skip(wireTypeOf(tag));
      }
      reader.leave(outer);
      (into[name] as Record<string, unknown>)[key] = value;
    } else if (wireType === wireTypes.bytes && this.#wireTypeOf(type) !== wireTypes.bytes) {
      const outer = reader.enter();
      while (!reader.isAtEnd) (into[name] as unknown[]).push(this.#readValue(reader, type));
      reader.leave(outer);
    } else {
      (into[name] as unknown[]).push(this.#readValue(reader, type));
    }
  }

  #readValue(reader: WireReader, type: string): unknown {
    switch (type) {
      case 'string':
        return reader.text();
      case 'bytes':
        return new Uint8Array(reader.bytes());
      case 'bool':
        return reader.uint32() !== 0;
      case 'double':
        return reader.double();
      case 'int32':
        return reader.int32();
      case 'uint32':
        return reader.uint32();
      case 'int64':
        return reader.int64();
      case 'uint64':
        return reader.uint64();
      default:
        return this.#protocol.enums[type] ? this.#enumName(type, reader.int32()) : this.#readMessage(reader, type);
    }
  }

  #readMessage(reader: WireReader, type: string): Message {
    const outer = reader.enter();
    const message = this.#read(type, reader);
    reader.leave(outer);
    return message;
  }

  #empty(name: string): Record<string, unknown> {
    const { zeros, lists, maps } = this.#blanks.get(name) ?? this.#blank(name);
    const message: Record<string, unknown> = { ...zeros };
    for (const field of lists) message[field] = [];
    for (const field of maps) message[field] = {};
    return message;
  }

  #blank(name: string): Blank {
    const fields = this.#fieldsOf(name);
    const named = (count: string): readonly string[] => fields.filter((f) => f[3] === count).map(([field]) => field);
    const scalars = fields.filter(([, , type, count]) => count === 'single' && !this.#isMessage(type));
    const zeros = Object.fromEntries(scalars.map(([field, , type]) => [field, this.#zeroOf(type)]));
    const blank = { zeros, lists: named('repeated'), maps: named('map') };
    this.#blanks.set(name, blank);
    return blank;
  }

  #zeroOf(type: string): unknown {
    if (type === 'string') return '';
    if (type === 'bytes') return new Uint8Array();
    if (type === 'bool') return false;
    return this.#protocol.enums[type] ? this.#enumName(type, 0) : 0;
  }

  #isZero(type: string, value: unknown): boolean {
    if (type === 'bytes') return (value as Uint8Array).length === 0;
    return value === this.#zeroOf(type);
  }

  #isMessage(type: string): boolean {
    return this.#protocol.messages[type] !== undefined;
  }

  #wireTypeOf(type: string): 0 | 1 | 2 {
    if (type === 'double') return wireTypes.fixed64;
    return type === 'string' || type === 'bytes' || this.#isMessage(type) ? wireTypes.bytes : wireTypes.varint;
  }

  #enumNumber(type: string, value: unknown): number {
    const number = this.#protocol.enums[type]?.[String(value)];
    if (number === undefined) throw new TypeError(`${String(value)} is not one of ${type}`);
    return number;
  }

  /** A value that a newer peer invented is its number as text: it equals none of ours, so nothing mistakes it. */
  #enumName(type: string, value: number): string {
    return this.#index.enumNames.get(type)?.get(value) ?? String(value);
  }

  #fieldsOf(name: string): readonly FieldDescription[] {
    const fields = this.#protocol.messages[name];
    if (!fields) throw new TypeError(`the protocol has no message ${name}`);
    return fields;
  }
}

const indexOf = ({ messages, enums }: Protocol): Index => ({
  fields: new Map(
    Object.entries(messages).map(([name, fields]) => [name, new Map(fields.map((field) => [field[1], field]))]),
  ),
  enumNames: new Map(
    Object.entries(enums).map(([name, values]) => [
      name,
      new Map(Object.entries(values).map(([key, number]) => [number, key])),
    ]),
  ),
});

function isInteger(type: string): boolean {
  return type === 'int32' || type === 'int64' || type === 'uint32' || type === 'uint64';
}

/** What is beyond int64 is held at its edge. */
function integer(value: unknown): number | bigint {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new TypeError(`${String(value)} is not an integer`);
  return value >= TWO_TO_63 ? INT64_MAX : value;
}

const TWO_TO_63 = 0x8000_0000_0000_0000;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;

/** The same bytes, as gRPC wants them. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
