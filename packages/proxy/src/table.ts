/** Values of a set; of a map with what the kernel does on meeting the key. */
type Elements = Map<string, string>;

interface SetState {
  readonly declaration: string;
  readonly elements: Elements;
}

/** A base chain or one that is never removed, with its rules. */
export interface FixedChain {
  readonly name: string;
  /** `{ type filter hook forward ... }`; empty for a chain that others go to. */
  readonly hook: string;
  readonly rules: readonly string[];
}

/** What a set's elements have where they stand for nothing else. */
const MEMBER = '';
/** More in one command makes lines that nobody can read in an error. */
const ELEMENTS_MAX = 500;

/**
 * A table of the packet filter as it should be, with what changed since the kernel was last told: a change costs what
 * changed, however large the table is.
 */
export class Table {
  readonly #name: string;
  readonly #fixedChains: readonly FixedChain[];
  readonly #sets = new Map<string, SetState>();
  readonly #chains = new Map<string, readonly string[]>();
  /** By set, then by element: what the kernel has there; undefined where it has nothing. */
  readonly #before = new Map<string, Map<string, string | undefined>>();
  /** Sets that the kernel has and that are no longer wanted, or the other way round. */
  readonly #setsBefore = new Map<string, SetState | undefined>();
  readonly #chainsBefore = new Map<string, readonly string[] | undefined>();
  /** Nothing is known of what the kernel has. */
  #isUnknown = true;

  constructor(name: string, sets: ReadonlyMap<string, string>, chains: readonly FixedChain[]) {
    this.#name = name;
    this.#fixedChains = chains;
    for (const [set, declaration] of sets) this.#sets.set(set, { declaration, elements: new Map() });
  }

  addSet(name: string, declaration: string): void {
    this.#noteSet(name);
    this.#sets.set(name, { declaration, elements: new Map() });
  }

  removeSet(name: string): void {
    this.#noteSet(name);
    this.#sets.delete(name);
  }

  /** `verdict` where the set is a map. */
  put(set: string, element: string, verdict: string = MEMBER): void {
    const elements = this.#sets.get(set)?.elements;
    if (!elements || elements.get(element) === verdict) return;
    this.#noteElement(set, element, elements);
    elements.set(element, verdict);
  }

  drop(set: string, element: string): void {
    const elements = this.#sets.get(set)?.elements;
    if (!elements?.has(element)) return;
    this.#noteElement(set, element, elements);
    elements.delete(element);
  }

  setChain(name: string, rules: readonly string[]): void {
    if (!this.#chainsBefore.has(name)) this.#chainsBefore.set(name, this.#chains.get(name));
    this.#chains.set(name, rules);
  }

  removeChain(name: string): void {
    if (!this.#chainsBefore.has(name)) this.#chainsBefore.set(name, this.#chains.get(name));
    this.#chains.delete(name);
  }

  /** What the kernel has of the set is kept whole from here on. */
  #noteSet(name: string): void {
    if (this.#setsBefore.has(name)) return;
    const now = this.#sets.get(name);
    const elements = new Map(now?.elements);
    for (const [element, verdict] of this.#before.get(name) ?? [])
      if (verdict === undefined) elements.delete(element);
      else elements.set(element, verdict);
    this.#before.delete(name);
    this.#setsBefore.set(name, now && { ...now, elements });
  }

  #noteElement(set: string, element: string, elements: Elements): void {
    // Of a set that the kernel does not have all elements are new.
    if (this.#setsBefore.has(set)) return;
    let before = this.#before.get(set);
    if (!before) this.#before.set(set, (before = new Map()));
    if (!before.has(element)) before.set(element, elements.get(element));
  }

  /**
   * Commands for nft, to be run as one transaction: a packet meets the rules of before or those of now. Empty when nothing
   * changed. From here on the kernel is taken to have them: whoever cannot make it so says it with forget().
   */
  take(): string {
    const lines = this.#isUnknown ? this.#whole() : this.#changes();
    this.#before.clear();
    this.#setsBefore.clear();
    this.#chainsBefore.clear();
    this.#isUnknown = false;
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }

  /** What the kernel has is not known any more: the next take() is everything. */
  forget(): void {
    this.#isUnknown = true;
  }

  #whole(): readonly string[] {
    const table = `inet ${this.#name}`;
    return [
      `add table ${table}`,
      `delete table ${table}`,
      `add table ${table}`,
      ...[...this.#sets].map(([name, set]) => this.#declare(name, set)),
      ...this.#fixedChains.map(({ name, hook }) => `add chain ${table} ${name}${hook === '' ? '' : ` ${hook}`}`),
      ...[...this.#chains.keys()].map((name) => `add chain ${table} ${name}`),
      ...[...this.#chains].flatMap(([name, rules]) => this.#addRules(name, rules)),
      ...[...this.#sets].flatMap(([name, { elements }]) => this.#elements('add', name, elements)),
      // Last, so that a listing of the transaction shows that nothing is judged by half.
      ...this.#fixedChains.flatMap(({ name, rules }) => this.#addRules(name, rules)),
    ];
  }

  /** Each thing is made before it is named, and no longer named when it goes. */
  #changes(): readonly string[] {
    const table = `inet ${this.#name}`;
    const chains = [...this.#chainsBefore].filter(([name, before]) => !sameRules(before, this.#chains.get(name)));
    const written = chains.flatMap(([name]) => {
      const rules = this.#chains.get(name);
      return rules ? [[name, rules] as const] : [];
    });
    const gone = chains.filter(([name, before]) => before && !this.#chains.has(name)).map(([name]) => name);
    // A set that went and came again is the kernel's old one, with other elements.
    const moved = [...this.#setsBefore].map(([name, before]) => ({ name, before, now: this.#sets.get(name) }));
    return [
      ...moved.flatMap(({ name, before, now }) => (now && !before ? [this.#declare(name, now)] : [])),
      ...written.map(([name]) => `add chain ${table} ${name}`),
      ...written.map(([name]) => `flush chain ${table} ${name}`),
      ...written.flatMap(([name, rules]) => this.#addRules(name, rules)),
      ...moved.flatMap(({ name, before, now }) => (now ? this.#replace(name, before?.elements, now.elements) : [])),
      ...[...this.#before].flatMap(([name, before]) => this.#moved(name, before)),
      ...gone.map((name) => `flush chain ${table} ${name}`),
      ...gone.map((name) => `delete chain ${table} ${name}`),
      ...moved.flatMap(({ name, before, now }) => (before && !now ? [`delete set ${table} ${name}`] : [])),
    ];
  }

  #declare(name: string, { declaration }: SetState): string {
    const kind = declaration.includes(' : ') ? 'map' : 'set';
    return `add ${kind} inet ${this.#name} ${name} { ${declaration} ; }`;
  }

  #addRules(chain: string, rules: readonly string[]): readonly string[] {
    return rules.map((rule) => `add rule inet ${this.#name} ${chain} ${rule}`);
  }

  #replace(set: string, before: Elements | undefined, now: Elements): readonly string[] {
    const gone = [...(before ?? [])].filter(([element, verdict]) => now.get(element) !== verdict);
    const added = [...now].filter(([element, verdict]) => before?.get(element) !== verdict);
    return [...this.#elements('delete', set, gone), ...this.#elements('add', set, added)];
  }

  #moved(set: string, before: ReadonlyMap<string, string | undefined>): readonly string[] {
    const now = this.#sets.get(set)?.elements;
    if (!now) return [];
    const changed = [...before].filter(([element, verdict]) => now.get(element) !== verdict);
    const gone = changed.flatMap(([element, verdict]) => (verdict === undefined ? [] : [[element, verdict] as const]));
    const added = changed.flatMap(([element]) => {
      const verdict = now.get(element);
      return verdict === undefined ? [] : [[element, verdict] as const];
    });
    return [...this.#elements('delete', set, gone), ...this.#elements('add', set, added)];
  }

  #elements(verb: 'add' | 'delete', set: string, entries: Iterable<readonly [string, string]>): readonly string[] {
    const texts = [...entries].map(([element, verdict]) =>
      verdict === MEMBER || verb === 'delete' ? element : `${element} : ${verdict}`,
    );
    return Array.from({ length: Math.ceil(texts.length / ELEMENTS_MAX) }, (_, i) => {
      const some = texts.slice(i * ELEMENTS_MAX, (i + 1) * ELEMENTS_MAX);
      return `${verb} element inet ${this.#name} ${set} { ${some.join(', ')} }`;
    });
  }
}

function sameRules(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return (
    a === b || (a !== undefined && b !== undefined && a.length === b.length && a.every((rule, i) => rule === b[i]))
  );
}
