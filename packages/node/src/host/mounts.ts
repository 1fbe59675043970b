import { readFileSync } from 'node:fs';

export interface Mount {
  readonly path: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  /** Options of the file system itself; for cgroup v1 these name the controllers. */
  readonly superOptions: readonly string[];
}

/** Parses the text of /proc/self/mountinfo (proc_pid_mountinfo(5)); later mounts lie over earlier ones. */
export function parseMounts(text: string): readonly Mount[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , , path = '', options = ''] = before.split(' ');
      const [type = '', source = '', superOptions = ''] = after.split(' ');
      return {
        path: unescape(path),
        type,
        source: unescape(source),
        options: options.split(','),
        superOptions: superOptions.split(','),
      };
    });
}

export function readMounts(): readonly Mount[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Mount points in and below a folder, the innermost and last mounted first: the order to unmount in. */
export function mountsBelow(folder: string, mounts: readonly Mount[] = readMounts()): readonly string[] {
  const paths = mounts.map((mount) => mount.path).filter((path) => path === folder || path.startsWith(`${folder}/`));
  return paths.reverse().sort((a, b) => b.split('/').length - a.split('/').length);
}

/** The kernel writes spaces, tabs, line ends and backslashes as octal. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
