import type { Kind } from '@navarch/machinery';
import type { BodySource } from './json-source.ts';

/** What a body is to be; what is custom must say so itself. */
export interface Wanted extends Partial<Pick<Kind<any>, 'version' | 'behaviour'>> {
  readonly kind: string;
}

/** A body that is read. */
export interface Body {
  readonly value: unknown;
  /** Of a body that is text. */
  readonly source?: BodySource;
}
