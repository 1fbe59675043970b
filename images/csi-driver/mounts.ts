import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

export const isMounted = (path: string): boolean =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === path);

/** Shows a folder or a file, a device among them, at a path that is made. */
export function show(source: string, path: string, isReadOnly: boolean): void {
  if (isMounted(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  if (statSync(source).isDirectory()) mkdirSync(path, { recursive: true });
  else if (!existsSync(path)) writeFileSync(path, '');
  run('mount', '--bind', source, path);
  if (isReadOnly) run('mount', '-o', 'remount,bind,ro', path);
}

/** Takes away what `show` made; nothing there is what was wanted. */
export function hide(path: string): void {
  while (isMounted(path)) run('umount', path);
  if (!existsSync(path)) return;
  if (statSync(path).isDirectory()) rmdirSync(path);
  else rmSync(path);
}

/** The device that shows a file; another call gives the same. */
export function device(file: string): string {
  const [known] = devices(file);
  return known ?? run('losetup', '--find', '--show', file);
}

export function releaseDevice(file: string): void {
  for (const path of devices(file)) run('losetup', '--detach', path);
}

/** The device has the file's size from now on. */
export function growDevice(file: string): void {
  for (const path of devices(file)) run('losetup', '--set-capacity', path);
}

const devices = (file: string): readonly string[] =>
  run('losetup', '--noheadings', '--output', 'NAME', '--associated', file)
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
