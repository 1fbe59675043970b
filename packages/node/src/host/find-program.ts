import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { programPath } from './command.ts';

/** The path of a program, or undefined when this host has none of that name. */
export function findProgram(name: string): string | undefined {
  return programPath()
    .split(':')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
