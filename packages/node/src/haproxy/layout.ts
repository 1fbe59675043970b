import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { EngineConfig } from '@navarch/ingress';

/** Where one HAProxy keeps everything. A configuration has a folder; `current` points to the one that a process reads. */
export interface HaproxyLayout {
  readonly dir: string;
  readonly current: string;
  readonly config: string;
  readonly masterSocket: string;
  readonly socket: string;
  readonly log: string;
  readonly record: string;
}

const CONFIG = 'haproxy.cfg';

export const haproxyLayout = (dir: string): HaproxyLayout => ({
  dir,
  current: join(dir, 'current'),
  config: join(dir, 'current', CONFIG),
  masterSocket: join(dir, 'master.sock'),
  socket: join(dir, 'control.sock'),
  log: join(dir, 'haproxy.log'),
  record: join(dir, 'process.json'),
});

/** Writes a configuration beside the one in use. Returns its file. Private keys are in it: nobody else may read. */
export function writeCandidate(layout: HaproxyLayout, generation: string, config: EngineConfig, text: string): string {
  const folder = join(layout.dir, `g-${generation}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, content] of config.files) writeFileSync(join(folder, name), content, { mode: 0o600 });
  const file = join(folder, CONFIG);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** The file that a process that starts reads; undefined: there is none yet. */
export const currentConfig = (layout: HaproxyLayout): string | undefined =>
  existsSync(layout.config) ? join(readlinkSync(layout.current), CONFIG) : undefined;

/** From here on a process that starts reads this one. */
export function makeCurrent(layout: HaproxyLayout, file: string): void {
  const draft = `${layout.current}.tmp`;
  rmSync(draft, { force: true });
  symlinkSync(dirname(file), draft);
  renameSync(draft, layout.current);
}

/** Whoever starts in the middle of it finds each file whole. */
export function rewriteCurrent(layout: HaproxyLayout, config: EngineConfig, text: string): void {
  for (const [name, content] of [...config.files, [CONFIG, text] as const]) {
    const file = join(layout.current, name);
    if (readFileSync(file, 'utf8') === content) continue;
    writeFileSync(`${file}.tmp`, content, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  }
}

/** A process has read what it needs once it answers: the folders of others are of no use. */
export function forgetOthers(layout: HaproxyLayout): void {
  const kept = readlinkSync(layout.current);
  for (const name of readdirSync(layout.dir))
    if (name.startsWith('g-') && join(layout.dir, name) !== kept) rmSync(join(layout.dir, name), { recursive: true });
}

export const dropCandidate = (file: string): void => rmSync(dirname(file), { recursive: true, force: true });
