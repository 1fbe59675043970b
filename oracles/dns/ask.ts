import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';

const PATIENCE_MS = 3000;

export interface Asked {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly opcode: number;
  readonly isTcp: boolean;
  readonly edns: { readonly bytes: number; readonly version: number; readonly signatures: boolean } | undefined;
}

/** The bytes of a question; the name is written as it is, with the id 0x1234 and recursion desired. */
export function questionOf({ name, type, class: of, opcode, edns }: Asked): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const wire = Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);
  const header = Buffer.from([0x12, 0x34, (opcode << 3) | 1, 0, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0]);
  const opt = edns
    ? Buffer.from([0, 0, 41, edns.bytes >> 8, edns.bytes & 0xff, 0, edns.version, edns.signatures ? 0x80 : 0, 0, 0, 0])
    : Buffer.alloc(0);
  return Buffer.concat([header, wire, Buffer.from([type >> 8, type & 0xff, of >> 8, of & 0xff]), opt]);
}

/** The answer to it; undefined: none came. */
export async function asking(port: number, asked: Asked): Promise<Buffer | undefined> {
  const message = questionOf(asked);
  return asked.isTcp ? overTcp(port, message) : overUdp(port, message);
}

async function overUdp(port: number, message: Buffer): Promise<Buffer | undefined> {
  const socket: Socket = createSocket('udp4');
  try {
    socket.send(message, port, '127.0.0.1');
    const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [Buffer];
    return answer;
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    return undefined;
  } finally {
    socket.close();
  }
}

async function overTcp(port: number, message: Buffer): Promise<Buffer | undefined> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.write(Buffer.concat([length, message]));
  let all = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    all = Buffer.concat([all, chunk]);
    if (all.length >= 2 && all.length >= 2 + all.readUInt16BE(0)) break;
  }
  socket.destroy();
  return all.length < 2 ? undefined : all.subarray(2, 2 + all.readUInt16BE(0));
}
