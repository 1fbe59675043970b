import type { Files } from '../ports.ts';
import { DATA, type Payload } from './atomic-writer.ts';

interface WrittenSet {
  readonly podUid: string;
  /** The folder that held these when they were last compared. */
  readonly target: string;
  readonly payloads: readonly Payload[];
  /** How often nothing has been compared since. */
  readonly looks: number;
}

/** Payloads of more bytes are not kept for this: their files are read each time. */
const BYTES_MAX = 32 * 1024;
/** Once in so many looks the files are read all the same: somebody on the node may have touched them. */
const LOOKS_MAX = 9;

/**
 * What was last found in the folders of pods' files, by folder. Hundreds are brought up to date every minute, and mostly
 * nothing of them has changed: then one link says that they are still there, instead of twenty reads.
 */
export class WrittenSets {
  readonly #files: Pick<Files, 'readLink'>;
  readonly #sets = new Map<string, WrittenSet>();

  constructor(files: Pick<Files, 'readLink'>) {
    this.#files = files;
  }

  /** The folder shows exactly these, as it did when they were written. */
  async has(dir: string, payloads: readonly Payload[]): Promise<boolean> {
    const known = this.#sets.get(dir);
    if (!known || known.looks >= LOOKS_MAX || !isSame(known.payloads, payloads)) return false;
    if ((await this.#files.readLink(`${dir}/${DATA}`)) !== known.target) return false;
    this.#sets.set(dir, { ...known, looks: known.looks + 1 });
    return true;
  }

  /** They have just been written, or read and found right, in the folder of that name (`target`). */
  keep(podUid: string, dir: string, target: string, payloads: readonly Payload[]): void {
    const bytes = payloads.reduce((sum, { data }) => sum + data.length, 0);
    if (bytes > BYTES_MAX) this.#sets.delete(dir);
    else this.#sets.set(dir, { podUid, target, payloads, looks: 0 });
  }

  forget(podUid: string): void {
    for (const [dir, set] of this.#sets) if (set.podUid === podUid) this.#sets.delete(dir);
  }
}

const isSame = (known: readonly Payload[], payloads: readonly Payload[]): boolean =>
  known.length === payloads.length &&
  known.every((one, i) => {
    const other = payloads[i];
    return (
      other !== undefined &&
      one.path === other.path &&
      one.mode === other.mode &&
      one.user === other.user &&
      isSameData(one.data, other.data)
    );
  });

const isSameData = (a: Payload['data'], b: Payload['data']): boolean =>
  typeof a === 'string' || typeof b === 'string'
    ? a === b
    : a.length === b.length && a.every((byte, i) => byte === b[i]);
