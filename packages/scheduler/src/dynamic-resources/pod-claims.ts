import { isReservedForPod, type Pod } from '@navarch/api';
import { type Key, keyIn } from '@navarch/machinery';
import type { Claim } from './devices.ts';

/** Upstream's bound for the consumers of a claim. */
const CONSUMERS_MAX = 256;

/** The claims that a pod names or was told of, whether they are there or not. */
export const claimKeysOf = ({ metadata, spec, status }: Pod): readonly Key[] =>
  [...(spec.resourceClaims ?? []), ...(status.resourceClaimStatuses ?? [])].flatMap(({ resourceClaimName: name }) =>
    name === undefined ? [] : [keyIn(metadata.namespace, name)],
  );

export const isReservedFor = ({ status }: Claim, pod: Pod): boolean => isReservedForPod(status.reservedFor, pod);

export type Consumer = NonNullable<Claim['status']['reservedFor']>[number];

/** Whether one pod more may use it. */
export const canBeReserved = ({ status }: Claim): boolean => (status.reservedFor?.length ?? 0) < CONSUMERS_MAX;

/** Nobody but perhaps this pod has it. */
export const isOnlyFor = ({ status }: Claim, { metadata }: Pod): boolean =>
  (status.reservedFor ?? []).every(({ uid }) => uid === metadata.uid);
