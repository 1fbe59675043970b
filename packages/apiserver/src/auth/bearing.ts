import type { PolicyRule } from '@navarch/api';
import type { Attributes } from './attributes.ts';
import { allowed, type Decision } from './authorizer.ts';
import { allowsSort } from './rules.ts';
import type { User } from './user.ts';

/** Rules that hold for somebody, and by what. */
export interface Grant {
  readonly rules: readonly PolicyRule[];
  /** What could not be looked up; absent: the rules are all. */
  readonly error?: string;
  /** Made up only when somebody wants to know. */
  how(): string;
}

interface Bearing {
  /** Names that it is about; undefined: all. */
  readonly names: readonly string[] | undefined;
  readonly decision: Decision;
}

/** What somebody is granted for requests of one sort, whatever object they name. */
export interface Bearings {
  readonly all: readonly Bearing[];
  readonly errors: readonly string[];
}

/** Sorts of requests: users times what they do. When there are more all is found anew. */
const SORTS_MAX = 10_000;
/** Of a user with more groups than that nothing is kept. */
const SORT_LENGTH_MAX = 2_000;

/**
 * Which rules bear on a sort of request. Roles and bindings change rarely and requests repeat themselves: each sort is
 * looked for once in all the rules of its user, until somebody has it forgotten.
 */
export class BearingRules {
  readonly #bySort = new Map<string, Bearings>();

  forget(): void {
    this.#bySort.clear();
  }

  of(user: User, request: Attributes, grants: () => Iterable<Grant>): Bearings {
    const sort = sortOf(user, request);
    const known = this.#bySort.get(sort);
    if (known) return known;
    const made = bearings(grants(), request);
    if (sort.length > SORT_LENGTH_MAX) return made;
    if (this.#bySort.size >= SORTS_MAX) this.#bySort.clear();
    this.#bySort.set(sort, made);
    return made;
  }
}

/** Lines, as none of the parts of a request has one; a name of a user or group is told apart by how long it is. */
function sortOf({ name, groups }: User, { verb, group, resource, subresource, namespace }: Attributes): string {
  let text = `${verb}\n${group}\n${resource}\n${subresource}\n${namespace}\n${name.length} ${name}`;
  for (const one of groups) text += `\n${one.length} ${one}`;
  return text;
}

function bearings(grants: Iterable<Grant>, request: Attributes): Bearings {
  const all: Bearing[] = [];
  const errors: string[] = [];
  for (const { rules, error, how } of grants) {
    if (error !== undefined) errors.push(error);
    const bearing = rules.filter((rule) => allowsSort(rule, request));
    if (bearing.length === 0) continue;
    const decision = allowed(how());
    // Each object once: a rule without names is about all.
    const names = bearing.some(({ resourceNames }) => !resourceNames?.length)
      ? undefined
      : bearing.flatMap(({ resourceNames = [] }) => resourceNames);
    all.push({ names, decision });
    if (names === undefined) break;
  }
  return { all, errors };
}
