import { type Pod, resourceClaim } from '@navarch/api';
import type { Api } from '@navarch/client';
import { equalJson, formatTime, hasReason, keyOf } from '@navarch/machinery';
import type { Allocation, Claim } from './devices.ts';
import { canBeReserved, type Consumer, isReservedFor } from './pod-claims.ts';

/** Keeps a claim from going before its devices are given back. */
export const FINALIZER = 'resource.kubernetes.io/delete-protection';

/**
 * Gives a claim its devices and reserves it for whom it is, in two writes: what gives the devices back comes first. With
 * no `allocation` it has them already. Rejects where somebody else was faster, and gave it others.
 */
export async function allocate(
  api: Api,
  known: Claim,
  {
    pod,
    consumer,
    allocation,
    nowMs,
  }: {
    readonly pod: Pod;
    readonly consumer: Consumer;
    readonly allocation: Allocation | undefined;
    readonly nowMs: number;
  },
): Promise<Claim> {
  const itself = (claim: Claim): Claim => stillIt(claim, known);
  let claim = known;
  if (allocation && !claim.metadata.finalizers?.includes(FINALIZER))
    claim = await change(api, claim, (current) => withFinalizer(itself(current)), {});
  const allocated = allocation && { ...allocation, allocationTimestamp: formatTime(nowMs) };
  return change(api, claim, (current) => reserved(itself(current), { pod, consumer }, allocated), {
    subresource: 'status',
  });
}

/** Takes the reservation back; with `deallocates` the devices too, where nobody else has them. */
export const release = (api: Api, claim: Claim, pod: Pod, deallocates: boolean): Promise<Claim> =>
  change(api, claim, (current) => released(stillIt(current, claim), pod, deallocates), { subresource: 'status' });

/** Takes everything back from a claim that was made for this pod alone, so that nothing holds it any more. */
export async function withdraw(api: Api, claim: Claim, pod: Pod): Promise<void> {
  const isSame = ({ metadata }: Claim): boolean => metadata.uid === claim.metadata.uid;
  const freed = await change(api, claim, (current) => (isSame(current) ? released(current, pod, true) : current), {
    subresource: 'status',
  });
  if (isSame(freed)) await change(api, freed, (current) => (isSame(current) ? withoutFinalizer(current) : current), {});
}

/** Tries with what is known first: mostly it is the newest. */
async function change(
  api: Api,
  known: Claim,
  next: (claim: Claim) => Claim,
  options: { readonly subresource?: string },
): Promise<Claim> {
  const claims = api.of(resourceClaim);
  const wanted = next(known);
  if (wanted === known) return known;
  try {
    return await claims.replace(wanted, options);
  } catch (error) {
    if (!hasReason(error, 'Conflict')) throw error;
    return claims.update(keyOf(known), next, options);
  }
}

function stillIt(claim: Claim, known: Claim): Claim {
  if (claim.metadata.uid !== known.metadata.uid || claim.metadata.deletionTimestamp)
    throw new Error(`claim ${keyOf(claim)} got deleted in the meantime`);
  return claim;
}

const withFinalizer = (claim: Claim): Claim =>
  claim.metadata.finalizers?.includes(FINALIZER)
    ? claim
    : { ...claim, metadata: { ...claim.metadata, finalizers: [...(claim.metadata.finalizers ?? []), FINALIZER] } };

const withoutFinalizer = (claim: Claim): Claim =>
  claim.metadata.finalizers?.includes(FINALIZER)
    ? {
        ...claim,
        metadata: { ...claim.metadata, finalizers: claim.metadata.finalizers.filter((name) => name !== FINALIZER) },
      }
    : claim;

function reserved(
  claim: Claim,
  { pod, consumer }: { readonly pod: Pod; readonly consumer: Consumer },
  allocation: Allocation | undefined,
): Claim {
  const { status } = claim;
  if (allocation && status.allocation && !isSame(allocation, status.allocation))
    throw new Error(`claim ${keyOf(claim)} got allocated elsewhere in the meantime`);
  if (!allocation && !status.allocation) throw new Error(`claim ${keyOf(claim)} got deallocated in the meantime`);
  if (isReservedFor(claim, pod)) return claim;
  if (!canBeReserved(claim)) throw new Error(`claim ${keyOf(claim)} is in use by as many pods as can be`);
  const reservedFor = [...(status.reservedFor ?? []), consumer];
  return { ...claim, status: { ...status, ...(allocation && !status.allocation ? { allocation } : {}), reservedFor } };
}

/** Pods of a group that share a claim all write what was decided for the first of them. */
const isSame = (a: Allocation, b: Allocation): boolean => equalJson(devicesOf(a), devicesOf(b));
const devicesOf = ({ devices }: Allocation): readonly (readonly (string | undefined)[])[] =>
  (devices?.results ?? []).map(({ request, driver, pool, device, shareID }) => [
    request,
    driver,
    pool,
    device,
    shareID,
  ]);

function released(claim: Claim, pod: Pod, deallocates: boolean): Claim {
  const { allocation, reservedFor = [], devices, ...rest } = claim.status;
  const others = reservedFor.filter(({ uid }) => uid !== pod.metadata.uid);
  if (deallocates && others.length === 0 && allocation) return { ...claim, status: rest };
  if (others.length === reservedFor.length) return claim;
  return {
    ...claim,
    status: {
      ...rest,
      ...(allocation ? { allocation } : {}),
      ...(others.length > 0 ? { reservedFor: others } : {}),
      ...(devices ? { devices } : {}),
    },
  };
}
