import { readFileSync } from 'node:fs';

/** A user of this machine with the name of its group; undefined: there is none of that name. */
export function identityOfUser(name: string): { readonly name: string; readonly group: string } | undefined {
  const gid = entriesOf('/etc/passwd').find(([user]) => user === name)?.[3];
  const group = entriesOf('/etc/group').find(([, , id]) => id === gid)?.[0];
  return gid === undefined || group === undefined ? undefined : { name, group };
}

function entriesOf(file: string): readonly (readonly string[])[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return []; // Not a system that has one.
  }
}
