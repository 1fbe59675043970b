import { readSync } from 'node:fs';
import type { Duplex } from 'node:stream';

/**
 * Gives out what a peer said before it closed its connection while we were still writing to it. A runtime closes as soon
 * as the command has ended, be there input on the way or not; what it has not read makes the kernel send a reset. Node
 * then throws away what it has read itself and nobody took yet, and, where a write met the reset first, leaves the
 * command's exit code unread in the kernel, which keeps what came before. So both are taken before the socket goes. Of
 * TLS the kernel has only bytes that are no text yet.
 */
export function takeLastWords(socket: Duplex, take: (chunk: Buffer) => void): void {
  const tcp = socket as Duplex & { readonly _handle?: { readonly fd?: number } };
  const destroy = tcp._destroy.bind(tcp);
  tcp._destroy = (error, callback) => {
    if (error) {
      giveOut(tcp);
      const fd = tcp._handle?.fd ?? -1;
      if (fd >= 0 && !('encrypted' in tcp)) for (const chunk of unread(fd)) take(chunk);
    }
    destroy(error, callback);
  };
}

/** What Node holds goes to whoever listens for data, as if there had been no error. */
function giveOut(socket: Duplex): void {
  while (socket.read() !== null);
}

const PIECE_BYTES = 64 * 1024;
/** More than sockets hold. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024;

function unread(fd: number): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let bytes = 0; bytes < UNREAD_BYTES_MAX;) {
    const piece = Buffer.alloc(PIECE_BYTES);
    let length = 0;
    try {
      length = readSync(fd, piece);
    } catch {
      break; // EAGAIN: there is no more; ECONNRESET: that was all.
    }
    if (length === 0) break;
    bytes += length;
    pieces.push(piece.subarray(0, length));
  }
  return pieces;
}
