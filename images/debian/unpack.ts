import { spawn } from 'node:child_process';
import { extract } from 'tar-stream';
import type { Entry } from '../oci/entry.ts';
import { bytesOf } from '../oci/layer.ts';

/** Read by people at a terminal, not by programs in a container. */
const left = /^usr\/share\/(?:doc|man|info|locale|lintian|bug|doc-base|gcc|bash-completion|menu|pixmaps|zsh)\//;
/** Debian keeps these folders as links into usr; packages may name either. */
const merged = /^(?:bin|sbin|lib|lib32|lib64|libx32)(?=\/|$)/;

/** The files of a package. Its scripts do not run: what they would do is up to the recipe. Needs no root. */
export async function unpackDebian(path: string, signal: AbortSignal): Promise<readonly Entry[]> {
  const child = spawn('dpkg-deb', ['--fsys-tarfile', path], { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  const complaints = bytesOf(child.stderr);
  const entries: Entry[] = [];
  for await (const stream of child.stdout.pipe(extract())) {
    const { name, type, mode, uid, gid, linkname } = stream.header;
    const content = await bytesOf(stream);
    const place = inUsr(name);
    if (place === '' || left.test(`${place}/`) || /^(?:usr\/)?(?:bin|sbin|lib|lib64)$/.test(place)) continue;
    if (type === 'file' || type === 'contiguous-file')
      entries.push({ path: place, kind: 'file', mode, uid, gid, content });
    else if (type === 'directory') entries.push({ path: place, kind: 'directory', mode, uid, gid });
    else if (type === 'symlink') entries.push({ path: place, kind: 'symlink', target: linkname ?? '' });
    else if (type === 'link') entries.push({ path: place, kind: 'link', target: inUsr(linkname ?? '') });
  }
  if ((await ended) !== 0) throw new Error(`cannot unpack ${path}: ${(await complaints).toString().trim()}`);
  return entries;
}

function inUsr(name: string): string {
  const path = name.replace(/^\.?\//, '').replace(/\/$/, '');
  return path === '.' ? '' : path.replace(merged, (folder) => `usr/${folder}`);
}
