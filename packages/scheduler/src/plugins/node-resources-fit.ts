import { isExtendedResource, type Node, type Pod } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import { definePlugin, type Misfit, misfit, type SchedulerPlugin } from '../plugin.ts';
import { extendedNamesOf } from '../dynamic-resources/extended-names.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type Amounts, amountsOf, perTemplate, type Template } from '../snapshot/template.ts';
import { allocationScore, type ScoredPod, type ScoringStrategy } from './allocation-score.ts';
import { scoredByResources } from './device-scores.ts';

interface Prepared {
  readonly requests: Amounts;
  /** Resources that may be had as devices, where the node does not have them itself. */
  readonly devices: ReadonlySet<string>;
  /** Misfits of pods of the template so far, by what is lacking. */
  readonly found: Map<string, Misfit>;
}

export interface NodeResourcesFitArgs {
  readonly scoringStrategy: ScoringStrategy;
  /** Extended resources that no node is turned away for: someone else counts them. */
  readonly ignoredResources?: readonly string[];
  /** Those of these domains: `example.com` for example.com/gpu. */
  readonly ignoredResourceGroups?: readonly string[];
}

/** Keeps a pod from nodes that lack what it asks for, and prefers nodes by how full they would be. */
export function nodeResourcesFitBy(args: NodeResourcesFitArgs): SchedulerPlugin<Prepared, ScoredPod> {
  const checked = checkedRequests(args);
  const foundOf = perTemplate(() => new Map<string, Misfit>());
  const prepare = (pod: Pod, snapshot: Snapshot): Prepared => {
    const template = snapshot.templateOf(pod);
    const devices = extendedNamesOf(template).filter((name) => snapshot.devices.classOf(name) !== undefined);
    return {
      requests: checked(template),
      devices: devices.length > 0 ? new Set(devices) : NONE,
      found: foundOf(template),
    };
  };
  return definePlugin<Prepared, ScoredPod>({
    name: NAME,
    scope: 'node',
    wakesOn: ['node-added', 'node-changed', 'pod-removed', 'pod-changed', 'devices-changed'],
    wakes(pod, event, snapshot) {
      const prepared = (): Prepared => prepare(pod, snapshot);
      switch (event.type) {
        case 'node-added':
          return hasEver(prepared(), event.node);
        case 'node-changed':
          return isRicher(event.node, event.previous) && hasEver(prepared(), event.node);
        // A class may say by now that there are devices behind what the pod asks for.
        case 'devices-changed':
          return prepared().devices.size > 0;
        case 'pod-removed':
          return mayFitWhereItWas(pod, event.pod, checked(snapshot.templateOf(pod)), snapshot);
        case 'pod-changed':
          return frees(checked(snapshot.templateOf(pod)), event.pod, event.previous, snapshot);
        default:
          return false;
      }
    },
    prepare,
    filter: (_pod, info, prepared) => misfitOf(info, prepared),
    ...scoresBy(args).own,
  });
}

const NAME = 'NodeResourcesFit';

/** What it says of pods that devices do for. */
export const deviceFitBy = (args: NodeResourcesFitArgs): ReturnType<typeof scoresBy>['beside'] => scoresBy(args).beside;

function scoresBy({ scoringStrategy }: NodeResourcesFitArgs): ReturnType<typeof scoredByResources> {
  return scoredByResources({
    name: NAME,
    resources: scoringStrategy.resources,
    weigh: (pod, snapshot) => ({ template: snapshot.templateOf(pod) }),
    score: (info, scored) => allocationScore(scoringStrategy, info, scored),
  });
}

/** What of a pod's requests a node is looked at for. */
function checkedRequests({
  ignoredResources = [],
  ignoredResourceGroups = [],
}: NodeResourcesFitArgs): (template: Template) => Amounts {
  if (ignoredResources.length + ignoredResourceGroups.length === 0) return ({ requests }) => requests;
  const isIgnored = (name: string): boolean =>
    isExtendedResource(name) &&
    (ignoredResources.includes(name) || ignoredResourceGroups.includes(name.slice(0, name.indexOf('/'))));
  return perTemplate(({ requests }) => new Map([...requests].filter(([name]) => !isIgnored(name))));
}

const NONE: ReadonlySet<string> = new Set();

function misfitOf(info: NodeInfo, { requests, devices, found }: Prepared): Misfit | undefined {
  let lacking: string[] | undefined;
  let isResolvable = true;
  if (info.pods.size + 1 > info.podsMax) lacking = ['Too many pods'];
  for (const [name, amount] of requests) {
    if (amount === 0) continue;
    const allocatable = info.allocatable.get(name) ?? 0;
    if (amount <= allocatable - (info.requested.get(name) ?? 0)) continue;
    if (allocatable === 0 && devices.has(name)) continue;
    (lacking ??= []).push(`Insufficient ${name}`);
    // What an empty node would not have either, no eviction brings.
    if (amount > allocatable) isResolvable = false;
  }
  return lacking && shared(lacking, isResolvable, found);
}

/** Thousands of nodes lack the same: one value for all of them. */
function shared(lacking: readonly string[], isResolvable: boolean, found: Map<string, Misfit>): Misfit {
  const key = `${isResolvable} ${lacking.join()}`;
  let known = found.get(key);
  if (!known) found.set(key, (known = misfit(isResolvable, ...lacking)));
  return known;
}

/** Whether the node could hold the pod if it were empty. */
function hasEver({ requests, devices }: Prepared, { status }: Node): boolean {
  const allocatable = amountsOf(status.allocatable ?? {});
  for (const [name, amount] of requests) {
    const held = allocatable.get(name) ?? 0;
    if (amount > held && !(held === 0 && devices.has(name))) return false;
  }
  return true;
}

function isRicher({ status }: Node, previous: Node): boolean {
  if (status.allocatable === previous.status.allocatable) return false;
  const [now, before] = [amountsOf(status.allocatable ?? {}), amountsOf(previous.status.allocatable ?? {})];
  for (const [name, amount] of now) if (amount > (before.get(name) ?? 0)) return true;
  return false;
}

/**
 * Whether there is room now on the node that a pod has left, or would be if others were evicted: nothing has changed
 * anywhere else. What is promised to more important pods is theirs. A pod that has itself been promised a node evicts
 * nobody elsewhere, so that room must be there.
 */
function mayFitWhereItWas(pod: Pod, gone: Pod, requests: Amounts, snapshot: Snapshot): boolean {
  if (!gone.spec.nodeName) return true;
  const node = snapshot.node(gone.spec.nodeName);
  if (!node) return false;
  const own = pod.spec.priority ?? 0;
  const promised = snapshot.nominatedNodeOf(keyOf(pod));
  if (promised === node.name) return true;
  const isKept = (other: Pod): boolean => promised !== undefined || (other.spec.priority ?? 0) >= own;
  const kept = [...node.pods.values()].filter((placed) => isKept(placed.pod));
  for (const placed of snapshot.nominatedOn(node.name))
    if ((placed.pod.spec.priority ?? 0) >= own && placed.pod.metadata.uid !== pod.metadata.uid) kept.push(placed);
  if (kept.length + 1 > node.podsMax) return false;
  for (const [name, amount] of requests) {
    if (amount === 0) continue;
    const taken = kept.reduce((sum, { template }) => sum + (template.requests.get(name) ?? 0), 0);
    if (amount > (node.allocatable.get(name) ?? 0) - taken) return false;
  }
  return true;
}

/** A pod on a node asks for less of something that the waiting one wants. */
function frees(requests: Amounts, changed: Pod, previous: Pod, snapshot: Snapshot): boolean {
  const [now, before] = [snapshot.templateOf(changed).requests, snapshot.templateOf(previous).requests];
  for (const [name, amount] of before) if ((now.get(name) ?? 0) < amount && (requests.get(name) ?? 0) > 0) return true;
  return false;
}
