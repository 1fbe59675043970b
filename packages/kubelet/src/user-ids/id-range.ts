import type { IDMapping } from '../cri/index.ts';

/** The ids of users that a range begins with and is as long as a multiple of: those of 16 bits. */
export const IDS_UNIT = 65_536;

/** The users and groups 0 to `count` of a pod are those of the node from `first` on. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** As the runtime is told it. */
export const mappingsOf = ({ first, count }: IdRange): readonly IDMapping[] => [
  { hostId: first, containerId: 0, length: count },
];
