import { ascending } from '@navarch/base';
import { type Few, itemsOf, sizeOf, withOne, withoutOne } from './few.ts';

export type Labels = Readonly<Record<string, string>>;

/** What is asked of labels: `requirements` must all hold, and `matches` says whether they do. */
export interface LabelQuery {
  readonly requirements: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
  matches(labels: Labels): boolean;
}

/** Objects with the very same labels, which are held once. */
export interface LabelGroup<M extends object> {
  readonly labels: Labels;
  /** The labels as one text, by which the group is found. */
  readonly text: string;
  members: Few<M>;
}

/**
 * Objects by their labels. Whatever is made from one template has the same labels: a selector is asked once of each such
 * group, and only of those that one of its requirements leaves.
 */
export class LabelIndex<M extends object> {
  readonly #groups = new Map<string, LabelGroup<M>>();
  readonly #byLabel = new Map<string, Map<string, Few<LabelGroup<M>>>>();
  /** Objects that come one after the other are often alike. */
  #last: LabelGroup<M> | undefined;

  /** `near`: where it may well belong. */
  add(labels: Labels, member: M, near: LabelGroup<M> | undefined): LabelGroup<M> {
    const group = this.#known(labels, near) ?? this.#known(labels, this.#last) ?? this.#groupOf(labels);
    group.members = withOne(group.members, member);
    this.#last = group;
    return group;
  }

  remove(group: LabelGroup<M>, member: M): void {
    group.members = withoutOne(group.members, member);
    if (group.members !== undefined) return;
    this.#groups.delete(group.text);
    for (const [key, value] of Object.entries(group.labels)) {
      const byValue = this.#byLabel.get(key);
      const rest = withoutOne(byValue?.get(value), group);
      if (rest) byValue?.set(value, rest);
      else byValue?.delete(value);
      if (byValue?.size === 0) this.#byLabel.delete(key);
    }
  }

  /** The groups that the selector chooses; undefined where it would have to be asked more than `askedMax` times. */
  matching(query: LabelQuery, askedMax: number): readonly LabelGroup<M>[] | undefined {
    let fewest: readonly Few<LabelGroup<M>>[] | undefined;
    let count = this.#groups.size;
    for (const { key, operator, values } of query.requirements) {
      if (operator !== 'in') continue;
      const byValue = this.#byLabel.get(key);
      const found = values.map((value) => byValue?.get(value));
      const size = found.reduce((sum, few) => sum + sizeOf(few), 0);
      if (fewest && size >= count) continue;
      fewest = found;
      count = size;
    }
    if (count > askedMax) return undefined;
    const asked = fewest ? new Set(fewest.flatMap((few) => [...itemsOf(few)])) : this.#groups.values();
    return Array.from(asked).filter(({ labels }) => query.matches(labels));
  }

  /** The group, if it is still one and has these labels. */
  #known(labels: Labels, group: LabelGroup<M> | undefined): LabelGroup<M> | undefined {
    return group?.members !== undefined && areEqual(group.labels, labels) ? group : undefined;
  }

  #groupOf(labels: Labels): LabelGroup<M> {
    const entries = ascending(Object.keys(labels)).map((key): [string, string] => [key, labels[key] as string]);
    const text = JSON.stringify(entries);
    const known = this.#groups.get(text);
    if (known) return known;
    const group: LabelGroup<M> = { labels, text, members: undefined };
    this.#groups.set(text, group);
    for (const [key, value] of entries) {
      let byValue = this.#byLabel.get(key);
      if (!byValue) this.#byLabel.set(key, (byValue = new Map()));
      byValue.set(value, withOne(byValue.get(value), group));
    }
    return group;
  }
}

function areEqual(a: Labels, b: Labels): boolean {
  let count = 0;
  for (const key in a) {
    if (a[key] !== b[key]) return false;
    count += 1;
  }
  for (const _ in b) count -= 1;
  return count === 0;
}
