import type { PackedRows } from './packed-rows.ts';
import type { Row } from './rows.ts';

/** What the thread begins with. `isSynced`: a write is over when the disk has it, not just the system. */
export interface Opening {
  readonly file: string;
  readonly isSynced: boolean;
}

export type ToWorker =
  | { readonly type: 'write'; readonly batch: number; readonly rows: PackedRows }
  | { readonly type: 'compact'; readonly revision: number }
  | { readonly type: 'backup'; readonly file: string }
  /** To answer is all. `bytes` not 0: to write that many besides, where it is in doubt whether that can be. */
  | { readonly type: 'check'; readonly bytes: number }
  | { readonly type: 'close' };

export type FromWorker =
  /** Everything as it was at `base`, the changes since, and the last revision given out. */
  | {
      readonly type: 'opened';
      readonly rows: readonly Row[];
      readonly base: number;
      readonly since: readonly Row[];
      readonly revision: number;
    }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'written'; readonly batch: number }
  | { readonly type: 'refused'; readonly batch: number; readonly message: string }
  | { readonly type: 'compacted' | 'backed-up' | 'checked'; readonly message?: string }
  | { readonly type: 'closed' };
