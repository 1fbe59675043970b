import { EVENT_ID, type Event, getScalarValue, SCALAR_STYLE } from 'js-yaml';
import { Float, jsonOf, keyText, resolved, type Scalar, shownKey, TAG } from './scalar.ts';

type ScalarEvent = Extract<Event, { readonly type: typeof EVENT_ID.SCALAR }>;
type Opening = Extract<Event, { readonly type: typeof EVENT_ID.SEQUENCE | typeof EVENT_ID.MAPPING }>;

interface Entry {
  readonly key: Scalar | Float;
  /** As it is before JSON: what is not there in the end may be what JSON has not. */
  readonly value: unknown;
  readonly line: number;
}

/** By what the keys were before they became text: equal texts of different kinds are no repetition. */
type Mapping = Map<string, Entry>;

/** Told of each key that its mapping has already: as a strict reader writes it, and the line of its value. */
export type OnRepeated = (key: string, line: number) => void;

/** The end of a document before any has begun. */
const BEGINS_WITH_END = /^\uFEFF?(?:[ \t]*(?:#[^\n]*)?\r?\n)*\.\.\.(?:\s|$)/;

/** Makes the JSON values of the first document of a text from what its parser has found (as Go's yaml.v2 makes them). */
export class Composer {
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #onRepeated: OnRepeated | undefined;
  /** Scalars as they are before JSON: an alias of one may be a key. */
  readonly #anchors = new Map<string, unknown>();
  /** Of mappings, so that they can be merged: keys are told apart there by what they are. */
  readonly #mappings = new WeakMap<object, Mapping>();
  #at = 0;

  constructor(text: string, events: readonly Event[], onRepeated: OnRepeated | undefined) {
    this.#text = text;
    this.#events = events;
    this.#onRepeated = onRepeated;
  }

  document(): unknown {
    const first = this.#next();
    if (first?.type !== EVENT_ID.DOCUMENT && !/^\.\.\.(?:\s|$)/m.test(this.#text)) return null;
    if (BEGINS_WITH_END.test(this.#text)) throw new Error('did not find expected <document start>');
    const root = this.#peek();
    const isEmpty =
      root === undefined || root.type === EVENT_ID.POP || (root.type === EVENT_ID.SCALAR && startOf(root) < 0);
    if (first?.type !== EVENT_ID.DOCUMENT || (isEmpty && first.explicitEnd && !first.explicitStart))
      throw new Error('did not find expected <document start>');
    return root === undefined || root.type === EVENT_ID.POP ? null : shown(this.#value());
  }

  /** A scalar as it is before JSON, or what JSON has for a list or a map. */
  #value(): unknown {
    const event = this.#next();
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        return this.#anchored(event, this.#scalar(event));
      case EVENT_ID.SEQUENCE:
        return this.#sequence(event);
      case EVENT_ID.MAPPING:
        return this.#mapping(event);
      case EVENT_ID.ALIAS:
        return this.#alias(event);
      default:
        throw new Error('the document ends too early');
    }
  }

  #sequence(event: Opening): readonly unknown[] {
    const close = this.#open(event);
    const items: unknown[] = [];
    while (!this.#isEnd()) items.push(shown(this.#value()));
    return close(items);
  }

  #mapping(event: Opening): object {
    const close = this.#open(event);
    const mapping: Mapping = new Map();
    while (!this.#isEnd()) this.#entry(mapping);
    const object = Object.fromEntries(Array.from(mapping.values(), ({ key, value }) => [keyText(key), shown(value)]));
    this.#mappings.set(object, mapping);
    return close(object);
  }

  #entry(mapping: Mapping): void {
    const before = this.#at;
    const event = this.#peek();
    if (event?.type === EVENT_ID.SCALAR && this.#isMerge(event)) {
      this.#at += 1;
      this.#merge(mapping);
      return;
    }
    const key = this.#key();
    const line = this.#lineOf(before);
    this.#set(mapping, { key, line, value: this.#value() });
  }

  #set(mapping: Mapping, entry: Entry): void {
    const { key } = entry;
    const identity = `${key instanceof Float ? 'float' : typeof key} ${keyText(key)}`;
    if (mapping.has(identity)) this.#onRepeated?.(shownKey(key), entry.line);
    mapping.set(identity, entry);
  }

  #key(): Scalar | Float {
    const event = this.#next();
    if (event?.type === EVENT_ID.SCALAR) return this.#anchored(event, this.#scalar(event));
    if (event?.type === EVENT_ID.ALIAS) {
      const value = this.#alias(event);
      if (isScalar(value)) return value;
    }
    throw new Error('invalid map key: a list or a map');
  }

  /** What `<<` names is put here, in its place: what comes later counts. */
  #merge(into: Mapping): void {
    const isList = this.#peek()?.type === EVENT_ID.SEQUENCE;
    const value = this.#value();
    // Of several maps the first counts most.
    const maps = isList ? (value as readonly unknown[]).toReversed() : [value];
    for (const map of maps) {
      const mapping = typeof map === 'object' && map !== null ? this.#mappings.get(map) : undefined;
      if (!mapping) throw new Error('map merge requires map or sequence of maps as the value');
      for (const entry of mapping.values()) this.#set(into, entry);
    }
  }

  #isMerge(event: ScalarEvent): boolean {
    if (getScalarValue(this.#text, event) !== '<<') return false;
    const tag = this.#tagOf(event);
    return tag === `${TAG}merge` || (tag === '' && event.style === SCALAR_STYLE.PLAIN) || tag === '!';
  }

  #scalar(event: ScalarEvent): Scalar | Float {
    const text = event.valueStart < 0 ? '' : this.#textOf(event);
    const tag = this.#tagOf(event);
    if (BLOCKS.has(event.style)) this.#checkIndentation(event);
    return tag === '' && event.style !== SCALAR_STYLE.PLAIN ? text : resolved(tag, text);
  }

  #textOf(event: ScalarEvent): string {
    const text = getScalarValue(this.#text, event);
    // The last line of a block ends as the document ends: without a break of its own it has none.
    const isOpen = BLOCKS.has(event.style) && event.valueEnd >= this.#text.length && !this.#text.endsWith('\n');
    return isOpen && text.endsWith('\n') ? text.slice(0, -1) : text;
  }

  /** A block whose indentation is found out by its first line must not leave it open whether a tab belongs to it. */
  #checkIndentation({ valueStart }: ScalarEvent): void {
    const header = this.#text.slice(this.#text.lastIndexOf('\n', valueStart - 2) + 1, valueStart);
    TAB_FIRST.lastIndex = valueStart;
    if (!/[|>][-+]?[1-9]/.test(header) && TAB_FIRST.test(this.#text))
      throw new Error('found a tab character where an indentation space is expected');
  }

  #tagOf({ tagStart, tagEnd }: ScalarEvent): string {
    if (tagStart < 0) return '';
    const tag = this.#text.slice(tagStart, tagEnd);
    if (tag.startsWith('!<')) return tag.slice(2, -1);
    return tag.startsWith('!!') ? TAG + tag.slice(2) : tag;
  }

  #alias({ anchorStart, anchorEnd }: { readonly anchorStart: number; readonly anchorEnd: number }): unknown {
    const name = this.#text.slice(anchorStart, anchorEnd);
    const value = this.#anchors.get(name);
    if (value === undefined) throw new Error(`unknown anchor '${name}' referenced`);
    if (value instanceof Open) throw new Error(`anchor '${name}' value contains itself`);
    return value;
  }

  /** Returns what to call with the value when it is complete. */
  #open(event: Opening): <V>(value: V) => V {
    const open = this.#anchored(event, new Open());
    return (value) => {
      const name = this.#text.slice(event.anchorStart, event.anchorEnd);
      // What is in it may have taken the name over.
      if (event.anchorStart >= 0 && this.#anchors.get(name) === open) this.#anchors.set(name, value);
      return value;
    };
  }

  #anchored<V>({ anchorStart, anchorEnd }: ScalarEvent | Opening, value: V): V {
    if (anchorStart < 0) return value;
    const name = this.#text.slice(anchorStart, anchorEnd);
    if (!/^[\w-]+$/.test(name)) throw new Error('did not find expected alphabetic or numeric character in an anchor');
    this.#anchors.set(name, value);
    return value;
  }

  /** The line of the value that comes next; of its key, where it is empty. */
  #lineOf(keyAt: number): number {
    const [value, key] = [this.#peek(), this.#events[keyAt]].map((event) => (event ? startOf(event) : -1));
    const start = value !== undefined && value >= 0 ? value : (key ?? 0);
    return this.#onRepeated ? this.#text.slice(0, Math.max(0, start)).split('\n').length : 0;
  }

  #isEnd(): boolean {
    if (this.#peek()?.type !== EVENT_ID.POP) return false;
    this.#at += 1;
    return true;
  }

  #peek(): Event | undefined {
    return this.#events[this.#at];
  }

  #next(): Event | undefined {
    return this.#events[this.#at++];
  }
}

const isScalar = (value: unknown): value is Scalar | Float =>
  typeof value !== 'object' || value === null || value instanceof Float;
const shown = (value: unknown): unknown => (isScalar(value) ? jsonOf(value) : value);

const BLOCKS: ReadonlySet<number> = new Set([SCALAR_STYLE.LITERAL_BLOCK, SCALAR_STYLE.FOLDED_BLOCK]);
const TAB_FIRST = /(?: *\r?\n)* *\t/y;

/** Stands for a value that is being made. */
class Open {}

function startOf(event: Event): number {
  switch (event.type) {
    // A block begins with its header, on the line before.
    case EVENT_ID.SCALAR:
      return firstOf(event, BLOCKS.has(event.style) ? event.valueStart - 1 : event.valueStart);
    case EVENT_ID.SEQUENCE:
    case EVENT_ID.MAPPING:
      return firstOf(event, event.start);
    case EVENT_ID.ALIAS:
      return event.anchorStart;
    default:
      return -1;
  }
}

/** Where a value begins with its anchor and its tag. */
function firstOf({ anchorStart, tagStart }: ScalarEvent | Opening, start: number): number {
  const found = [anchorStart, tagStart, start].filter((at) => at >= 0);
  return found.length === 0 ? -1 : Math.min(...found);
}
