import { resourceClaim } from '@navarch/api';
import { keyIn, keyOf } from '@navarch/machinery';
import { type Claim, keyOfDevice } from '../../dynamic-resources/devices.ts';
import { isOnlyFor } from '../../dynamic-resources/pod-claims.ts';
import { claimsOf } from '../../dynamic-resources/claims-of-pod.ts';
import type { Placed } from '../../snapshot/template.ts';
import { sievesOf } from '../devices/device-lacks.ts';
import { type Case, putObject, quoted, type Remedy, type Step } from '../step.ts';
import { type Blockers, freeing } from './room.ts';

/** Claims that are looked at whether their devices would help. */
const CLAIMS_MAX = 250;

/** Those that have devices which the pod could have, and its own that are of no use on the node. */
function inTheWay(about: Case): readonly Claim[] {
  const { objects, devices } = about.whatIf.snapshot;
  const own = claimsOf(about.pod, devices);
  const ownKeys = new Set(typeof own === 'string' ? [] : own.map(keyOf));
  const wanted = new Set(
    sievesOf(about).flatMap(({ stages }) =>
      (stages.findLast(({ stage }) => stage.type !== 'free')?.left ?? []).map(({ key }) => key),
    ),
  );
  return objects
    .list(resourceClaim)
    .map((claim) => devices.claim(keyOf(claim)) ?? claim)
    .filter(
      (claim) =>
        claim.status.allocation &&
        (ownKeys.has(keyOf(claim)) ||
          claim.status.allocation.devices?.results?.some((result) => wanted.has(keyOfDevice(result)))),
    )
    .slice(0, CLAIMS_MAX);
}

/** Who uses a claim, as far as they are pods that run. */
function usersOf({ metadata, status }: Claim, { whatIf: { snapshot } }: Case): readonly Placed[] {
  return (status.reservedFor ?? []).flatMap(({ resource, name }) => {
    if (resource !== 'pods') return [];
    const key = keyIn(metadata.namespace, name);
    const nodeName = snapshot.nodeNameOf(key);
    const placed = nodeName === undefined ? undefined : snapshot.node(nodeName)?.pods.get(key);
    return placed ? [placed] : [];
  });
}

const freed = (claim: Claim) => putObject(resourceClaim, { ...claim, status: {} });

/** A claim gives its devices back when the last who uses it has gone. */
const holdersOf = (claims: readonly Claim[], about: Case): Blockers => {
  const users = new Map(claims.flatMap((claim) => usersOf(claim, about)).map((of) => [keyOf(of.pod), of]));
  return {
    pods: () => [...users.values()],
    after(without) {
      const leaving = new Set([about.pod, ...without.map(({ pod }) => pod)].map(({ metadata }) => metadata.uid));
      return claims
        .filter(({ status }) => status.reservedFor?.length && status.reservedFor.every(({ uid }) => leaving.has(uid)))
        .map(freed);
    },
  };
};

function idle(claims: readonly Claim[], about: Case): readonly Step[] {
  const own = claimsOf(about.pod, about.whatIf.snapshot.devices);
  const ownKeys = new Set(typeof own === 'string' ? [] : own.map(keyOf));
  return claims.flatMap((claim): readonly Step[] => {
    const { name, namespace = '' } = claim.metadata;
    if (ownKeys.has(keyOf(claim)))
      return isOnlyFor(claim, about.pod)
        ? [
            {
              sort: 'wait',
              summary: `wait until the scheduler has taken back the devices of claim ${keyOf(claim)}, which are of no use there`,
              cost: 0.5,
              effects: [freed(claim)],
              deeds: [],
            },
          ]
        : [];
    return claim.status.reservedFor?.length
      ? []
      : [
          {
            sort: 'delete claim',
            summary: `delete claim ${keyOf(claim)}, which has devices that nobody uses`,
            cost: 3,
            effects: [{ type: 'away', kind: resourceClaim, object: claim }],
            command: `kubectl delete resourceclaim -n ${namespace} ${quoted(name)}`,
          },
        ];
  });
}

/** Devices that others have. */
export const freeDevices: Remedy = (about) => {
  const claims = inTheWay(about);
  return [
    ...idle(claims, about).filter(({ effects }) => !about.objects(effects)),
    ...freeing(holdersOf(claims, about))(about),
  ];
};
