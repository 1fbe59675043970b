import type { Clock } from '@navarch/base';
import type { Files } from '../ports.ts';

export interface Payload {
  /** Relative, without `..`; folders are made. */
  readonly path: string;
  readonly data: string | Uint8Array;
  readonly mode: number;
  readonly user?: number;
}

export interface AtomicWriterDeps {
  readonly files: Files;
  readonly clock: Clock;
}

/** The link that is turned over. */
export const DATA = '..data';
/** Folders of sets, as `writeFresh` names them: payloads have no such names. */
const MADE = /^\.\.\d{4}_/;

/**
 * Writes a set of files so that a reader sees all of the old set or all of the new one: they lie in a folder of their
 * own, and one link (`..data`) is turned over. The names that readers use are links through it. Writes nothing when
 * nothing changed, and mends whatever a crash left at any point. `group` is the pod's fsGroup. Resolves to the name of
 * the folder that the files lie in.
 */
export async function writeAtomically(
  dir: string,
  payloads: readonly Payload[],
  { files, clock }: AtomicWriterDeps,
  group: number | undefined,
): Promise<string> {
  await files.makeDir(dir, 0o777);
  const before = new Set(await files.list(dir));
  const linkAt = async (name: string): Promise<string | undefined> =>
    before.has(name) ? files.readLink(`${dir}/${name}`) : undefined;
  const current = await linkAt(DATA);
  const isCurrent = current !== undefined && (await holds(`${dir}/${current}`, payloads, files));
  const target = isCurrent ? current : freshName(before, clock);
  if (!isCurrent) {
    await writeFresh(`${dir}/${target}`, payloads, files, group);
    await files.replaceLink(`${dir}/${DATA}`, target);
  }
  const wanted = new Set(payloads.map(({ path }) => topOf(path)));
  for (const name of wanted)
    if ((await linkAt(name)) !== `${DATA}/${name}`) await files.replaceLink(`${dir}/${name}`, `${DATA}/${name}`);
  for (const name of before) {
    if (name === DATA || name === target || wanted.has(name)) continue;
    if (MADE.test(name)) await files.removeMade(`${dir}/${name}`);
    else await files.removeTree(`${dir}/${name}`);
  }
  // Last, so that a volume of the group is one that is complete.
  if (group !== undefined) await files.ownTree(dir, group, { isWritable: false, onRootMismatch: isCurrent });
  return target;
}

const topOf = (path: string): string => path.split('/')[0] ?? '';

/** Whether the folder has exactly these files. */
async function holds(folder: string, payloads: readonly Payload[], files: Files): Promise<boolean> {
  const wanted = new Map(
    payloads.map(({ path, data }) => [path, typeof data === 'string' ? new TextEncoder().encode(data) : data]),
  );
  if ((await filesBelow(folder, '', files)).some((path) => !wanted.has(path))) return false;
  for (const [path, data] of wanted) {
    const found = await files.readBytes(`${folder}/${path}`);
    if (!found || !isEqual(found, data)) return false;
  }
  return true;
}

async function filesBelow(folder: string, prefix: string, files: Files): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await files.list(`${folder}/${prefix}`)) {
    const path = `${prefix}${name}`;
    if ((await files.kindOf(`${folder}/${path}`)) === 'directory')
      found.push(...(await filesBelow(folder, `${path}/`, files)));
    else found.push(path);
  }
  return found;
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

function freshName(taken: ReadonlySet<string>, clock: Clock): string {
  const stamp = new Date(clock.now()).toISOString().slice(0, 23).replace(/[-T:]/g, '_');
  let name = `..${stamp}`;
  for (let i = 1; taken.has(name); i++) name = `..${stamp}-${i}`;
  return name;
}

async function writeFresh(
  fresh: string,
  payloads: readonly Payload[],
  files: Files,
  group: number | undefined,
): Promise<void> {
  await files.makeDir(fresh, 0o755);
  for (const { path, data, mode, user } of payloads) {
    if (path.includes('/')) await files.makeDir(`${fresh}/${path.slice(0, path.lastIndexOf('/'))}`, 0o755);
    await files.write(`${fresh}/${path}`, data, { mode, ...(user === undefined ? {} : { user }) });
  }
  if (group !== undefined) await files.ownTree(fresh, group, { isWritable: false, onRootMismatch: false });
}
