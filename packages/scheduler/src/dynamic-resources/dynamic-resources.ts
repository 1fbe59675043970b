import type { Pod } from '@navarch/api';
import { equalJson, keyOf, parseDuration } from '@navarch/machinery';
import { definePlugin, type Errand, misfit, normalizeToHundred, type SchedulerPlugin, topics } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import { errandFor, type Part } from './binding.ts';
import { release } from './claim-writes.ts';
import type { Claim } from './devices.ts';
import { isExtendedOf, unmakeAll } from './extended-claim.ts';
import type { DeviceLedger } from './ledger.ts';
import { planOf } from './plan.ts';
import { canBeReserved, claimKeysOf, isOnlyFor, isReservedFor } from './pod-claims.ts';
import { claimsOf } from './claims-of-pod.ts';
import { isHere, prepare, type Prepared } from './prepared.ts';
import { allocationOf } from './results.ts';

const NOT_HERE = misfit(false, 'resourceclaim not available on the node');

/** Alternatives of one request, at most: the first of so many is worth as much more than none. */
const ALTERNATIVES_MAX = 8;

export interface DynamicResourcesArgs {
  /** Go's duration: how long a pod waits for devices that are made ready for it. */
  readonly bindingTimeout: string;
}

const BINDING_MS = 600_000;

/** Gives the claims of a pod their devices, from those that drivers publish, where the pod goes (KEP-4381). */
export const dynamicResourcesBy = ({ bindingTimeout }: DynamicResourcesArgs): SchedulerPlugin<Prepared, Prepared> =>
  definePlugin<Prepared, Prepared>({
    name: 'DynamicResources',
    scope: 'cluster',
    wakesOn: ['node-added', 'node-changed', 'claim-changed', 'devices-changed'],
    wakes(pod, event, { devices }) {
      if (event.type === 'node-changed') {
        const [now, before] = [event.node, event.previous];
        return (
          !equalJson(now.metadata.labels, before.metadata.labels) ||
          // What a node stops to have itself may be had as devices.
          !equalJson(now.status.allocatable, before.status.allocatable)
        );
      }
      return event.type !== 'claim-changed' || mayHelp(pod, event.claim, event.previous, devices);
    },
    gate(pod, { devices }) {
      const claims = claimsOf(pod, devices);
      return typeof claims === 'string' ? claims : undefined;
    },
    awaits: (pod) => claimKeysOf(pod).map(topics.claim),
    refuse(pod, { devices }) {
      if (!pod.spec.resourceClaims?.length) return undefined;
      const claims = claimsOf(pod, devices);
      const why = typeof claims === 'string' ? claims : refusal(pod, claims, devices);
      return why === undefined ? undefined : misfit(false, why);
    },
    prepare,
    filter(_pod, info, prepared) {
      if (!prepared.isHere(info)) return NOT_HERE;
      const solution = prepared.solve(info);
      return 'reason' in solution
        ? prepared.misfits.get(solution.reason, (reason) => misfit(false, reason))
        : undefined;
    },
    weigh(pod, snapshot) {
      const prepared = prepare(pod, snapshot);
      return prepared?.hasChoice ? prepared : undefined;
    },
    /** The better the alternatives that a node leads to, the more. */
    score(_pod, info, prepared) {
      const solution = prepared.solve(info);
      if ('reason' in solution) return 0;
      let score = 0;
      prepared.plansOn(info).forEach(({ claim }, i) =>
        claim.spec.devices.requests?.forEach(({ firstAvailable }, at) => {
          if (firstAvailable?.length) score += ALTERNATIVES_MAX - (solution.ways[i]?.[at] ?? 0);
        }),
      );
      return score;
    },
    normalize: (scores) => normalizeToHundred(scores, false),
    errand(pod, info, snapshot) {
      const prepared = prepare(pod, snapshot);
      return prepared && errandOf(pod, info, prepared, parseDuration(bindingTimeout) ?? BINDING_MS);
    },
    /** Devices that nobody uses are in the way where they cannot be used from any node that would do. */
    remedy(pod, snapshot) {
      const prepared = prepare(pod, snapshot);
      if (!prepared) return undefined;
      const { ledger, leftovers } = prepared;
      if (leftovers.length > 0) {
        return {
          message: 'deletion of ResourceClaim completed',
          write: (api) => unmakeAll(api, leftovers, pod, ledger),
        };
      }
      const idle = prepared.allocated.find(
        (claim) => isOnlyFor(claim, pod) && snapshot.nodes.some(({ node }) => !isHere(claim, node)),
      );
      return (
        idle && {
          message: 'deallocation of ResourceClaim completed',
          write: async (api) => ledger.wrote(await release(api, idle, pod, true)),
        }
      );
    },
  });

function refusal(pod: Pod, claims: readonly Claim[], ledger: DeviceLedger): string | undefined {
  for (const claim of claims) {
    if (claim.status.allocation) {
      if (!canBeReserved(claim) && !isReservedFor(claim, pod)) return 'resourceclaim in use';
      continue;
    }
    if (ledger.decidedFor(claim, pod)) continue;
    if (ledger.isPending(claim)) return `resource claim ${keyOf(claim)} is in the process of being allocated`;
    const plan = planOf(claim, (name) => ledger.deviceClass(name));
    if (typeof plan === 'string') return plan;
  }
  return undefined;
}

function errandOf(pod: Pod, info: NodeInfo, prepared: Prepared, waitMsMax: number): Errand | undefined {
  const solution = prepared.solve(info);
  if ('reason' in solution) return undefined;
  const extended = prepared.extendedOn(info);
  const given = prepared.plansOn(info).map((plan, i) => ({
    claim: plan.claim,
    allocation: allocationOf(plan, solution.taken[i] ?? [], solution.ways[i] ?? [], info.node),
  }));
  const had = (claim: Claim): Part => ({ claim, allocation: undefined });
  const parts = [
    ...prepared.allocated.map(had),
    ...prepared.decided,
    ...given,
    ...(extended?.made ? [had(extended.made)] : []),
  ];
  const useless = prepared.leftovers.filter((claim) => claim !== extended?.made);
  return errandFor(pod, parts, {
    ledger: prepared.ledger,
    nodeName: info.name,
    waitMsMax,
    extended: extended?.requests,
    useless,
  });
}

/** A claim that gave its devices back may help anybody; else only what is new about one of the pod's own. */
function mayHelp(pod: Pod, claim: Claim | undefined, previous: Claim | undefined, ledger: DeviceLedger): boolean {
  const own = claimsOf(pod, ledger);
  if (typeof own === 'string') return false;
  if (previous?.status.allocation && !claim?.status.allocation) return true;
  // What was left of an earlier try is out of the way.
  if (!claim) return previous !== undefined && isExtendedOf(previous, pod);
  if (!own.some(({ metadata }) => metadata.uid === claim.metadata.uid)) return false;
  return !previous || !equalJson(claim.status, previous.status);
}
