/** One change as it lies in the table; `value` null: a deletion. */
export interface Row {
  readonly revision: number;
  readonly created: number;
  readonly key: string;
  readonly value: Uint8Array | null;
}

export type ToWorker =
  | { readonly type: 'write'; readonly batch: number; readonly rows: readonly Row[] }
  | { readonly type: 'compact'; readonly revision: number }
  | { readonly type: 'backup'; readonly file: string }
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'opened'; readonly rows: readonly Row[]; readonly revision: number; readonly compacted: number }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'written'; readonly batch: number }
  | { readonly type: 'refused'; readonly batch: number; readonly message: string }
  | { readonly type: 'compacted' | 'backed-up'; readonly message?: string }
  | { readonly type: 'closed' };
