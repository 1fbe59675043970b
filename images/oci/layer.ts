import { createHash } from 'node:crypto';
import { type Header, pack } from 'tar-stream';
import type { Entry, Tree } from './entry.ts';

/** Bytes by their digest: layers, configurations and manifests alike. */
export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

export function blobOf(bytes: Buffer): Blob {
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes };
}

/**
 * A tree as an uncompressed layer. The same tree always gives the same bytes: sorted, with every time at 0. Left
 * uncompressed because nodes of one machine import it again and again, and unpacking is what that costs.
 */
export async function layerOf(tree: Tree): Promise<Blob> {
  const archive = pack();
  for (const entry of [...withParents(tree).values()].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const bytes = entry.kind === 'file' ? entry.content : undefined;
    archive.entry(headerOf(entry), bytes ?? Buffer.alloc(0));
  }
  archive.finalize();
  return blobOf(await bytesOf(archive));
}

export async function bytesOf(stream: Iterable<Uint8Array> | AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function headerOf(entry: Entry): Partial<Header> & Pick<Header, 'name'> {
  const common = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' };
  switch (entry.kind) {
    case 'file':
      return {
        ...common,
        name: entry.path,
        type: 'file',
        mode: entry.mode,
        uid: entry.uid ?? 0,
        gid: entry.gid ?? 0,
        size: entry.content.length,
      };
    case 'directory':
      return {
        ...common,
        name: `${entry.path}/`,
        type: 'directory',
        mode: entry.mode,
        uid: entry.uid ?? 0,
        gid: entry.gid ?? 0,
      };
    default:
      return { ...common, name: entry.path, type: entry.kind, mode: 0o777, linkname: entry.target };
  }
}

/** Folders that nobody mentioned, so that none is made with whatever mode the unpacking program likes. */
function withParents(tree: Tree): Tree {
  const whole = new Map(tree);
  for (const path of tree.keys()) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const parent = parts.slice(0, depth).join('/');
      if (!whole.has(parent)) whole.set(parent, { path: parent, kind: 'directory', mode: 0o755 });
    }
  }
  return whole;
}
