import type { Pod, statefulSet } from '@navarch/api';
import type { ObjectOf } from '@navarch/machinery';

export type StatefulSet = ObjectOf<typeof statefulSet>;

export const startOf = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0;
export const podName = ({ metadata }: StatefulSet, ordinal: number): string => `${metadata.name}-${ordinal}`;

/** The number at the end of the name, where the rest is the set's; undefined for a pod that only matches the selector. */
export function ordinalOf(set: StatefulSet, p: Pod): number | undefined {
  const match = /^(.*)-(\d+)$/.exec(p.metadata.name);
  return match?.[1] === set.metadata.name ? Number(match[2]) : undefined;
}

export const claimName = ({ metadata }: StatefulSet, template: string, ordinal: number): string =>
  `${template}-${metadata.name}-${ordinal}`;
