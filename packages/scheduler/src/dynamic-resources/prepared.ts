import type { Node, Pod } from '@navarch/api';
import { Memo } from '@navarch/base';
import type { Misfit } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Allocation, Claim } from './devices.ts';
import { asksFor, plannedClaim } from './extended-claim.ts';
import { extendedNamesOf } from './extended-names.ts';
import { type ExtendedRequests, extendedRequestsOf } from './extended-requests.ts';
import type { DeviceLedger } from './ledger.ts';
import { type ClaimPlan, planOf } from './plan.ts';
import { claimsOf } from './claims-of-pod.ts';
import { selects } from './reach.ts';
import { readinessOf } from './readiness.ts';
import type { Found } from './search.ts';

const MISFITS_MAX = 64;
/** Sets of resources that some nodes have themselves and others do not: of a pod's few. */
const SETS_MAX = 64;

/** The claim for those of a pod's extended resources that a node does not have itself. */
interface Extended {
  readonly requests: ExtendedRequests;
  readonly plans: readonly ClaimPlan[];
  /** It was made before, by somebody who did not get to bind the pod. */
  readonly made: Claim | undefined;
}

/** What a pod wants of devices: computed once, and asked of thousands of nodes. */
export class Prepared {
  readonly ledger: DeviceLedger;
  /** Have their devices. */
  readonly allocated: readonly Claim[];
  /** Get what was decided for other pods of the pod's group a moment ago. */
  readonly decided: readonly { readonly claim: Claim; readonly allocation: Allocation }[];
  readonly misfits: Memo<Misfit> = new Memo(MISFITS_MAX);
  /** Claims for extended resources that were made before. */
  readonly leftovers: readonly Claim[];
  readonly #pod: Pod;
  readonly #plans: readonly ClaimPlan[];
  /** Extended resources with devices behind them, and the classes of those. */
  readonly #classes: ReadonlyMap<string, string>;
  readonly #extended: Memo<Extended> = new Memo(SETS_MAX);

  constructor(
    pod: Pod,
    ledger: DeviceLedger,
    claims: readonly Claim[],
    classes: ReadonlyMap<string, string>,
    leftovers: readonly Claim[],
  ) {
    this.#pod = pod;
    this.ledger = ledger;
    this.allocated = claims.filter(({ status }) => status.allocation);
    this.decided = claims.flatMap((claim) => {
      const allocation = claim.status.allocation ? undefined : ledger.decidedFor(claim, pod);
      return allocation ? [{ claim, allocation }] : [];
    });
    this.leftovers = leftovers;
    this.#classes = classes;
    this.#plans = claims
      .filter((claim) => !claim.status.allocation && !this.decided.some((one) => one.claim === claim))
      .map((claim) => planOf(claim, (name) => ledger.deviceClass(name)))
      .filter((plan) => typeof plan !== 'string');
  }

  /** Whether one request can be met in ways of different worth. */
  get hasChoice(): boolean {
    return this.#plans.some(({ requests }) => requests.some((ways) => ways.length > 1));
  }

  /** What has to be given to the pod there. */
  plansOn(info: NodeInfo): readonly ClaimPlan[] {
    const extended = this.extendedOn(info);
    return extended && !extended.made ? extended.plans : this.#plans;
  }

  solve(info: NodeInfo): Found {
    const plans = this.plansOn(info);
    return plans.length === 0 ? NOTHING : this.ledger.solve(plans, info.node);
  }

  /** undefined: there the pod wants no devices but those of its claims. */
  extendedOn({ allocatable }: NodeInfo): Extended | undefined {
    if (this.#classes.size === 0) return undefined;
    const lacking = [...this.#classes.keys()].filter((name) => !((allocatable.get(name) ?? 0) > 0));
    return lacking.length === 0 ? undefined : this.#extended.get(lacking.join(' '), () => this.#extendedFor(lacking));
  }

  /** Whether all that the pod has already can be used from there, and will ever be ready. */
  isHere(info: NodeInfo): boolean {
    if (!this.allocated.every((claim) => isHere(claim, info.node))) return false;
    if (!this.decided.every(({ allocation }) => reaches(allocation, info.node))) return false;
    const extended = this.leftovers.length > 0 ? this.extendedOn(info) : undefined;
    // What was made for other devices than are wanted there has to go first.
    return !extended || (extended.made !== undefined && isHere(extended.made, info.node));
  }

  #extendedFor(names: readonly string[]): Extended {
    const requests = extendedRequestsOf(
      this.#pod,
      new Map([...this.#classes].filter(([name]) => names.includes(name))),
    );
    const plan = planOf(plannedClaim(this.#pod, requests), (name) => this.ledger.deviceClass(name));
    return {
      requests,
      plans: [...this.#plans, ...(typeof plan === 'string' ? [] : [plan])],
      made: this.leftovers.find(
        (claim) => claim.status.allocation && !this.ledger.isDoomed(claim) && asksFor(claim, requests),
      ),
    };
  }
}

const NOTHING: Found = { taken: [], ways: [] };

/** undefined: the pod wants no devices. */
export function prepare(pod: Pod, snapshot: Snapshot): Prepared | undefined {
  const { devices } = snapshot;
  const names = extendedNamesOf(snapshot.templateOf(pod));
  if (!pod.spec.resourceClaims?.length && names.length === 0) return undefined;
  const claims = claimsOf(pod, devices);
  if (typeof claims === 'string') return undefined;
  const classes = new Map<string, string>();
  for (const name of names) {
    const found = devices.classOf(name);
    if (found !== undefined) classes.set(name, found);
  }
  if (claims.length === 0 && classes.size === 0) return undefined;
  return new Prepared(pod, devices, claims, classes, classes.size > 0 ? devices.extendedClaimsOf(pod) : []);
}

/** Whether its devices can be used from the node, and will ever be ready. */
export const isHere = (claim: Claim, node: Node): boolean =>
  reaches(claim.status.allocation, node) && readinessOf(claim) !== 'failed';

const reaches = (allocation: Allocation | undefined, node: Node): boolean =>
  !allocation?.nodeSelector || selects(allocation.nodeSelector, node);
