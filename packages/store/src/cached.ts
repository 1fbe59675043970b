import type { LabelGroup, Labels } from './label-index.ts';
import { type Holder, Kept, type Recent } from './recent.ts';
import type { Entry } from './store.ts';

/** How the cache reads and shows what it holds. */
export interface Form<T extends object> {
  /** Reads bytes that are held; `attachment` is what this process handed over with its own write. */
  read(value: Uint8Array, revision: number, attachment: unknown): T;
  /** What is held of what is stored: the same bytes, unless they lack the revision they got. */
  hold(value: Uint8Array, revision: number): Uint8Array;
  /** The bytes clients get. Absent: those that are held. */
  show?(object: T): Uint8Array;
  labelsOf(object: T): Labels | undefined;
  /** Whether reading is not all it takes to get an object: what was read or finished is kept for as long as its bytes. */
  readonly isLasting: boolean;
}

/** What all objects of a cache have in common. */
export interface Home<T extends object> {
  readonly form: Form<T>;
  /** What objects are selected by besides labels, in the order in which their values are held. */
  readonly fields: ReadonlyMap<string, { readonly at: number; valueOf(object: T): string }>;
  readonly objects: Recent;
  readonly made: Recent;
}

/**
 * One object at one revision: its bytes, and what it is selected by. Everything else is made when it is asked for and
 * kept for a while; what somebody else of the process still holds is not read a second time.
 */
export class Cached<T extends object> implements Holder {
  readonly key: string;
  readonly revision: number;
  /** What it was indexed by, which stays so; undefined: it never was. */
  group: LabelGroup<Cached<T>> | undefined;
  values: readonly string[] | undefined;
  readonly #value: Uint8Array;
  readonly #home: Home<T>;
  #object: Kept<T> | undefined;
  #letGo: WeakRef<T> | undefined;
  #shown: Uint8Array | undefined;
  #made: Map<(object: T) => Uint8Array, Kept<Uint8Array>> | undefined;

  constructor({ key, value, revision }: Pick<Entry, 'key' | 'value' | 'revision'>, attachment: unknown, home: Home<T>) {
    this.key = key;
    this.revision = revision;
    this.#home = home;
    this.#value = home.form.hold(value, revision);
    if (attachment !== undefined) this.#keep(home.form.read(value, revision, attachment));
  }

  get object(): T {
    const kept = this.#object;
    if (!kept) return this.#keep(this.#letGo?.deref() ?? this.#home.form.read(this.#value, this.revision, undefined));
    kept.wasAsked = true;
    return kept.value;
  }

  /** Whether this is the object that is kept, without reading one. */
  isKeptAs(object: T): boolean {
    return this.#object?.value === object;
  }

  /** Takes the place of what reading gave: for forms that can only be finished later. Indexes keep what they had. */
  finish(object: T): void {
    this.#forgetMade();
    this.#shown = undefined;
    if (this.#object) this.#drop(this.#object);
    this.#keep(object);
  }

  /** Whether these are the bytes that are stored. */
  isStoredAs(bytes: Uint8Array): boolean {
    return bytes.length === this.#value.length && bytes.every((byte, i) => byte === this.#value[i]);
  }

  /** Bytes it takes in the store. */
  get size(): number {
    return this.#value.length;
  }

  /** The bytes clients get. Where they are not those that are held, they are as soon as somebody asked for them. */
  get bytes(): Uint8Array {
    const { form } = this.#home;
    if (!form.show) return this.#value;
    if (!this.#shown) {
      const shown = form.show(this.passing);
      this.#shown = this.isStoredAs(shown) ? this.#value : shown;
    }
    return this.#shown;
  }

  get labels(): Labels {
    return this.group?.labels ?? this.#home.form.labelsOf(this.object) ?? NO_LABELS;
  }

  /** The value of a field that objects here are selected by; undefined: there is no such field. */
  field(name: string): string | undefined {
    const field = this.#home.fields.get(name);
    return field && (this.values ? this.values[field.at] : field.valueOf(this.object));
  }

  /** The object in another form. `make` stands for the form: always the same function. */
  as(make: (object: T) => Uint8Array): Uint8Array {
    const kept = this.#made?.get(make);
    if (kept) {
      kept.wasAsked = true;
      return kept.value;
    }
    const bytes = make(this.passing);
    const made = new Kept(this, bytes, bytes.length);
    (this.#made ??= new Map()).set(make, made);
    this.#home.made.add(made);
    return bytes;
  }

  /** The object for one use: who wants thousands in another form does not want them kept too. */
  get passing(): T {
    if (this.#home.form.isLasting) return this.object;
    return this.#object?.value ?? this.#letGo?.deref() ?? this.#home.form.read(this.#value, this.revision, undefined);
  }

  /** Another has taken its place: hardly anybody will ask for more than its bytes. */
  forget(): void {
    this.#forgetMade();
    if (this.#object && !this.#home.form.isLasting) this.#drop(this.#object);
  }

  letGo(kept: Kept<unknown>): void {
    if (kept === this.#object) {
      this.#letGo = new WeakRef(this.#object.value);
      this.#object = undefined;
      return;
    }
    for (const [make, made] of this.#made ?? []) if (made === kept) this.#made?.delete(make);
    if (this.#made?.size === 0) this.#made = undefined;
  }

  #forgetMade(): void {
    for (const made of this.#made?.values() ?? []) this.#home.made.remove(made);
    this.#made = undefined;
  }

  #drop(kept: Kept<T>): void {
    if (!this.#home.form.isLasting) this.#home.objects.remove(kept);
    this.#object = undefined;
  }

  #keep(object: T): T {
    this.#object = new Kept(this, object, this.size);
    this.#letGo = undefined;
    if (!this.#home.form.isLasting) this.#home.objects.add(this.#object);
    return object;
  }
}

const NO_LABELS: Labels = Object.freeze({});
