import type { ObjectSchema } from '../schema.ts';
import { difference, type FieldSet, isEmptySet, union } from './field-set.ts';
import type { Owner } from './managed-fields.ts';
import type { JsonObject } from './shape.ts';
import { compareObjects } from './walk.ts';

/** What a write does to fields, but for those that it cannot change. */
export interface Change {
  /** New, or with another value. */
  readonly taken: FieldSet;
  /** There no more. */
  readonly lost: FieldSet;
}

/** An object as a version of its kind has it, and the schema of that version. */
interface Versioned {
  readonly object: JsonObject;
  readonly schema: ObjectSchema;
}

/** An object of the writer's version in another one; undefined: there is no such version. */
export type InVersion = (object: JsonObject, apiVersion: string) => Versioned | undefined;

interface Written extends Versioned {
  readonly apiVersion: string;
  readonly live: JsonObject;
  readonly ignored: FieldSet;
  readonly inVersion: InVersion | undefined;
}

export function changeBetween(
  live: JsonObject,
  next: JsonObject,
  { schema, ignored }: Pick<Written, 'schema' | 'ignored'>,
): Change {
  const { added, changed, removed } = compareObjects(live, next, schema);
  return { taken: without(union(added, changed), ignored), lost: without(removed, ignored) };
}

/** What one write does, in the version of each owner: fields have other names and places there. */
export class Changes {
  readonly #written: Written;
  readonly #known = new Map<string, Change | undefined>();

  /** `own` is the change in the writer's version. */
  constructor(written: Written, own: Change) {
    this.#written = written;
    this.#known.set(written.apiVersion, own);
  }

  /** Undefined for a version that there is not: who speaks it owns nothing any more. */
  in(apiVersion: string): Change | undefined {
    if (!this.#known.has(apiVersion)) this.#known.set(apiVersion, this.#compared(apiVersion));
    return this.#known.get(apiVersion);
  }

  /** The owners without what was taken from them or is lost; those who have nothing left are none. */
  bereft(owners: readonly Owner[]): readonly Owner[] {
    return owners.flatMap((owner) => {
      const change = this.in(owner.apiVersion);
      if (!change) return [];
      const fields = difference(difference(owner.fields, change.taken), change.lost);
      if (fields === owner.fields) return [owner];
      return isEmptySet(fields) ? [] : [{ ...owner, fields }];
    });
  }

  #compared(apiVersion: string): Change | undefined {
    const { live, object, ignored, inVersion } = this.#written;
    if (!inVersion) return this.in(this.#written.apiVersion);
    const [before, after] = [inVersion(live, apiVersion), inVersion(object, apiVersion)];
    return before && after && changeBetween(before.object, after.object, { schema: after.schema, ignored });
  }
}

export const without = (set: FieldSet, ignored: FieldSet): FieldSet =>
  isEmptySet(ignored) ? set : difference(set, everythingBelow(set, ignored));

/** `ignored` names whole branches: what of `set` lies in them. */
function everythingBelow(set: FieldSet, ignored: FieldSet): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (const [element, branch] of Object.entries(ignored)) {
    const node = set[element];
    if (node) out[element] = isEmptySet(branch) ? node : everythingBelow(node, branch);
  }
  return out;
}
