import type { Node, Pod } from '@navarch/api';
import { Memo } from '@navarch/base';
import { equalJson, keyOf, parseDuration } from '@navarch/machinery';
import {
  definePlugin,
  type Errand,
  type Misfit,
  misfit,
  normalizeToHundred,
  type SchedulerPlugin,
  topics,
} from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { errandFor } from './binding.ts';
import { release } from './claim-writes.ts';
import type { Claim } from './devices.ts';
import type { DeviceLedger } from './ledger.ts';
import { type ClaimPlan, planOf } from './plan.ts';
import { canBeReserved, claimKeysOf, claimsOf, isOnlyFor, isReservedFor } from './pod-claims.ts';
import { selects } from './reach.ts';
import { readinessOf } from './readiness.ts';

const NOT_HERE = misfit(false, 'resourceclaim not available on the node');

interface Prepared {
  readonly ledger: DeviceLedger;
  /** Have their devices. */
  readonly allocated: readonly Claim[];
  readonly plans: readonly ClaimPlan[];
  /** Thousands of nodes say the same. */
  readonly misfits: Memo<Misfit>;
}

const MISFITS_MAX = 64;

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
      if (event.type === 'node-changed') return !equalJson(event.node.metadata.labels, event.previous.metadata.labels);
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
    filter(_pod, { node }, { ledger, allocated, plans, misfits }) {
      if (allocated.some((claim) => !isHere(claim, node))) return NOT_HERE;
      if (plans.length === 0) return undefined;
      const solution = ledger.solve(plans, node);
      return 'reason' in solution ? misfits.get(solution.reason, (reason) => misfit(false, reason)) : undefined;
    },
    weigh(pod, snapshot) {
      const prepared = prepare(pod, snapshot);
      const hasChoice = prepared?.plans.some(({ requests }) => requests.some((ways) => ways.length > 1));
      return hasChoice ? prepared : undefined;
    },
    /** The better the alternatives that a node leads to, the more. */
    score(_pod, { node }, { ledger, plans }) {
      const solution = ledger.solve(plans, node);
      if ('reason' in solution) return 0;
      let score = 0;
      plans.forEach(({ claim }, i) =>
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
      const idle = prepared?.allocated.find(
        (claim) => isOnlyFor(claim, pod) && snapshot.nodes.some(({ node }) => !isHere(claim, node)),
      );
      if (!prepared || !idle) return undefined;
      return {
        message: 'deallocation of ResourceClaim completed',
        write: async (api) => prepared.ledger.wrote(await release(api, idle, pod, true)),
      };
    },
  });

function prepare(pod: Pod, { devices }: Snapshot): Prepared | undefined {
  if (!pod.spec.resourceClaims?.length) return undefined;
  const claims = claimsOf(pod, devices);
  if (typeof claims === 'string' || claims.length === 0) return undefined;
  const plans = claims
    .filter(({ status }) => !status.allocation)
    .map((claim) => planOf(claim, (name) => devices.deviceClass(name)))
    .filter((plan) => typeof plan !== 'string');
  return {
    ledger: devices,
    allocated: claims.filter(({ status }) => status.allocation),
    plans,
    misfits: new Memo(MISFITS_MAX),
  };
}

function refusal(pod: Pod, claims: readonly Claim[], ledger: DeviceLedger): string | undefined {
  for (const claim of claims) {
    if (claim.status.allocation) {
      if (!canBeReserved(claim) && !isReservedFor(claim, pod)) return 'resourceclaim in use';
      continue;
    }
    if (ledger.isPending(claim)) return `resource claim ${keyOf(claim)} is in the process of being allocated`;
    const plan = planOf(claim, (name) => ledger.deviceClass(name));
    if (typeof plan === 'string') return plan;
  }
  return undefined;
}

/** Whether its devices can be used from the node, and will ever be ready. */
const isHere = (claim: Claim, node: Node): boolean => {
  const { nodeSelector } = claim.status.allocation ?? {};
  return (!nodeSelector || selects(nodeSelector, node)) && readinessOf(claim) !== 'failed';
};

function errandOf(
  pod: Pod,
  { node }: NodeInfo,
  { ledger, allocated, plans }: Prepared,
  waitMsMax: number,
): Errand | undefined {
  const solution = plans.length > 0 ? ledger.solve(plans, node) : { allocations: [] };
  if ('reason' in solution) return undefined;
  const given = plans.map(({ claim }, i) => ({ claim, allocation: solution.allocations[i] }));
  const parts = [...allocated.map((claim) => ({ claim, allocation: undefined })), ...given];
  return errandFor(pod, parts, ledger, waitMsMax);
}

/** A claim that gave its devices back may help anybody; else only what is new about one of the pod's own. */
function mayHelp(pod: Pod, claim: Claim | undefined, previous: Claim | undefined, ledger: DeviceLedger): boolean {
  const own = claimsOf(pod, ledger);
  if (typeof own === 'string') return false;
  if (previous?.status.allocation && !claim?.status.allocation) return true;
  if (!claim || !own.some(({ metadata }) => metadata.uid === claim.metadata.uid)) return false;
  return !previous || !equalJson(claim.status, previous.status);
}
