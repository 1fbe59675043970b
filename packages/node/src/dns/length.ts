/** Over TCP every message has its length before it (RFC 7766). */
export function withLength(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(bytes.length + 2);
  out.writeUInt16BE(bytes.length);
  out.set(bytes, 2);
  return out;
}
