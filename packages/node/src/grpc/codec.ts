import type { FieldDescription, Protocol } from './description.ts';
import { numberOf, WireReader, WireWriter, wireTypeOf, wireTypes } from './wire.ts';

export type Message = Readonly<Record<string, unknown>>;

interface Index {
  readonly fields: ReadonlyMap<string, ReadonlyMap<number, FieldDescription>>;
  readonly enumNames: ReadonlyMap<string, ReadonlyMap<number, string>>;
}

/** Messages of one protocol, to the wire and back. */
export class Codec {
  readonly #protocol: Protocol;
  readonly #index: Index;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
    this.#index = indexOf(protocol);
  }

  /** A message as protobuf (proto3: zero values are left out). Throws TypeError for a value that cannot be sent. */
  encode(name: string, message: Message): Buffer {
    const writer = new WireWriter();
    for (const field of this.#fieldsOf(name)) {
      const value = message[field[0]];
      if (value === undefined || value === null) continue;
      this.#writeField(writer, field, value);
    }
    return writer.finish();
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

  #writeField(writer: WireWriter, [name, number, type, count]: FieldDescription, value: unknown): void {
    if (count === 'single' || count === 'optional') {
      if (count === 'optional' || this.#isMessage(type) || !this.#isZero(type, value))
        this.#writeTagged(writer, number, type, value);
    } else if (count === 'map') {
      for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
        const entry = new WireWriter();
        this.#writeTagged(entry, 1, 'string', key);
        this.#writeTagged(entry, 2, type, item);
        writer.tag(number, wireTypes.bytes);
        writer.bytes(entry.finish());
      }
    } else if (!Array.isArray(value)) {
      throw new TypeError(`${name} is ${typeof value}, must be a list`);
    } else if (this.#wireTypeOf(type) === wireTypes.bytes) {
      for (const item of value) this.#writeTagged(writer, number, type, item);
    } else if (value.length > 0) {
      const packed = new WireWriter();
      for (const item of value) this.#writeValue(packed, type, item);
      writer.tag(number, wireTypes.bytes);
      writer.bytes(packed.finish());
    }
  }

  #writeTagged(writer: WireWriter, number: number, type: string, value: unknown): void {
    writer.tag(number, this.#wireTypeOf(type));
    this.#writeValue(writer, type, value);
  }

  #writeValue(writer: WireWriter, type: string, value: unknown): void {
    if (type === 'string') writer.bytes(Buffer.from(String(value)));
    else if (type === 'bytes') writer.bytes(value as Uint8Array);
    else if (type === 'bool') writer.varint(value === true ? 1 : 0);
    else if (type === 'double') writer.double(Number(value));
    else if (isInteger(type)) writer.varint(integer(value));
    else if (this.#protocol.enums[type]) writer.varint(this.#enumNumber(type, value));
    else writer.bytes(this.encode(type, value as Message));
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
    const message: Record<string, unknown> = {};
    for (const [field, , type, count] of this.#fieldsOf(name)) {
      if (count === 'repeated') message[field] = [];
      else if (count === 'map') message[field] = {};
      else if (count === 'single' && !this.#isMessage(type)) message[field] = this.#zeroOf(type);
    }
    return message;
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

  #wireTypeOf(type: string): number {
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

function integer(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new TypeError(`${String(value)} is not an integer`);
  return value;
}
