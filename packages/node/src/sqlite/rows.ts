/** One change as it lies in the table; `value` null: a deletion. */
export interface Row {
  readonly revision: number;
  readonly created: number;
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A row to write. `replaces`: the revision of the same key that nobody needs once this one is in the compacted past; 0: none. */
export interface NewRow extends Row {
  readonly replaces: number;
}
