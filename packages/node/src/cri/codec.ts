import { enums, type FieldDescription, messages } from './generated/description.ts';
import { WireReader, WireWriter, wireTypes } from './wire.ts';

type Message = Readonly<Record<string, unknown>>;

/** A message as protobuf (proto3: zero values are left out). Throws TypeError for a value that cannot be sent. */
export function encodeMessage(name: string, message: Message): Buffer {
  const writer = new WireWriter();
  for (const field of fieldsOf(name)) {
    const value = message[field[0]];
    if (value === undefined || value === null) continue;
    writeField(writer, field, value);
  }
  return writer.finish();
}

/** Complete: every scalar, list and map is there. Fields that we do not know are skipped, as proto3 asks. */
export function decodeMessage(name: string, bytes: Uint8Array): Message {
  const reader = new WireReader(bytes);
  const message = emptyMessage(name);
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag();
    const field = byNumber(name).get(number);
    if (!field) reader.skip(wireType);
    else readField(reader, field, wireType, message);
  }
  return message;
}

function writeField(writer: WireWriter, [name, number, type, count]: FieldDescription, value: unknown): void {
  if (count === 'single') {
    if (isMessage(type) || !isZero(type, value)) writeTagged(writer, number, type, value);
  } else if (count === 'map') {
    for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
      const entry = new WireWriter();
      writeTagged(entry, 1, 'string', key);
      writeTagged(entry, 2, type, item);
      writer.tag(number, wireTypes.bytes);
      writer.bytes(entry.finish());
    }
  } else if (!Array.isArray(value)) {
    throw new TypeError(`${name} is ${typeof value}, must be a list`);
  } else if (wireTypeOf(type) === wireTypes.bytes) {
    for (const item of value) writeTagged(writer, number, type, item);
  } else if (value.length > 0) {
    const packed = new WireWriter();
    for (const item of value) writeValue(packed, type, item);
    writer.tag(number, wireTypes.bytes);
    writer.bytes(packed.finish());
  }
}

function writeTagged(writer: WireWriter, number: number, type: string, value: unknown): void {
  writer.tag(number, wireTypeOf(type));
  writeValue(writer, type, value);
}

function writeValue(writer: WireWriter, type: string, value: unknown): void {
  if (type === 'string') writer.bytes(Buffer.from(String(value)));
  else if (type === 'bytes') writer.bytes(value as Uint8Array);
  else if (type === 'bool') writer.varint(value === true ? 1 : 0);
  else if (type === 'double') writer.double(Number(value));
  else if (isInteger(type)) writer.varint(integer(value));
  else if (enums[type]) writer.varint(enumNumber(type, value));
  else writer.bytes(encodeMessage(type, value as Message));
}

function readField(
  reader: WireReader,
  [name, , type, count]: FieldDescription,
  wireType: number,
  into: Record<string, unknown>,
): void {
  if (count === 'single') {
    into[name] = readValue(reader, type);
  } else if (count === 'map') {
    const entry = new WireReader(reader.bytes());
    const pair: Record<string, unknown> = { key: '', value: zeroOf(type) };
    while (!entry.isAtEnd) {
      const tag = entry.tag();
      if (tag.number === 1) pair['key'] = entry.bytes().toString();
      else if (tag.number === 2) pair['value'] = readValue(entry, type);
      else entry.skip(tag.wireType);
    }
    (into[name] as Record<string, unknown>)[String(pair['key'])] = pair['value'];
  } else if (wireType === wireTypes.bytes && wireTypeOf(type) !== wireTypes.bytes) {
    const packed = new WireReader(reader.bytes());
    while (!packed.isAtEnd) (into[name] as unknown[]).push(readValue(packed, type));
  } else {
    (into[name] as unknown[]).push(readValue(reader, type));
  }
}

function readValue(reader: WireReader, type: string): unknown {
  switch (type) {
    case 'string':
      return reader.bytes().toString();
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
      return enums[type] ? enumName(type, reader.int32()) : decodeMessage(type, reader.bytes());
  }
}

function emptyMessage(name: string): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const [field, , type, count] of fieldsOf(name)) {
    if (count === 'repeated') message[field] = [];
    else if (count === 'map') message[field] = {};
    else if (!isMessage(type)) message[field] = zeroOf(type);
  }
  return message;
}

function zeroOf(type: string): unknown {
  if (type === 'string') return '';
  if (type === 'bytes') return new Uint8Array();
  if (type === 'bool') return false;
  return enums[type] ? enumName(type, 0) : 0;
}

function isZero(type: string, value: unknown): boolean {
  if (type === 'bytes') return (value as Uint8Array).length === 0;
  return value === zeroOf(type);
}

function isInteger(type: string): boolean {
  return type === 'int32' || type === 'int64' || type === 'uint32' || type === 'uint64';
}

function isMessage(type: string): boolean {
  return messages[type] !== undefined;
}

function wireTypeOf(type: string): number {
  if (type === 'double') return wireTypes.fixed64;
  return type === 'string' || type === 'bytes' || isMessage(type) ? wireTypes.bytes : wireTypes.varint;
}

function integer(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new TypeError(`${String(value)} is not an integer`);
  return value;
}

function enumNumber(type: string, value: unknown): number {
  const number = enums[type]?.[String(value)];
  if (number === undefined) throw new TypeError(`${String(value)} is not one of ${type}`);
  return number;
}

/** A value that a newer runtime invented is its number as text: it equals none of ours, so nothing mistakes it. */
function enumName(type: string, value: number): string {
  return enumNames(type).get(value) ?? String(value);
}

const fieldIndexes = Object.freeze(
  Object.fromEntries(
    Object.entries(messages).map(([name, fields]) => [name, new Map(fields.map((field) => [field[1], field]))]),
  ),
);
const nameIndexes = Object.freeze(
  Object.fromEntries(
    Object.entries(enums).map(([name, values]) => [
      name,
      new Map(Object.entries(values).map(([key, number]) => [number, key])),
    ]),
  ),
);

function byNumber(name: string): ReadonlyMap<number, FieldDescription> {
  return fieldIndexes[name] ?? new Map();
}

function enumNames(type: string): ReadonlyMap<number, string> {
  return nameIndexes[type] ?? new Map();
}

function fieldsOf(name: string): readonly FieldDescription[] {
  const fields = messages[name];
  if (!fields) throw new TypeError(`CRI has no message ${name}`);
  return fields;
}
