import type { Files } from './ports.ts';
import { writeWhole } from './write-whole.ts';

/** What an earlier kubelet kept is not what it wrote. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** Writes what a later kubelet must know. A reader finds the old text or the new one, whole. */
export async function writeCheckpoint(files: Files, path: string, data: object): Promise<void> {
  const text = JSON.stringify({ data, checksum: checksum(JSON.stringify(data)) });
  await writeWhole(files, path, text);
}

/** undefined when nothing was kept. Throws CheckpointError when what is there was not written so. */
export async function readCheckpoint(files: Files, path: string): Promise<unknown> {
  const text = await files.readText(path);
  if (text === undefined) return undefined;
  const kept = parsed(text);
  if (kept === undefined || kept.checksum !== checksum(JSON.stringify(kept.data)))
    throw new CheckpointError('checkpoint is corrupted');
  return kept.data;
}

function parsed(text: string): { readonly data: unknown; readonly checksum: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'data' in value && 'checksum' in value ? value : undefined;
  } catch {
    return undefined;
  }
}

/** FNV-1a, 32 bits: against files that were cut short or edited, not against those who mean harm. */
function checksum(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
