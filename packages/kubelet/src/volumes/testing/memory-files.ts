import { EscapeError, type FileKind, type Files, type MountRequest } from '../../ports.ts';

interface Entry {
  readonly kind: FileKind | 'link';
  /** Bytes of a file, target of a link. */
  readonly data: Uint8Array;
  readonly target: string;
  mode: number;
  user: number;
  group: number;
}

export interface MemoryFiles extends Files {
  /** Called before everything that changes something; what it throws is the crash. */
  onChange: (operation: string) => void;
  /** Puts anything anywhere: what a test finds on the node. */
  put(path: string, kind: FileKind | 'link', data?: string): void;
  /** `mode user:group` of a path, links followed. */
  ownerOf(path: string): string | undefined;
  disk: { readonly capacityBytes: number; readonly availableBytes: number };
  /** What is mounted, by path. */
  readonly mounts: ReadonlyMap<string, string>;
  /** Every path below, links not followed. */
  tree(path: string): readonly string[];
}

const LINKS_MAX = 40;
const empty = new Uint8Array();

/** The node's files in memory: links, modes, owners and mounts behave as Linux has them, as far as volumes use them. */
export function memoryFiles(): MemoryFiles {
  const entries = new Map<string, Entry>([['/', directory(0o755)]]);
  const mounts = new Map<string, string>();
  const change = (operation: string): void => files.onChange(operation);
  const at = (path: string): Entry | undefined => {
    const real = resolve(entries, path, true);
    return real === undefined ? undefined : entries.get(real);
  };
  const put = (path: string, entry: Entry): void => {
    const parent = resolve(entries, parentOf(path), true);
    if (parent === undefined || entries.get(parent)?.kind !== 'directory') throw new Error(`ENOENT: ${path}`);
    entries.set(joined(parent, nameOf(path)), entry);
  };
  const below = (path: string): readonly string[] => [...entries.keys()].filter((p) => p.startsWith(`${path}/`));
  const kindOf = async (path: string): Promise<FileKind | undefined> => {
    const kind = at(path)?.kind;
    return kind === 'link' ? undefined : kind;
  };
  const files: MemoryFiles = {
    onChange: () => undefined,
    disk: { capacityBytes: 1e12, availableBytes: 5e11 },
    mounts,
    put(path, kind, data = '') {
      makeParents(entries, parentOf(path));
      entries.set(path, {
        ...directory(kind === 'directory' ? 0o755 : 0o644),
        kind,
        data: new TextEncoder().encode(data),
        target: kind === 'link' ? data : '',
      });
    },
    ownerOf(path) {
      const entry = at(path);
      return entry && `${entry.mode.toString(8)} ${entry.user}:${entry.group}`;
    },
    tree: (path) => below(path).toSorted(),
    async makeDir(path, mode = 0o755) {
      if (at(path)?.kind === 'directory') return;
      change(`makeDir ${path}`);
      if (at(path)) throw new Error(`EEXIST: ${path}`);
      makeParents(entries, parentOf(path));
      put(path, directory(mode));
    },
    async readText(path, bytesMax = Number.POSITIVE_INFINITY) {
      const data = at(path)?.data;
      return data && new TextDecoder().decode(data.subarray(Math.max(0, data.length - bytesMax)));
    },
    readBytes: async (path) => (at(path)?.kind === 'file' ? at(path)?.data : undefined),
    async write(path, data, { mode = 0o644, user = 0, group = 0 } = {}) {
      change(`write ${path}`);
      const real = resolve(entries, path, true) ?? path;
      put(real, {
        kind: 'file',
        data: typeof data === 'string' ? new TextEncoder().encode(data) : data,
        target: '',
        mode,
        user,
        group,
      });
    },
    async list(path) {
      const real = resolve(entries, path, true);
      return real === undefined
        ? []
        : below(real === '/' ? '' : real)
            .filter((p) => parentOf(p) === real)
            .map(nameOf);
    },
    kindOf,
    kindOfNamed: kindOf,
    sizeOf: async (path) => at(path)?.data.length,
    async replaceLink(path, target) {
      change(`replaceLink ${path}`);
      for (const p of below(path)) entries.delete(p);
      put(path, { ...directory(0o777), kind: 'link', target });
    },
    async readLink(path) {
      const real = resolve(entries, path, false);
      const entry = real === undefined ? undefined : entries.get(real);
      return entry?.kind === 'link' ? entry.target : undefined;
    },
    async rename(from, to) {
      change(`rename ${from}`);
      const entry = entries.get(from);
      if (!entry) throw new Error(`ENOENT: ${from}`);
      entries.delete(from);
      put(to, entry);
    },
    async gzip(from, to) {
      await files.write(to, `gzip of ${await files.readText(from)}`);
    },
    diskSpace: async (path) => (at(path) ? files.disk : undefined),
    async removeTree(path) {
      if (!entries.has(path)) return;
      if ([...mounts.keys()].some((m) => m === path || m.startsWith(`${path}/`))) throw new Error(`EBUSY: ${path}`);
      // Innermost first, one by one: a crash leaves a part.
      for (const p of [...below(path)].toSorted((a, b) => b.split('/').length - a.split('/').length)) {
        change(`remove ${p}`);
        entries.delete(p);
      }
      change(`remove ${path}`);
      entries.delete(path);
    },
    removeMade: (path) => files.removeTree(path),
    async removeEmpty(path) {
      if (!entries.has(path)) return;
      if (mounts.has(path)) throw new Error(`EBUSY: ${path}`);
      if (below(path).length > 0) throw new Error(`ENOTEMPTY: ${path}`);
      change(`remove ${path}`);
      entries.delete(path);
    },
    async chmod(path, mode) {
      change(`chmod ${path}`);
      const entry = at(path);
      if (entry) entry.mode = mode;
    },
    async ownTree(path, group, { isWritable, onRootMismatch }) {
      change(`ownTree ${path}`);
      const root = at(path);
      const mask = isWritable ? 0o660 : 0o440;
      if (onRootMismatch && root?.group === group && (root.mode & (mask | 0o2110)) === (mask | 0o2110)) return;
      for (const p of [path, ...below(path)]) {
        const entry = entries.get(p);
        if (!entry) continue;
        entry.group = group;
        if (entry.kind !== 'link') entry.mode |= entry.kind === 'directory' ? mask | 0o2110 : mask;
      }
    },
    isMountPoint: async (path) => mounts.has(path),
    isOwnFileSystem: async (path) => mounts.has(path),
    async mount(path, request: MountRequest) {
      change(`mount ${path}`);
      const source = request.type === 'nfs' ? [request.source] : [];
      mounts.set(path, [request.type, ...source, ...request.options].join(' '));
    },
    async bindMount(source, path, { isReadOnly }) {
      change(`bindMount ${path}`);
      if (!at(source) || !at(path)) throw new Error(`ENOENT: ${source}`);
      mounts.set(path, `bind ${source}${isReadOnly ? ' ro' : ''}`);
    },
    async readInside(root, inside, bytesMax) {
      within(entries, root, inside);
      return (await files.readBytes(`${root}/${inside}`))?.subarray(0, bytesMax);
    },
    async bindInside(root, inside, path) {
      const real = within(entries, root, inside);
      if (real === undefined || !entries.has(real)) await files.makeDir(`${root}/${inside}`, at(root)?.mode ?? 0o755);
      await files.bindMount(`${root}/${inside}`, (await files.makeDir(path), path), { isReadOnly: false });
    },
    async unmount(path) {
      change(`unmount ${path}`);
      mounts.delete(path);
    },
    async unmountBelow(path) {
      for (const m of mounts.keys()) if (m === path || m.startsWith(`${path}/`)) await files.unmount(m);
    },
  };
  return files;
}

const directory = (mode: number): Entry => ({ kind: 'directory', data: empty, target: '', mode, user: 0, group: 0 });
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const joined = (folder: string, name: string): string => (folder === '/' ? `/${name}` : `${folder}/${name}`);

function makeParents(entries: Map<string, Entry>, path: string): void {
  let current = '/';
  for (const part of path.split('/').filter(Boolean)) {
    const next = resolve(entries, joined(current, part), true) ?? joined(current, part);
    if (!entries.has(next)) entries.set(next, directory(0o755));
    current = next;
  }
}

/** The path below root that a path leads to. Throws EscapeError when it leads out. */
function within(entries: ReadonlyMap<string, Entry>, root: string, inside: string): string | undefined {
  const real = resolve(entries, `${root}/${inside}`, true);
  const realRoot = resolve(entries, root, true) ?? root;
  if (real !== undefined && real !== realRoot && !real.startsWith(`${realRoot}/`))
    throw new EscapeError(`${inside} leads out of ${root}`);
  return real;
}

/** The path without links; the last part may be missing. undefined when it cannot be there. */
function resolve(
  entries: ReadonlyMap<string, Entry>,
  path: string,
  followsLast: boolean,
  depth = 0,
): string | undefined {
  if (depth > LINKS_MAX) return undefined;
  let current = '/';
  const parts = path.split('/').filter((p) => p !== '' && p !== '.');
  for (const [i, part] of parts.entries()) {
    if (part === '..') {
      current = parentOf(current);
      continue;
    }
    const next = joined(current, part);
    const entry = entries.get(next);
    const isLast = i === parts.length - 1;
    if (entry?.kind === 'link' && (!isLast || followsLast)) {
      const target = entry.target.startsWith('/') ? entry.target : joined(current, entry.target);
      const rest = [target, ...parts.slice(i + 1)].join('/');
      return resolve(entries, rest, followsLast, depth + 1);
    }
    if (!entry && !isLast) return undefined;
    current = next;
  }
  return current;
}
