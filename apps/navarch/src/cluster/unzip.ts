import { closeSync, openSync, readSync, fstatSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

// PKWARE's APPNOTE: the end record (4.3.16) points to the central directory (4.3.12), whose entries point to the data (4.3.7).
const END = { signature: 0x06054b50, bytes: 22, commentMax: 65_535 } as const;
const ENTRY = { signature: 0x02014b50, bytes: 46 } as const;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;

/** The content of one file in a zip archive; undefined when it holds none of that name. Throws when it is no archive. */
export function readZipEntry(archive: string, name: string): Buffer | undefined {
  const file = openSync(archive, 'r');
  try {
    const read = (at: number, length: number): Buffer => {
      const buffer = Buffer.alloc(length);
      readSync(file, buffer, 0, length, at);
      return buffer;
    };
    const { size } = fstatSync(file);
    const tailBytes = Math.min(size, END.bytes + END.commentMax);
    const tail = read(size - tailBytes, tailBytes);
    const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
    if (at < 0) throw new Error(`${archive} is not a zip archive`);
    const directory = read(tail.readUInt32LE(at + 16), tail.readUInt32LE(at + 12));
    return entryIn(directory, name, read);
  } finally {
    closeSync(file);
  }
}

function entryIn(directory: Buffer, name: string, read: (at: number, length: number) => Buffer): Buffer | undefined {
  for (let at = 0; at + ENTRY.bytes <= directory.length && directory.readUInt32LE(at) === ENTRY.signature;) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => directory.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    if (directory.toString('utf8', at + ENTRY.bytes, at + ENTRY.bytes + nameBytes) === name) {
      const start = directory.readUInt32LE(at + 42);
      const local = read(start, LOCAL_BYTES);
      const data = read(
        start + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28),
        directory.readUInt32LE(at + 20),
      );
      return unpacked(data, directory.readUInt16LE(at + 10));
    }
    at += ENTRY.bytes + nameBytes + extraBytes + commentBytes;
  }
  return undefined;
}

function unpacked(data: Buffer, method: number): Buffer {
  if (method === STORED) return data;
  if (method === DEFLATED) return inflateRawSync(data);
  throw new Error(`cannot unpack a file of compression method ${method}`);
}
