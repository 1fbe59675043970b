import { cloneJson, equalJson, type Field, type Mutable } from '@navarch/machinery';
import { each } from '../../checks/values.ts';
import type { Container, Pod, ResourceRequirements } from '../../generated/types/core-v1.ts';
import { keptMetadata } from '../../parts.ts';
import { isSidecar, qosClassOf } from './pod-resources.ts';

type ResourceList = Readonly<Record<string, string>>;

const LISTS = ['containers', 'initContainers'] as const;
const MIRROR = 'kubernetes.io/config.mirror';

/** What a resize takes of what was sent: the resources of containers and of the pod, and when containers restart for them. */
export function resized(sent: Mutable<Pod>, previous: Pod): Mutable<Pod> {
  const isReshaped = LISTS.some((list) => (sent.spec[list]?.length ?? 0) !== (previous.spec[list]?.length ?? 0));
  // Whoever adds or takes away containers is told so: nothing else would.
  if (isReshaped) return sent;
  const next = { ...(cloneJson(previous) as Mutable<Pod>), metadata: keptMetadata(sent, previous) };
  for (const list of LISTS) {
    const wanted = sent.spec[list] ?? [];
    const isSame = wanted.every(({ name }, i) => name === previous.spec[list]?.[i]?.name);
    if (!isSame) next.spec[list] = wanted;
    else next.spec[list]?.forEach((container, i) => takeResources(container, wanted[i] as Mutable<Container>));
  }
  if (sent.spec.resources) next.spec.resources = sent.spec.resources;
  else delete next.spec.resources;
  return next;
}

function takeResources(container: Mutable<Container>, { resources, resizePolicy }: Mutable<Container>): void {
  if (resources === undefined) delete (container as { resources?: unknown }).resources;
  else container.resources = resources;
  if (resizePolicy) container.resizePolicy = resizePolicy;
  else delete container.resizePolicy;
}

/** Only cpu and memory may differ, and the quality of service stays (KEP-1287). */
export function validateResize(next: Pod, previous: Pod, at: Field): void {
  const spec = at.at('spec');
  const before = at.errors.length;
  if (qosClassOf(next.spec) !== (previous.status.qosClass ?? qosClassOf(previous.spec))) {
    spec.invalid(next.status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing');
  }
  if (!isResizable(previous)) spec.forbidden('Pod running on node without support for resize');
  for (const list of ['initContainers', 'containers'] as const)
    each(previous.spec[list], spec.at(list), (old, here, i) =>
      keepsResources(next.spec[list]?.[i]?.resources, old.resources, here.at('resources')),
    );
  keepsResources(next.spec.resources, previous.spec.resources, spec.at('resources'));
  each(next.spec.containers, spec, (container, _here, i) => {
    if (!isResizeOf(container, previous.spec.containers[i])) spec.forbidden(ONLY);
  });
  each(next.spec.initContainers, spec, (container, _here, i) => {
    const old = previous.spec.initContainers?.[i];
    if (!isResizeOf(container, old)) spec.forbidden(isSidecar(container) ? ONLY_OF_SIDECARS : ONLY);
  });
  if (at.errors.length === before && !equalJson(rest(next), rest(previous))) spec.forbidden(ONLY);
}

const ONLY = 'only cpu and memory resources are mutable';
const ONLY_OF_SIDECARS = 'only cpu and memory resources for sidecar containers are mutable';

/** Pods that can never be resized; the reason is the only one their sender hears. */
export function unresizable({ metadata, spec }: Pod): string | undefined {
  if (metadata.annotations?.[MIRROR] !== undefined) return 'static pods cannot be resized';
  return spec.os?.name === 'windows' ? 'windows pods cannot be resized' : undefined;
}

/** A node that resizes says what running containers have. */
function isResizable({ status }: Pod): boolean {
  const running = status.containerStatuses?.find(({ state }) => state?.running);
  return !running || running.resources !== undefined;
}

function keepsResources(
  next: ResourceRequirements | undefined,
  previous: ResourceRequirements | undefined,
  at: Field,
): void {
  for (const list of ['requests', 'limits'] as const) {
    const isLost = Object.keys(previous?.[list] ?? {}).some((name) => next?.[list]?.[name] === undefined);
    if (isLost) at.at(list).forbidden(`resource ${list} cannot be removed`);
  }
}

function isResizeOf(container: Container, old: Container | undefined): boolean {
  if (!old) return false;
  const resources = {
    ...container.resources,
    limits: masked(container.resources?.limits, old.resources?.limits),
    requests: masked(container.resources?.requests, old.resources?.requests),
  };
  return equalJson(
    { ...container, resources },
    { ...old, resources: { limits: undefined, requests: undefined, ...old.resources } },
  );
}

/** The list with cpu and memory as they were; where there was none, whatever is new may come. */
function masked(next: ResourceList | undefined, previous: ResourceList | undefined): ResourceList | undefined {
  if (!previous) return undefined;
  const { cpu: _cpu, memory: _memory, ...others } = next ?? {};
  const { cpu, memory } = previous;
  return { ...others, ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}

/** Everything that is no container's, without cpu and memory of the pod as a whole. */
function rest({
  spec: { containers: _containers, initContainers: _initContainers, resources, ...others },
}: Pod): unknown {
  const stripped = (list: ResourceList = {}): unknown =>
    Object.fromEntries(Object.entries(list).filter(([name]) => name !== 'cpu' && name !== 'memory'));
  return { ...others, resources: { limits: stripped(resources?.limits), requests: stripped(resources?.requests) } };
}
