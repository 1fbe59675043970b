/** What an entry costs besides its octets (RFC 7541, section 4.1). */
const ENTRY_BYTES = 32;

/** A field of a request: of `:path` and its like, one that no request may have, or any other. */
export type FieldRole = 'pseudo' | 'broken' | 'header';

/** One field as it was sent. Most fields are sent once for a connection, and named again by each request. */
export class HeaderField {
  readonly name: string;
  readonly value: string;
  /** As a table counts it. */
  readonly bytes: number;
  /** As soon as somebody found out: it stays so. */
  role: FieldRole | undefined;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.bytes = name.length + value.length + ENTRY_BYTES;
  }
}
