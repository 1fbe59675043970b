/** Reads a piece of a policy field by field; what is wrong is collected, unknown fields too, and told at once. */
export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly errors: string[];
  readonly #known = new Set<string>();

  constructor(value: unknown, path: string, errors: string[]) {
    this.#path = path;
    this.errors = errors;
    if (value !== undefined && value !== null && !isRecord(value)) this.wrong('', 'must be an object');
    this.#value = isRecord(value) ? value : {};
  }

  wrong(name: string, what: string): void {
    this.errors.push(`${this.#at(name)}: ${what}`);
  }

  raw(name: string): unknown {
    this.#known.add(name);
    return this.#value[name] ?? undefined;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** A whole number of at least that. */
  count(name: string, least = 0): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
    this.wrong(name, `must be a whole number of at least ${least}`);
    return undefined;
  }

  flag(name: string, otherwise = false): boolean {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'boolean') return value ?? otherwise;
    this.wrong(name, 'must be true or false');
    return otherwise;
  }

  text(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'string') return value;
    this.wrong(name, 'must be a string');
    return undefined;
  }

  texts(name: string, allowed?: readonly string[]): readonly string[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
      this.wrong(name, 'must be a list of strings');
      return undefined;
    }
    const strange = allowed && value.find((one) => !allowed.includes(one));
    if (strange !== undefined) this.wrong(name, `must be of ${allowed?.join(', ')}, not ${JSON.stringify(strange)}`);
    return value;
  }

  /** Percentages by resource. */
  percentages(name: string): Readonly<Record<string, number>> {
    const value = this.raw(name);
    if (value === undefined) return {};
    const entries = isRecord(value) ? Object.entries(value) : undefined;
    if (!entries?.every(([, percent]) => typeof percent === 'number' && percent >= 0 && percent <= 100)) {
      this.wrong(name, 'must be percentages from 0 to 100 by resource');
      return {};
    }
    return Object.fromEntries(entries) as Readonly<Record<string, number>>;
  }

  inner(name: string): Fields {
    return new Fields(this.raw(name), this.#at(name), this.errors);
  }

  items(name: string): readonly Fields[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.wrong(name, 'must be a list');
      return [];
    }
    return value.map((item, i) => new Fields(item, `${this.#at(name)}[${i}]`, this.errors));
  }

  /** What nobody has asked for is a mistake. */
  close(): void {
    for (const name of Object.keys(this.#value)) if (!this.#known.has(name)) this.wrong(name, 'unknown field');
  }

  #at(name: string): string {
    return [this.#path, name].filter((part) => part !== '').join('.');
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
