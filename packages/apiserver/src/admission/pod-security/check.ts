import type { Pod, PodSpec } from '@navarch/api';

export type Metadata = Pick<Pod['metadata'], 'annotations'>;

/** Why a pod does not keep a control of the Pod Security Standards: in short, and where. */
export interface Finding {
  readonly reason: string;
  readonly detail: string;
}

/** One control. Adding one is adding a value to a list. */
export interface Check {
  readonly id: string;
  /** The minor release whose policy first has it. */
  readonly since: number;
  /** Pods for Windows have nothing of what it asks for; policies know that since 1.25. */
  readonly sparesWindows?: true;
  /** Looks at a pod by the policy of a minor release; undefined: nothing is wrong. */
  find(metadata: Metadata, spec: PodSpec, minor: number): Finding | undefined;
}

export const defineCheck = (check: Check): Check => Object.freeze(check);

/** What all kinds of containers have, as far as checks look at it. */
export type AnyContainer = PodSpec['containers'][number];

export const everyContainer = (spec: PodSpec): readonly AnyContainer[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
  ...((spec.ephemeralContainers ?? []) as unknown as readonly AnyContainer[]),
];

const WINDOWS_KNOWN_SINCE = 25;

export const isAsked = ({ sparesWindows }: Check, spec: PodSpec, minor: number): boolean =>
  !(sparesWindows && minor >= WINDOWS_KNOWN_SINCE && spec.os?.name === 'windows');

/** Of AppArmor and seccomp: neither what the runtime brings nor what lies on the node. */
export const isForeignProfile = (type: string | undefined): boolean =>
  type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';

export const quoted = (values: Iterable<string>): string =>
  [...values].map((value) => JSON.stringify(value)).join(', ');
export const plural = (word: string, words: string, count: number): string => (count === 1 ? word : words);

/** `container "a"`, `containers "a", "b"`. */
export const named = (containers: readonly AnyContainer[]): string =>
  `${plural('container', 'containers', containers.length)} ${quoted(containers.map((container) => container.name))}`;

/** `pod and container "a"`: those of the two that have set something bad. */
export const setters = (isPod: boolean, containers: readonly AnyContainer[]): string =>
  [...(isPod ? ['pod'] : []), ...(containers.length > 0 ? [named(containers)] : [])].join(' and ');

export const sortedSet = (values: Iterable<string>): readonly string[] => [...new Set(values)].sort();
