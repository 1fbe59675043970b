import type { Container, Pod, PodStatus } from '@navarch/api';
import { quantityMilliValue } from '@navarch/machinery';
import { withInherited } from '../container/inherited-limits.ts';
import type { Amounts } from '../environment/resource-value.ts';
import { end, graceOf, merged, type Steps } from './ending.ts';
import type { Memory } from './memory.ts';
import { isRunning, type ObservedContainer } from './observed.ts';
import type { PodContainer } from './pod-container.ts';

/** Annotation of a container in the runtime: the resources it was made with. */
export const RESOURCES = 'navarch.dev/resources';

type Resources = Pick<Container['resources'], 'requests' | 'limits'>;

/** What a container was given, and what its pod as a whole had then, where that says something (KEP-5419). */
interface Given extends Resources {
  readonly pod?: Resources;
}

/** One text for the same resources. */
export const resourcesText = ({ resources }: Container, ofPod: Resources | undefined): string =>
  JSON.stringify({ ...sortedBoth(resources), ...(ofPod ? { pod: sortedBoth(ofPod) } : {}) });

const sortedBoth = (resources: Resources | undefined): object => ({
  requests: sorted(resources?.requests),
  limits: sorted(resources?.limits),
});

const sorted = (list: Readonly<Record<string, string>> = {}): object =>
  Object.fromEntries(Object.entries(list).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** What a running instance was given: as it was made, or as it was changed since. */
export function givenText(
  { spec, ofPod }: PodContainer,
  { id, status }: ObservedContainer,
  { resized }: Memory,
): string {
  return resized.get(id) ?? status.annotations[RESOURCES] ?? resourcesText(spec, ofPod);
}

export const parseResources = (text: string): Given => JSON.parse(text) as Given;

/**
 * The newest instance was given other resources than those of the spec by now (KEP-1287). One of an init container counts
 * while it runs: it may be the last.
 */
export function isOutgrown(container: PodContainer, memory: Memory): boolean {
  const {
    spec,
    role,
    instances: [newest],
    ofPod,
  } = container;
  return (
    role !== 'ephemeral' &&
    newest !== undefined &&
    (role !== 'init' || isRunning(newest)) &&
    givenText(container, newest, memory) !== resourcesText(spec, ofPod)
  );
}

export const wantsResize = (container: PodContainer, memory: Memory): boolean =>
  container.instances[0] !== undefined && isRunning(container.instances[0]) && isOutgrown(container, memory);

/** Changes the resources of running containers in place, or restarts those that want to be restarted for it. */
export function resizeContainers(pod: Pod, containers: readonly PodContainer[], memory: Memory, now: number): Steps {
  if (memory.resizeRefusal) return { actions: [] };
  return merged(
    containers
      .filter((c) => wantsResize(c, memory))
      .map((container): Steps => {
        const {
          spec,
          instances: [newest],
          ofPod,
        } = container;
        if (!newest || memory.killing.has(newest.id)) return { actions: [] };
        const given = givenText(container, newest, memory);
        const wanted = resourcesText(spec, ofPod);
        if (needsRestart(spec, parseResources(given), parseResources(wanted))) {
          return end(
            container,
            newest,
            { killBy: now + graceOf(pod) * 1000, message: `Container ${spec.name} resize requires restart` },
            memory,
            now,
          );
        }
        return {
          actions: [{ type: 'resize-container', container: spec, id: newest.id, given, wanted }],
        };
      }),
  );
}

function needsRestart({ resizePolicy = [] }: Container, given: Given, wanted: Given): boolean {
  const isChanged = (name: string): boolean =>
    given.requests?.[name] !== wanted.requests?.[name] || limitsIn(given)[name] !== limitsIn(wanted)[name];
  return resizePolicy.some(
    ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && isChanged(resourceName),
  );
}

/** A pod that is given other limits resizes the containers that have none of their own. */
const limitsIn = ({ limits, pod }: Given): Amounts => withInherited(limits, pod?.limits);

/** Whether limits grow: what is above the container must grow before it, and shrink after it. */
export function grows(given: string, wanted: string): boolean {
  const [before, after] = [parseResources(given), parseResources(wanted)];
  return ['cpu', 'memory'].some(
    (name) =>
      limitOf(limitsIn(after), name) > limitOf(limitsIn(before), name) ||
      limitOf(after.pod?.limits, name) > limitOf(before.pod?.limits, name),
  );
}

const limitOf = (limits: Amounts | undefined, name: string): number =>
  limits?.[name] === undefined ? Number.POSITIVE_INFINITY : quantityMilliValue(limits[name]);

/** The container as it may be started while the node has no room for what is wanted: with what it had. */
export function asGiven({ spec, instances: [newest] }: PodContainer, { resizeRefusal }: Memory): Container {
  const text = newest?.status.annotations[RESOURCES];
  if (!resizeRefusal || text === undefined) return spec;
  const { pod: _, ...own } = parseResources(text);
  return { ...spec, resources: { ...spec.resources, ...own } };
}

/** What a running pod as a whole asks for and was given; nothing where its spec says nothing of that (KEP-5419). */
export function podResources(
  { spec }: Pod,
  containers: readonly PodContainer[],
  memory: Memory,
): Pick<PodStatus, 'allocatedResources' | 'resources'> {
  const running = containers.flatMap((container) =>
    container.instances
      .filter(isRunning)
      .map((instance) => parseResources(givenText(container, instance, memory)).pod ?? {}),
  );
  if (!spec.resources || running.length === 0) return {};
  const { requests = {}, limits = {} } = spec.resources;
  const isBehind = (given: Resources): boolean => JSON.stringify(given) !== JSON.stringify(sortedBoth(spec.resources));
  // As long as one container has not what is wanted by now, the pod has not either.
  const actual = running.find(isBehind) ?? { requests, limits };
  const allocated = memory.resizeRefusal ? actual.requests : requests;
  return {
    ...(allocated && Object.keys(allocated).length > 0 ? { allocatedResources: allocated } : {}),
    resources: Object.fromEntries(Object.entries(actual).filter(([, list]) => Object.keys(list ?? {}).length > 0)),
  };
}
