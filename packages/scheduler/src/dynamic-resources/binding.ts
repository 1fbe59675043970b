import { type Pod, pod as podKind, resourceClaim } from '@navarch/api';
import type { Api, KindApi } from '@navarch/client';
import { type ApiObject, hasReason, keyOf } from '@navarch/machinery';
import type { Errand } from '../plugin.ts';
import { allocate, release } from './claim-writes.ts';
import type { Allocation, Claim } from './devices.ts';
import type { DeviceLedger } from './ledger.ts';
import { isReservedFor } from './pod-claims.ts';
import { readinessOf } from './readiness.ts';

/** A claim of the pod, and the devices that it gets; without any it has them. */
export interface Part {
  readonly claim: Claim;
  readonly allocation: Allocation | undefined;
}

/** What has to be written and to come about before a pod may be bound that uses these claims. */
export function errandFor(
  pod: Pod,
  parts: readonly Part[],
  ledger: DeviceLedger,
  waitMsMax: number,
): Errand | undefined {
  const open = parts.filter(({ claim, allocation }) => allocation || !isReservedFor(claim, pod));
  const slow = parts.filter(({ claim, allocation }) => isSlow(allocation ?? claim.status.allocation));
  if (open.length === 0 && slow.length === 0) return undefined;
  const given = open.flatMap(({ claim, allocation }) => (allocation ? [{ claim, allocation }] : []));
  return {
    says: 'running PreBind plugin "DynamicResources"',
    waitMsMax,
    reserve() {
      for (const { claim, allocation } of given) ledger.hold(claim, allocation);
    },
    async write(api, nowMs) {
      for (const { claim, allocation } of open) ledger.wrote(await allocate(api, claim, { pod, allocation, nowMs }));
      for (const { claim } of given) ledger.letGo(claim);
    },
    async cancel(api) {
      const live = await find(api.of(podKind), pod);
      for (const { claim } of open) {
        // Bound after all: the answer was lost.
        if (!live?.spec.nodeName) await giveBack(api, claim, pod, ledger);
        ledger.letGo(claim);
      }
    },
    conditions: slow.map(({ claim }) => ({
      kind: resourceClaim,
      isMet() {
        const current = ledger.claim(keyOf(claim));
        if (!current?.status.allocation) throw new Error(`claim ${keyOf(claim)} got deallocated in the meantime`);
        const readiness = readinessOf(current);
        if (readiness === 'failed') throw new Error(`the devices of claim ${keyOf(claim)} cannot be made ready`);
        return readiness === 'ready';
      },
    })),
  };
}

const isSlow = (allocation: Allocation | undefined): boolean =>
  allocation?.devices?.results?.some(({ bindingConditions }) => bindingConditions?.length) ?? false;

/** Devices that did not get ready in time go back too: others may. */
async function giveBack(api: Api, claim: Claim, pod: Pod, ledger: DeviceLedger): Promise<void> {
  const current = await find(api.of(resourceClaim), claim);
  if (!current) return;
  ledger.wrote(current);
  if (!isReservedFor(current, pod) || current.metadata.deletionTimestamp) return;
  ledger.wrote(await release(api, current, pod, readinessOf(current) !== 'ready'));
}

/** As it is now, not another of that name. */
async function find<O extends ApiObject>(objects: KindApi<O>, known: O): Promise<O | undefined> {
  try {
    const live = await objects.get(keyOf(known));
    return live.metadata.uid === known.metadata.uid ? live : undefined;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
