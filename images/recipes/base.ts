import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directory, type Entry, file, symlink, type Tree } from '../oci/entry.ts';
import type { LayerRecipe } from '../recipe.ts';
import { WGET } from './wget.ts';

const WGET_PATH = 'usr/bin/wget';

/** Packages of use only to the scripts of other packages, which do not run here. */
export const installOnly = ['debconf', 'openssl', 'perl-base', 'dpkg', 'tar', 'libpam-runtime'] as const;

/** The layer under every image with a userland: the C library, busybox's applets, curl, certificates, accounts. */
export const base: LayerRecipe = {
  packages: ['libc6', 'libc-bin', 'busybox', 'curl', 'ca-certificates', 'netbase', 'tzdata'],
  without: installOnly,
  version: '4',
  files: (tree) => [...folders(), ...accounts(), ...certificates(tree), file(WGET_PATH, WGET, 0o755), ...applets(tree)],
};

function folders(): readonly Entry[] {
  return [
    ...['bin', 'sbin', 'lib', 'lib64'].map((name) => symlink(name, `usr/${name}`)),
    ...[
      'usr/bin',
      'usr/sbin',
      'usr/lib',
      'usr/lib64',
      'etc',
      'home',
      'mnt',
      'opt',
      'proc',
      'run',
      'srv',
      'sys',
      'dev',
      'var/log',
      'var/cache',
    ].map((path) => directory(path)),
    directory('root', 0o700),
    directory('tmp', 0o1777),
    directory('var/tmp', 0o1777),
    symlink('var/run', '/run'),
    file('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\nservices: files\n'),
    file(
      'etc/os-release',
      'PRETTY_NAME="Navarch image (Debian GNU/Linux 12)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
    ),
  ];
}

/** Debian's fixed numbers, which its packages assume. */
function accounts(): readonly Entry[] {
  const users = [
    ['root', 0, '/root', '/bin/sh'],
    ['daemon', 1, '/usr/sbin', '/usr/sbin/nologin'],
    ['bin', 2, '/bin', '/usr/sbin/nologin'],
    ['www-data', 33, '/var/www', '/usr/sbin/nologin'],
    ['nginx', 101, '/nonexistent', '/usr/sbin/nologin'],
    ['nobody', 65534, '/nonexistent', '/usr/sbin/nologin'],
  ] as const;
  const groups = [
    ['root', 0],
    ['daemon', 1],
    ['bin', 2],
    ['adm', 4],
    ['tty', 5],
    ['www-data', 33],
    ['nginx', 101],
    ['users', 100],
    ['nogroup', 65534],
  ] as const;
  return [
    file(
      'etc/passwd',
      users.map(([name, id, home, shell]) => `${name}:x:${id}:${id}:${name}:${home}:${shell}\n`).join(''),
    ),
    file('etc/group', groups.map(([name, id]) => `${name}:x:${id}:\n`).join('')),
    file('etc/shadow', users.map(([name]) => `${name}:*:19000:0:99999:7:::\n`).join(''), 0o640),
  ];
}

/** What update-ca-certificates would do: one file with all of them. */
function certificates(tree: Tree): readonly Entry[] {
  const all = [...tree.values()]
    .filter((entry) => entry.path.startsWith('usr/share/ca-certificates/') && entry.path.endsWith('.crt'))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const text = all.map((entry) => (entry.kind === 'file' ? `${entry.content.toString().trimEnd()}\n` : '')).join('');
  return [file('etc/ssl/certs/ca-certificates.crt', text)];
}

/** A link for each of busybox's commands that no package has brought. busybox itself knows which it has. */
function applets(tree: Tree): readonly Entry[] {
  const busybox = tree.get('usr/bin/busybox');
  if (busybox?.kind !== 'file') throw new Error('the busybox package brought no usr/bin/busybox');
  const folder = mkdtempSync(join(tmpdir(), 'busybox-'));
  try {
    const path = join(folder, 'busybox');
    writeFileSync(path, busybox.content, { mode: 0o755 });
    const names = execFileSync(path, ['--list-full'], { encoding: 'utf8' }).split('\n').filter(Boolean);
    const places = names
      .map((name) => (name.startsWith('usr/') ? name : `usr/${name}`))
      .filter((name) => name !== 'usr/bin/busybox');
    return places
      .filter((place) => !tree.has(place) && place !== WGET_PATH)
      .map((place) => symlink(place, '/usr/bin/busybox'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
