import { type Pod, pod as podKind, resourceClaim } from '@navarch/api';
import type { Api, KindApi } from '@navarch/client';
import { type ApiObject, hasReason, keyOf } from '@navarch/machinery';
import { NeverError } from '../errands.ts';
import type { Errand } from '../plugin.ts';
import { allocate, release } from './claim-writes.ts';
import type { Allocation, Claim } from './devices.ts';
import { liveClaimsOf, makeClaim, tellPod, unmakeAll } from './extended-claim.ts';
import type { ExtendedRequests } from './extended-requests.ts';
import type { DeviceLedger } from './ledger.ts';
import { isReservedFor } from './pod-claims.ts';
import { consumerFor } from './claims-of-pod.ts';
import { readinessOf } from './readiness.ts';

/** A claim of the pod, and the devices that it gets; without any it has them. */
export interface Part {
  readonly claim: Claim;
  readonly allocation: Allocation | undefined;
}

interface Binding {
  readonly ledger: DeviceLedger;
  readonly nodeName: string;
  readonly waitMsMax: number;
  /** What the claim asks for that stands for the pod's extended resources, if one does: it is the last of the parts. */
  readonly extended: ExtendedRequests | undefined;
  /** Claims that were made for the pod's extended resources before, and for which it has no use there. */
  readonly useless: readonly Claim[];
}

/** What has to be written and to come about before a pod may be bound that uses these claims. */
export function errandFor(
  pod: Pod,
  parts: readonly Part[],
  { ledger, nodeName, waitMsMax, extended, useless }: Binding,
): Errand | undefined {
  const open = parts.filter(({ claim, allocation }) => allocation || !isReservedFor(claim, pod));
  const slow = parts.filter(({ claim, allocation }) => isSlow(allocation ?? claim.status.allocation));
  if (open.length + slow.length + useless.length === 0 && !extended) return undefined;
  const given = open.flatMap(({ claim, allocation }) => (allocation ? [{ claim, allocation }] : []));
  const special = extended && parts.at(-1)?.claim;
  /** As they are written: what is planned for extended resources gets its name only then. */
  const written = new Map<Claim, Claim>();
  return {
    says: 'running PreBind plugin "DynamicResources"',
    waitMsMax,
    waits: {
      pod,
      reason: 'BindingConditionsPending',
      message: `waiting for binding conditions for device on node ${nodeName}`,
    },
    lateMessage: 'device binding timeout',
    awaited: [...new Set(slow.flatMap(({ claim, allocation }) => slowDrivers(allocation ?? claim.status.allocation)))],
    reserve() {
      for (const { claim, allocation } of given) ledger.hold(claim, allocation, pod);
    },
    unreserve() {
      for (const { claim } of given) ledger.letGo(claim, pod);
    },
    async write(api, nowMs) {
      await unmakeAll(api, useless, pod, ledger);
      for (const { claim, allocation } of open) {
        const made = extended && claim === special && allocation ? await makeClaim(api, pod, extended) : claim;
        const consumer = consumerFor(pod, made, ledger);
        const done = await allocate(api, made, { pod, consumer, allocation, nowMs });
        written.set(claim, done);
        ledger.wrote(done);
      }
      for (const { claim } of given) ledger.letGo(claim, pod);
      if (extended && special) await tellPod(api, pod, written.get(special) ?? special, extended);
    },
    async cancel(api) {
      const live = await find(api.of(podKind), pod);
      // Bound after all: the answer was lost.
      const isBound = Boolean(live?.spec.nodeName);
      if (extended && !isBound) {
        await unmakeAll(api, await liveClaimsOf(api, pod), pod, ledger);
        if (live?.status.extendedResourceClaimStatus) await tellPod(api, pod, undefined, extended);
      }
      for (const { claim } of open) {
        if (!isBound && claim !== special) await giveBack(api, claim, pod, ledger);
        ledger.letGo(claim, pod);
      }
    },
    conditions: slow.map(({ claim }) => ({
      kind: resourceClaim,
      isMet() {
        const current = ledger.claim(keyOf(written.get(claim) ?? claim));
        if (!current?.status.allocation) throw new Error(`claim ${keyOf(claim)} got deallocated in the meantime`);
        const readiness = readinessOf(current);
        if (readiness === 'failed') throw new NeverError(`the devices of claim ${keyOf(claim)} cannot be made ready`);
        return readiness === 'ready';
      },
    })),
  };
}

const slowDrivers = (allocation: Allocation | undefined): readonly string[] =>
  (allocation?.devices?.results ?? [])
    .filter(({ bindingConditions }) => bindingConditions?.length)
    .map(({ driver }) => driver);
const isSlow = (allocation: Allocation | undefined): boolean => slowDrivers(allocation).length > 0;

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
