import { writeJson } from '../json-text.ts';
import { inconvertible, jsonTypeOf } from './go-words.ts';

/** The value does not have the type's shape. The message is what Go's decoder says, since clients show it. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** What is said of a value that was never text: that a strategic merge patch made. */
  readonly ofValue: string;

  constructor(message: string, ofValue = message) {
    super(message);
    this.ofValue = ofValue;
  }
}

/** How the numbers of a text were written: what integers and quantities are read from. */
export interface Literals {
  /** Some are written as floats, which may well be without a fraction. */
  readonly hasFloats: boolean;
  /** The number at a path, `spec.list[0].size`, as it was written. */
  at(path: string): string | undefined;
}

/** Reads a value of one type. Made once for each schema. */
export type Decoder = (value: unknown, state: DecodeState) => unknown;

/** Where the reading of one object is, and what there is to say of it. */
export class DecodeState {
  /** Whether the path is followed: only once there is something to say of a place. */
  readonly follows: boolean;
  readonly path: (string | number | { readonly key: string })[] = [];
  readonly unknown: string[] = [];
  /** Go type name of the object being decoded, for messages. */
  struct = '';

  /** Places of the given fields, in order: those of the object being decoded last, before them those of the objects around it. */
  readonly places: number[] = [];
  /** Whether the object whose places were taken last has fields that its type does not declare. */
  hasUnknown = false;

  readonly #literals: Literals | undefined;

  constructor(follows: boolean, literals: Literals | undefined) {
    this.follows = follows;
    this.#literals = literals;
  }

  /** The number that is being read, as it was written, where that is known and may matter. */
  get literal(): string | undefined {
    return this.follows ? this.#literals?.at(this.text) : undefined;
  }

  /** Puts the places of what `source` gives on top of `places`; gives where they begin. */
  takePlaces(source: Readonly<Record<string, unknown>>, of: ReadonlyMap<string, number>): number {
    const { places } = this;
    const start = places.length;
    this.hasUnknown = false;
    for (const name in source) {
      if (source[name] === undefined) continue;
      const place = of.get(name);
      if (place === undefined) {
        this.hasUnknown = true;
        continue;
      }
      // Most senders print in order; the others' few fields find their places one by one.
      let at = places.length;
      for (; at > start && (places[at - 1] as number) > place; at--) places[at] = places[at - 1] as number;
      places[at] = place;
    }
    return start;
  }

  get text(): string {
    let text = '';
    for (const part of this.path) {
      const name = typeof part === 'object' ? part.key : part;
      text += typeof name === 'number' ? `[${name}]` : text === '' ? name : `.${name}`;
    }
    return text;
  }

  /** A number is shown only where another one would have been right. */
  #shownNumber(value: unknown, goType: string): string {
    const isNumber = typeof value === 'number' || typeof value === 'bigint';
    return isNumber && NUMBERS.has(goType) ? ` ${this.literal ?? writeJson(value)}` : '';
  }

  refuse(value: unknown, goType: string): never {
    if (!this.follows) throw new PathNeeded();
    // Go tells the fields of its structs, neither places in lists nor keys of maps.
    const fields = this.path.filter((part) => typeof part === 'string').join('.');
    const where = fields === '' ? 'Go value' : `Go struct field ${this.struct}.${fields}`;
    throw new DecodeError(
      `json: cannot unmarshal ${jsonTypeOf(value)}${this.#shownNumber(value, goType)} into ${where} of type ${goType}`,
      inconvertible(value, goType),
    );
  }
}

const NUMBERS: ReadonlySet<string> = new Set(['int32', 'int64', 'uint8', 'uint64', 'float64']);

/** Something is to be said of a place, and the path to it is not known. */
export class PathNeeded extends Error {
  override readonly name = 'PathNeeded';
}
