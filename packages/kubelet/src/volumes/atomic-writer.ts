import type { Files } from '../ports.ts';

export interface Payload {
  readonly path: string;
  readonly data: string | Uint8Array;
  readonly mode: number;
}

const DATA = '..data';

/**
 * Writes a set of files so that a reader sees all of the old set or all of the new one: they lie in a folder of their
 * own, and one link is turned over. Does nothing when nothing changed. `group` owns the files (fsGroup).
 */
export async function writeAtomically(dir: string, payloads: readonly Payload[], files: Files, group: number | undefined): Promise<void> {
  await files.makeDir(dir, 0o777);
  const digest = digestOf(payloads);
  const current = await files.readLink(`${dir}/${DATA}`);
  if (current === `..${digest}`) return;
  const fresh = `..${digest}`;
  await files.removeTree(`${dir}/${fresh}`);
  await files.makeDir(`${dir}/${fresh}`, 0o755);
  for (const { path, data, mode } of payloads) {
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    if (parent) await files.makeDir(`${dir}/${fresh}/${parent}`, 0o755);
    await files.write(`${dir}/${fresh}/${path}`, data, { mode: group === undefined ? mode : mode | 0o440, ...(group === undefined ? {} : { group }) });
  }
  await files.replaceLink(`${dir}/${DATA}`, fresh);
  const wanted = new Set(payloads.map(({ path }) => path.split('/')[0] ?? ''));
  for (const name of wanted) if ((await files.readLink(`${dir}/${name}`)) !== `${DATA}/${name}`) await files.replaceLink(`${dir}/${name}`, `${DATA}/${name}`);
  for (const name of await files.list(dir)) {
    if (name !== DATA && name !== fresh && !wanted.has(name)) await files.removeTree(`${dir}/${name}`);
  }
}

/** Names the set by its content (FNV-1a over everything), so that an unchanged set is seen without reading files. */
function digestOf(payloads: readonly Payload[]): string {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  const add = (code: number): void => {
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ (code + 31), 0x85ebca6b);
  };
  for (const { path, data, mode } of payloads) {
    for (const text of [path, String(mode)]) for (let i = 0; i < text.length; i++) add(text.charCodeAt(i));
    if (typeof data === 'string') for (let i = 0; i < data.length; i++) add(data.charCodeAt(i));
    else for (const byte of data) add(byte);
    add(0);
  }
  return `${(a >>> 0).toString(16).padStart(8, '0')}${(b >>> 0).toString(16).padStart(8, '0')}`;
}
