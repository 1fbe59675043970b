/** One thing in an image's file system. Paths have no slash at either end: `usr/bin/env`. */
export type Entry =
  | {
      readonly path: string;
      readonly kind: 'file';
      readonly mode: number;
      readonly uid?: number;
      readonly gid?: number;
      readonly content: Buffer;
    }
  | {
      readonly path: string;
      readonly kind: 'directory';
      readonly mode: number;
      readonly uid?: number;
      readonly gid?: number;
    }
  | { readonly path: string; readonly kind: 'symlink' | 'link'; readonly target: string };

/** A layer's entries by path; a later one of the same path replaces the earlier. */
export type Tree = ReadonlyMap<string, Entry>;

export function file(path: string, content: Buffer | string, mode = 0o644): Entry {
  return { path, kind: 'file', mode, content: Buffer.from(content) };
}

export function directory(
  path: string,
  mode = 0o755,
  owner: { readonly uid?: number; readonly gid?: number } = {},
): Entry {
  return { path, kind: 'directory', mode, ...owner };
}

export function symlink(path: string, target: string): Entry {
  return { path, kind: 'symlink', target };
}
