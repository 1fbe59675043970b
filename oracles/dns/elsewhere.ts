import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const TYPES = { A: 1, CNAME: 5, SOA: 6, TXT: 16 } as const;

/** A server for the zone `example.test`, which both sides ask: addresses, aliases, long texts, and what there is not. */
export async function serveElsewhere(): Promise<{ readonly port: number } & AsyncDisposable> {
  const udp = createSocket('udp4');
  udp.on('message', (message, peer) => udp.send(answer(message, 1232), peer.port, peer.address));
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const { port } = udp.address();
  const tcp = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      const bytes = answer(chunk.subarray(2), 65_535);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      socket.write(Buffer.concat([length, bytes]));
    });
  });
  try {
    tcp.listen(port, '127.0.0.1');
    await once(tcp, 'listening');
  } catch (error) {
    // Another program has the port of the same number.
    udp.close();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return serveElsewhere();
  }
  return {
    port: (tcp.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      udp.close();
      tcp.close();
    },
  };
}

function answer(query: Buffer, bytesMax: number): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const name = readable(query.subarray(12, end - 4)).toLowerCase();
  const type = query.readUInt16BE(end - 4);
  const records: Buffer[] = [];
  const record = (owner: Buffer, of: number, data: Buffer): Buffer => {
    const fixed = Buffer.alloc(10);
    fixed.writeUInt16BE(of, 0);
    fixed.writeUInt16BE(1, 2);
    fixed.writeUInt32BE(20, 4);
    fixed.writeUInt16BE(data.length, 8);
    return Buffer.concat([owner, fixed, data]);
  };
  const own = Buffer.from([0xc0, 12]);
  const isThere = ['a.example.test', 'alias.example.test', 'long.example.test'].includes(name);
  if (name === 'a.example.test' && type === TYPES.A) records.push(record(own, TYPES.A, Buffer.from([192, 0, 2, 1])));
  if (name === 'alias.example.test') {
    records.push(record(own, TYPES.CNAME, wire('a.example.test')));
    if (type === TYPES.A) records.push(record(wire('a.example.test'), TYPES.A, Buffer.from([192, 0, 2, 1])));
  }
  if (name === 'long.example.test' && type === TYPES.TXT)
    for (let i = 0; i < 12; i++)
      records.push(record(own, TYPES.TXT, Buffer.concat([Buffer.from([200]), Buffer.alloc(200, 97 + i)])));
  const soa = Buffer.concat([
    wire('ns.example.test'),
    wire('host.example.test'),
    Buffer.from(Array.from({ length: 20 }, (_, i) => (i % 4 === 3 ? 30 : 0))),
  ]);
  const authorities = records.length === 0 ? [record(wire('example.test'), TYPES.SOA, soa)] : [];
  const size = end + Buffer.concat(records).length;
  const isCut = size > bytesMax;
  const header = Buffer.alloc(12);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  header.writeUInt16BE(0x8180 | (isCut ? 0x200 : 0) | (isThere ? 0 : 3), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isCut ? 0 : records.length, 6);
  header.writeUInt16BE(authorities.length, 8);
  return Buffer.concat([header, query.subarray(12, end), ...(isCut ? [] : records), ...authorities]);
}

const wire = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);

function readable(bytes: Buffer): string {
  const labels: string[] = [];
  for (let at = 0; bytes[at]; at += 1 + (bytes[at] as number))
    labels.push(bytes.toString('latin1', at + 1, at + 1 + (bytes[at] as number)));
  return labels.join('.');
}
