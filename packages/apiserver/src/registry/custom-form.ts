import type { CustomKinds, CustomVersion } from '@navarch/api';
import { type ApiObject, apiVersionOf, inKeyOrder, jsonText, type Mutable, readJson } from '@navarch/machinery';
import type { Cached, Form, Labels } from '@navarch/store';
import type { Conversion } from '../custom-resources/conversion.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * What is stored of a custom resource as one of its versions shows it: read by the schema of the version it was stored
 * in, converted, and shaped by this version's schema. Printed by name.
 */
export class CustomForm implements Form<ApiObject> {
  readonly #version: CustomVersion;
  readonly #kinds: CustomKinds;
  readonly #conversion: Conversion;
  readonly #apiVersion: string;
  /** What is still as it was stored, in another version. */
  readonly #unconverted = new WeakSet<ApiObject>();
  readonly #underWay = new WeakMap<ApiObject, Promise<void>>();

  constructor(version: CustomVersion, kinds: CustomKinds, conversion: Conversion) {
    this.#version = version;
    this.#kinds = kinds;
    this.#conversion = conversion;
    this.#apiVersion = apiVersionOf(version.kind);
  }

  /** Whether what is read may have to be converted by asking somebody. */
  get isLate(): boolean {
    return this.#conversion.convertNow === undefined;
  }

  /** Whether its definition has such a version, served or not. */
  hasVersion(apiVersion: string): boolean {
    return this.#kinds.all.some(({ kind }) => apiVersionOf(kind) === apiVersion);
  }

  read(value: Uint8Array, revision: number, attachment: unknown): ApiObject {
    const own = this.#own(attachment);
    if (!own) return this.#stored(value, String(revision)) as ApiObject;
    own.metadata.resourceVersion = String(revision);
    return own as ApiObject;
  }

  /** What was converted must not be read, unconverted, again. */
  get isLasting(): boolean {
    return this.isLate;
  }

  readonly hold = (value: Uint8Array): Uint8Array => value;
  readonly show = (object: ApiObject): Uint8Array => encoder.encode(jsonText(object));
  readonly labelsOf = ({ metadata }: ApiObject): Labels | undefined => metadata.labels;

  /** What is stored of an object in this version: printed, it is the bytes. Rejects where it cannot be converted. */
  async stored(object: ApiObject): Promise<ApiObject> {
    const { stored } = this.#kinds;
    if (stored === this.#version) return inKeyOrder(object) as ApiObject;
    const [converted] = await this.#conversion.convert([object], apiVersionOf(stored.kind));
    const shaped = stored.shape(converted);
    // Its place is kept: the version comes last, and what is in order then is what is compared later.
    return inKeyOrder({ ...shaped, metadata: Object.assign({ resourceVersion: '' }, shaped.metadata) }) as ApiObject;
  }

  async adopted(object: ApiObject): Promise<ApiObject> {
    const [converted] = await this.#conversion.convert([object], this.#apiVersion);
    return this.#version.shape(converted);
  }

  adoptedNow(object: ApiObject): ApiObject | undefined {
    const converted = this.#conversion.convertNow?.(object, this.#apiVersion);
    return converted && this.#version.shape(converted);
  }

  /** Undefined where all of these can be read now; else resolves when they can. Rejects where some cannot be converted. */
  ready(held: Iterable<Cached<ApiObject>>): Promise<void> | undefined {
    const waits = new Set<Promise<void>>();
    const fresh: Cached<ApiObject>[] = [];
    for (const cached of held) {
      if (!this.#unconverted.has(cached.object)) continue;
      const underWay = this.#underWay.get(cached.object);
      if (underWay) waits.add(underWay);
      else fresh.push(cached);
    }
    if (fresh.length > 0) waits.add(this.#convert(fresh));
    return waits.size === 0 ? undefined : allOf(waits);
  }

  async #convert(held: readonly Cached<ApiObject>[]): Promise<void> {
    const raw = held.map((cached) => cached.object);
    const done = this.#conversion.convert(raw, this.#apiVersion).then((converted) => {
      for (const [i, cached] of held.entries()) {
        if (cached.object === raw[i]) cached.finish(inKeyOrder(this.#version.shape(converted[i])) as ApiObject);
      }
    });
    for (const object of raw) this.#underWay.set(object, done);
    try {
      await done;
    } finally {
      // Whoever wants what failed asks again.
      for (const object of raw) this.#underWay.delete(object);
    }
  }

  /** What this process has just written in the version that is stored; in another, it is what was stored that counts. */
  #own(attachment: unknown): Mutable<ApiObject> | undefined {
    const object = attachment as Mutable<ApiObject> | undefined;
    return object?.apiVersion === this.#apiVersion && this.#kinds.stored === this.#version ? object : undefined;
  }

  #stored(value: Uint8Array, resourceVersion: string): Mutable<ApiObject> {
    const sent = readJson(decoder.decode(value)) as Mutable<ApiObject>;
    sent.metadata.resourceVersion = resourceVersion;
    const written = this.#kinds.all.find(({ kind }) => apiVersionOf(kind) === sent.apiVersion) ?? this.#version;
    const object = written.read({ ...sent, apiVersion: apiVersionOf(written.kind) }) as Mutable<ApiObject>;
    if (written === this.#version) return inKeyOrder(object) as Mutable<ApiObject>;
    const { convertNow } = this.#conversion;
    if (convertNow)
      return inKeyOrder(this.#version.shape(convertNow(object as ApiObject, this.#apiVersion))) as Mutable<ApiObject>;
    this.#unconverted.add(object as ApiObject);
    return object;
  }
}

async function allOf(waits: Iterable<Promise<void>>): Promise<void> {
  for (const wait of waits) await wait;
}
