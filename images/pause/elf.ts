/** What a program does, for one kind of processor. */
export interface MachineCode {
  /** ELF's number for the processor (e_machine). */
  readonly machine: number;
  readonly code: (addresses: Addresses) => Buffer;
}

/** Where the data that the code refers to will lie in memory. */
interface Addresses {
  /** A set of two signals, 8 bytes. */
  readonly signals: number;
  /** A kernel `sigaction` of 32 bytes that says "ignore". */
  readonly ignore: number;
}

const BASE = 0x40_0000;
const HEADER = 64;
const SEGMENT = 56;
const CODE_AT = HEADER + 2 * SEGMENT;
const SIGINT = 2;
const SIGTERM = 15;
const SIG_IGN = 1n;

/** A static 64-bit executable: the headers, the code, and its data, in one segment that can be read and run. */
export function executable({ machine, code }: MachineCode): Buffer {
  // The code's length does not depend on the addresses in it.
  const dataAt = align(CODE_AT + code({ signals: BASE, ignore: BASE }).length, 8);
  const text = code({ signals: BASE + dataAt, ignore: BASE + dataAt + 8 });
  const image = Buffer.alloc(dataAt + 8 + 32);
  writeHeader(image, machine);
  writeSegment(image, HEADER, { type: 1, flags: 5, address: BASE, size: image.length, alignment: 0x1_0000 }); // PT_LOAD, R+X
  writeSegment(image, HEADER + SEGMENT, { type: 0x6474_e551, flags: 6, address: 0, size: 0, alignment: 16 }); // PT_GNU_STACK, R+W
  text.copy(image, CODE_AT);
  image.writeBigUInt64LE((1n << BigInt(SIGINT - 1)) | (1n << BigInt(SIGTERM - 1)), dataAt);
  image.writeBigUInt64LE(SIG_IGN, dataAt + 8); // The handler; flags, restorer and mask stay 0.
  return image;
}

function writeHeader(image: Buffer, machine: number): void {
  image.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]); // ELF, 64 bits, little endian, version 1, System V
  image.writeUInt16LE(2, 16); // e_type: an executable at fixed addresses
  image.writeUInt16LE(machine, 18);
  image.writeUInt32LE(1, 20);
  image.writeBigUInt64LE(BigInt(BASE + CODE_AT), 24); // e_entry
  image.writeBigUInt64LE(BigInt(HEADER), 32); // e_phoff
  image.writeUInt16LE(HEADER, 52);
  image.writeUInt16LE(SEGMENT, 54);
  image.writeUInt16LE(2, 56); // e_phnum
}

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly size: number;
  readonly alignment: number;
}

function writeSegment(image: Buffer, at: number, segment: Segment): void {
  image.writeUInt32LE(segment.type, at);
  image.writeUInt32LE(segment.flags, at + 4);
  image.writeBigUInt64LE(BigInt(segment.address), at + 16);
  image.writeBigUInt64LE(BigInt(segment.address), at + 24);
  image.writeBigUInt64LE(BigInt(segment.size), at + 32);
  image.writeBigUInt64LE(BigInt(segment.size), at + 40);
  image.writeBigUInt64LE(BigInt(segment.alignment), at + 48);
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
