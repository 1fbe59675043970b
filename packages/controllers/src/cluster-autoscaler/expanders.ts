import type { Node, Pod } from '@navarch/api';
import { podRequests } from '@navarch/api';
import type { Random } from '@navarch/base';
import { quantityMilliValue } from '@navarch/machinery';
import type { NodeGroup } from './ports.ts';

/** One way to make room: so many nodes of a group for these pods. */
export interface Option {
  readonly group: NodeGroup;
  readonly nodes: number;
  readonly pods: readonly Pod[];
}

/** Which of several ways is taken; those that are as good as each other are left to the next. */
export interface Expander {
  /** As upstream's `--expander` names it. */
  readonly name: string;
  best(options: readonly Option[], random: Random): readonly Option[];
}

const defineExpander = (expander: Expander): Expander => Object.freeze(expander);

/** Any, each as likely. */
export const randomExpander: Expander = defineExpander({
  name: 'random',
  best: (options, random) => options.slice(0, 0).concat(options[random.uint32() % Math.max(1, options.length)] ?? []),
});

/** The most pods at once. */
export const mostPodsExpander: Expander = defineExpander({
  name: 'most-pods',
  best: (options) => highest(options, ({ pods }) => pods.length),
});

/** The smallest share of processors and memory that nobody asked for. */
export const leastWasteExpander: Expander = defineExpander({
  name: 'least-waste',
  best: (options) => highest(options, (option) => -waste(option)),
});

/** The group whose name the highest priority names. Groups that none does are left out, unless all are. */
export const priorityExpander = (priorities: Readonly<Record<number, readonly RegExp[]>>): Expander =>
  defineExpander({
    name: 'priority',
    best(options) {
      const rank = ({ group }: Option): number =>
        Math.max(
          Number.NEGATIVE_INFINITY,
          ...Object.entries(priorities).flatMap(([priority, names]) =>
            names.some((name) => name.test(group.name)) ? [Number(priority)] : [],
          ),
        );
      return highest(options, rank);
    },
  });

/** What is left when each of them has been asked in turn; where several are, the first by name. */
export function choose(options: readonly Option[], expanders: readonly Expander[], random: Random): Option | undefined {
  let left = options.toSorted((a, b) => (a.group.name < b.group.name ? -1 : 1));
  for (const expander of expanders) if (left.length > 1) left = [...expander.best(left, random)];
  return left[0];
}

function highest(options: readonly Option[], score: (option: Option) => number): readonly Option[] {
  const scored = options.map((option) => ({ option, score: score(option) }));
  const best = Math.max(...scored.map((one) => one.score));
  return scored.flatMap((one) => (one.score === best ? [one.option] : []));
}

function waste({ group: { template }, nodes, pods }: Option): number {
  const share = (resource: string): number => {
    const room = amount(template, resource) * nodes;
    const asked = pods.reduce((sum, { spec }) => sum + quantityMilliValue(podRequests(spec)[resource]), 0);
    return room > 0 ? (room - asked) / room : 0;
  };
  return share('cpu') + share('memory');
}

const amount = ({ status }: Node, resource: string): number => quantityMilliValue(status.allocatable?.[resource]);
