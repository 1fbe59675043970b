import { compareQuantities, parseQuantity } from '@navarch/machinery';
import type { Container, Pod, PodSpec } from '../../generated/types/core-v1.ts';
import { isSidecar } from './pod-resources.ts';

type ResourceList = Readonly<Record<string, string>>;

/** What a resize has come to so far: what the node granted, and what is in force there. */
interface Progress {
  readonly allocatedResources?: ResourceList;
  readonly resources?: { readonly requests?: ResourceList };
}

/**
 * The spec by which a pod takes room on its node: while it is resized in place, the most of what it wants, what it was
 * granted and what it runs with; where the resize can never be had there, what it wants does not count (KEP-1287). The
 * very same spec where nothing is being resized.
 */
export function occupiedSpec({ spec, status }: Pod): PodSpec {
  const states = status.containerStatuses;
  if (!states && !status.initContainerStatuses && !status.resources) return spec;
  const isHopeless =
    status.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible') ?? false;
  const containers = occupied(spec.containers, states, isHopeless);
  const initContainers = occupied(spec.initContainers ?? [], status.initContainerStatuses, isHopeless, isSidecar);
  const own = spec.resources?.requests;
  const ownThen = own && status.resources ? requestsOf(own, status, isHopeless) : own;
  if (containers === spec.containers && initContainers === (spec.initContainers ?? initContainers) && own === ownThen)
    return spec;
  return {
    ...spec,
    containers,
    ...(spec.initContainers ? { initContainers } : {}),
    ...(ownThen ? { resources: { ...spec.resources, requests: ownThen } } : {}),
  };
}

/** The same list where nothing differs. */
function occupied(
  containers: readonly Container[],
  states: Pod['status']['containerStatuses'] = [],
  isHopeless: boolean,
  isTracked: (container: Container) => boolean = () => true,
): readonly Container[] {
  let differs = false;
  const next = containers.map((container) => {
    const state = isTracked(container) ? states.find(({ name }) => name === container.name) : undefined;
    if (!state?.resources) return container;
    const wanted = container.resources?.requests ?? NOTHING;
    const requests = requestsOf(wanted, state, isHopeless);
    if (requests === wanted) return container;
    differs = true;
    return { ...container, resources: { ...container.resources, requests } };
  });
  return differs ? next : containers;
}

const NOTHING: ResourceList = {};

function requestsOf(
  wanted: ResourceList,
  { resources, allocatedResources }: Progress,
  isHopeless: boolean,
): ResourceList {
  const lists = [resources?.requests ?? NOTHING, allocatedResources ?? NOTHING];
  if (!lists.some((list) => differ(list, wanted)) && !isHopeless) return wanted;
  const most: Record<string, string> = isHopeless ? {} : { ...wanted };
  for (const list of lists)
    for (const [name, text] of Object.entries(list)) if (isMore(text, most[name])) most[name] = text;
  return differ(most, wanted) || differ(wanted, most) ? most : wanted;
}

/** Whether the first list says something that the second does not say in the same words. */
function differ(list: ResourceList, from: ResourceList): boolean {
  for (const name in list) if (list[name] !== from[name]) return true;
  return false;
}

function isMore(text: string, than: string | undefined): boolean {
  const [a, b] = [parseQuantity(text), than === undefined ? undefined : parseQuantity(than)];
  return a !== undefined && (b === undefined || compareQuantities(a, b) > 0);
}
