import type { Node } from '@navarch/api';
import { writeJson } from '@navarch/machinery';
import type { ClaimPlan } from './plan.ts';
import type { Found } from './search.ts';

/** Sets of claims that ask for the same: beyond that the longest unused is searched for again. */
const SHAPES_MAX = 16;
/** Of nodes; beyond that all are asked again. */
const NODES_MAX = 50_000;

interface Answer {
  readonly node: Node;
  /** What the node could use was as of this. */
  readonly stamp: number;
  readonly found: Found;
}
type ByNode = Map<string, Answer>;

/**
 * What searches found. Pods of one template want the same of every node, and one of them that is placed changes the devices
 * of few nodes: of all others the answer still holds.
 */
export class Answers {
  /** By what the claims ask for, the longest unused first. */
  readonly #shapes = new Map<string, ByNode>();
  /** The same for plans that were asked about before. */
  readonly #known = new WeakMap<readonly ClaimPlan[], ByNode>();

  get(plans: readonly ClaimPlan[], node: Node, stamp: number, search: () => Found): Found {
    const answers = this.#answersTo(plans);
    const { name } = node.metadata;
    const known = answers.get(name);
    if (known?.node === node && known.stamp === stamp) return known.found;
    const found = search();
    if (answers.size >= NODES_MAX) answers.clear();
    // What is wrong with a claim is told of that claim.
    if (!('reason' in found) || found.isOfAll) answers.set(name, { node, stamp, found });
    return found;
  }

  #answersTo(plans: readonly ClaimPlan[]): ByNode {
    let answers = this.#known.get(plans);
    if (answers) return answers;
    const shape = plans.map(({ claim }) => writeJson(claim.spec.devices)).join('\n');
    answers = this.#shapes.get(shape) ?? new Map();
    this.#shapes.delete(shape);
    this.#shapes.set(shape, answers);
    for (const oldest of this.#shapes.keys()) {
      if (this.#shapes.size <= SHAPES_MAX) break;
      this.#shapes.delete(oldest);
    }
    this.#known.set(plans, answers);
    return answers;
  }
}
