import { readFileSync, type Stats, statfsSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineRole, type Flags } from '../role.ts';

const CONTENT = 'mount-tester new file\n';
const TMPFS_MAGIC = 0x0102_1994;

/** Makes files, and says what it sees of them: how tests look at volumes from inside. */
export const mounttest = defineRole({
  name: 'mounttest',
  flags: {
    fs_type: '',
    new_file_0644: '',
    new_file_0666: '',
    new_file_0660: '',
    new_file_0777: '',
    file_mode: '',
    file_perm: '',
    file_owner: '',
    file_content: '',
    file_content_in_loop: '',
    retry_time: '180',
    break_on_expected_content: true,
  },
  async run({ flags }) {
    process.umask(0); // The modes asked for are the modes made.
    let failed = false;
    // The order is part of the role: type of the mount, then files in it, then what they are.
    for (const [flag, look] of looks) {
      const path = flags.text(flag);
      if (path === '') continue;
      try {
        await look(path, flags);
      } catch (error) {
        process.stdout.write(`error of ${flag} ${quoted(path)}: ${(error as Error).message}\n`);
        failed = true;
      }
    }
    process.exitCode = failed ? 1 : 0;
  },
});

type Look = (path: string, flags: Flags) => void | Promise<void>;

const looks: readonly (readonly [flag: string, look: Look])[] = [
  [
    'fs_type',
    (path) => {
      const { type } = statfsSync(path);
      say(`mount type of ${quoted(path)}: ${type === TMPFS_MAGIC ? 'tmpfs' : type}`);
    },
  ],
  ['new_file_0644', newFile(0o644)],
  ['new_file_0666', newFile(0o666)],
  ['new_file_0660', newFile(0o660)],
  ['new_file_0777', newFile(0o777)],
  ['file_mode', (path) => say(`mode of file ${quoted(path)}: ${modeText(statSync(path), true)}`)],
  ['file_perm', (path) => say(`perms of file ${quoted(path)}: ${modeText(statSync(path), false)}`)],
  [
    'file_owner',
    (path) => {
      const { uid, gid } = statSync(path);
      say(`owner UID of ${quoted(path)}: ${uid}`);
      say(`owner GID of ${quoted(path)}: ${gid}`);
    },
  ],
  ['file_content', showContent],
  ['file_content_in_loop', contentInLoop],
];

function newFile(mode: number): Look {
  return (path) => {
    writeFileSync(path, CONTENT, { mode });
    showContent(path);
  };
}

function showContent(path: string): void {
  say(`content of file ${quoted(path)}: ${readFileSync(path, 'utf8')}`);
}

async function contentInLoop(path: string, flags: Flags): Promise<void> {
  const end = performance.now() + flags.number('retry_time') * 1000;
  for (; performance.now() < end; await sleep(2000)) {
    try {
      showContent(path);
      if (flags.isSet('break_on_expected_content') && readFileSync(path, 'utf8') === CONTENT) return;
    } catch (error) {
      say(`Error reading file ${path}: ${(error as Error).message}, retrying`);
    }
  }
}

/** As Go prints modes: `drwxrwxrwx`, with a set-id or sticky bit in front; permissions alone have `-` there. */
function modeText(stats: Stats, isWhole: boolean): string {
  const bits = 'rwxrwxrwx'
    .split('')
    .map((letter, i) => (stats.mode & (1 << (8 - i)) ? letter : '-'))
    .join('');
  if (!isWhole) return `-${bits}`;
  const kind = [
    stats.isDirectory() && 'd',
    stats.isSymbolicLink() && 'L',
    stats.isFIFO() && 'p',
    stats.isSocket() && 'S',
    stats.mode & 0o4000 && 'u',
    stats.mode & 0o2000 && 'g',
    stats.mode & 0o1000 && 't',
  ]
    .filter(Boolean)
    .join('');
  return `${kind || '-'}${bits}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function quoted(path: string): string {
  return JSON.stringify(path);
}
