import type { Files } from './ports.ts';

const OWNER_ONLY = 0o600;

/** Writes what only the kubelet may read, in one step: a crash leaves the old text or the new one, and no part of either. */
export async function writeWhole(files: Pick<Files, 'write' | 'rename'>, path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  await files.write(draft, text, { mode: OWNER_ONLY });
  await files.rename(draft, path);
}
