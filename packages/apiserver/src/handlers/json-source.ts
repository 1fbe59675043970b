import type { Literals } from '@navarch/machinery';

/** What a body's text shows beyond its value. */
export interface BodySource {
  /** As it came, where it is what the value was read from. */
  readonly text?: string;
  /** True when some object has a field twice. */
  readonly hasDuplicates: boolean;
  /** How its numbers were written, where it is JSON. */
  readonly literals?: Literals;
  /** What a strict reader of YAML says: which key came again, on which line. */
  readonly repeatedKeys: readonly string[];
  /** What a strict reader says, of the fields that are unknown and of those that come twice; of what is custom the latter first, the former by name. A refusal (`isStrict`) has other words than warnings. */
  complaints(unknown: readonly string[], isCustom?: boolean, isStrict?: boolean): readonly string[];
}

/** The text of a JSON body, for what only the text shows: fields given twice, and in which order all came. */
export class JsonSource implements BodySource {
  readonly text: string;
  readonly #value: unknown;
  #scanned: Scanner | undefined;

  /** `value` is what the text was parsed to. */
  constructor(text: string, value: unknown) {
    this.text = text;
    this.#value = value;
  }

  /** True when some object has a field twice. Nearly always told by counting. */
  get hasDuplicates(): boolean {
    return colonsIn(this.text) !== fieldsIn(this.#value) && this.#all().some((field) => field.isRepeated);
  }

  /** What a strict reader says about the text, in its order (KEP-2885): the unknown fields, and the known ones given twice. */
  complaints(unknown: readonly string[], isCustom = false): readonly string[] {
    if (isCustom)
      return customComplaints(
        this.#all()
          .filter((field) => field.isRepeated)
          .map((field) => field.path),
        unknown,
      );
    const open = new Set(unknown);
    const texts: string[] = [];
    for (const { path, isRepeated } of this.#all()) {
      if (open.delete(path)) texts.push(`unknown field ${JSON.stringify(path)}`);
      else if (
        isRepeated &&
        !unknown.some((above) => path === above || path.startsWith(`${above}.`) || path.startsWith(`${above}[`))
      ) {
        texts.push(`duplicate field ${JSON.stringify(path)}`);
      }
    }
    // What a patch left standing is not in its text.
    for (const path of open) texts.push(`unknown field ${JSON.stringify(path)}`);
    return [...new Set(texts)];
  }

  /** What a strict reader of YAML says: which key came again, on which line. */
  get repeatedKeys(): readonly string[] {
    return this.#all()
      .filter((field) => field.isRepeated)
      .map(
        ({ name, at }) =>
          `line ${this.text.slice(0, at).split('\n').length}: key ${JSON.stringify(name)} already set in map`,
      );
  }

  get literals(): Literals {
    return {
      hasFloats: FLOATS.test(this.text),
      at: (path) => this.#scan().numbers.get(path),
    };
  }

  #scan(): Scanner {
    return (this.#scanned ??= new Scanner(this.text));
  }

  #all(): readonly Occurrence[] {
    return this.#scan().fields;
  }
}

/** Whose type is known only after reading: all that comes twice is told, before anything is found to be unknown. */
const customComplaints = (repeated: readonly string[], unknown: readonly string[]): readonly string[] => [
  ...new Set([
    ...repeated.map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...unknown.toSorted().map((path) => `unknown field ${JSON.stringify(path)}`),
  ]),
];

interface Occurrence {
  /** `spec.containers[0].image` */
  readonly path: string;
  readonly name: string;
  /** Where the name is in the text. */
  readonly at: number;
  readonly isRepeated: boolean;
}

/** As programs write JSON, a colon follows a quote; texts may hold the two as well, or people put a space between. */
function colonsIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('":'); at >= 0; at = text.indexOf('":', at + 2)) count += 1;
  return count;
}

function fieldsIn(value: unknown): number {
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += fieldsIn(item);
  else if (typeof value === 'object' && value !== null) {
    for (const name in value) count += 1 + fieldsIn((value as Readonly<Record<string, unknown>>)[name]);
  }
  return count;
}

/**
 * Numbers with a point or an exponent: behind the name of a field, or in a list. Texts may look like the latter; what is
 * read twice because of them is only slower. They must not be common: `image:1.27` is none.
 */
const FLOATS =
  /"(?<=(?<!\\)(?:\\\\)*"):\s*-?\d+[.eE]|"\s+:\s*-?\d+[.eE]|[[,]\s*-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)\s*[,\]]/;
const LITERALS: ReadonlySet<string> = new Set(['true', 'false', 'null']);

/** Walks a text that is known to be JSON. */
class Scanner {
  readonly #text: string;
  readonly fields: Occurrence[] = [];
  /** As they are written, by their paths. */
  readonly numbers = new Map<string, string>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#value('');
  }

  #value(path: string): void {
    const first = this.#next();
    if (first === '{') this.#object(path);
    else if (first === '[') this.#list(path);
    else if (first === '"') this.#string();
    else this.#scalar(path);
  }

  #scalar(path: string): void {
    const start = this.#at;
    while (this.#at < this.#text.length && !',]} \t\r\n'.includes(this.#text[this.#at] as string)) this.#at += 1;
    const text = this.#text.slice(start, this.#at);
    if (!LITERALS.has(text)) this.numbers.set(path, text);
  }

  #object(path: string): void {
    const seen = new Set<string>();
    this.#at += 1;
    while (this.#next() !== '}') {
      if (this.#text[this.#at] === ',') this.#at += 1;
      this.#next();
      const at = this.#at;
      const name = this.#string();
      const below = path === '' ? name : `${path}.${name}`;
      this.fields.push({ path: below, name, at, isRepeated: seen.has(name) });
      seen.add(name);
      this.#next();
      this.#at += 1; // The colon.
      this.#value(below);
    }
    this.#at += 1;
  }

  #list(path: string): void {
    this.#at += 1;
    for (let i = 0; this.#next() !== ']'; i++) {
      if (this.#text[this.#at] === ',') this.#at += 1;
      this.#value(`${path}[${i}]`);
    }
    this.#at += 1;
  }

  #string(): string {
    const start = this.#at++;
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    this.#at += 1;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  /** The next character that is no space, which stays unread. */
  #next(): string {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '?')) this.#at += 1;
    return this.#text[this.#at] ?? '';
  }
}
