import type { Kind } from '@navarch/machinery';
import type { View } from './view.ts';

/** What must never be otherwise, looked at after every write of the kinds that it speaks of. */
export interface Property {
  readonly name: string;
  readonly of: readonly Kind<any>[];
  /** Begins one play: the function says what is wrong, or nothing. It may remember what it saw. */
  begin(): (view: View) => string | undefined;
}

export const defineProperty = (property: Property): Property => Object.freeze(property);

/** A property of what is, without memory. */
export const invariantOf = (
  name: string,
  of: readonly Kind<any>[],
  wrong: (view: View) => string | undefined,
): Property => defineProperty({ name, of, begin: () => wrong });
