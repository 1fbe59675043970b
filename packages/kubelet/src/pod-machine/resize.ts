import type { Container, Pod } from '@navarch/api';
import { quantityMilliValue } from '@navarch/machinery';
import { end, graceOf, merged, type Steps } from './ending.ts';
import type { Memory } from './memory.ts';
import { isRunning, type ObservedContainer } from './observed.ts';
import type { PodContainer } from './pod-container.ts';

/** Annotation of a container in the runtime: the resources it was made with. */
export const RESOURCES = 'navarch.dev/resources';

type Resources = Pick<Container['resources'], 'requests' | 'limits'>;

/** One text for the same resources. */
export const resourcesText = ({ resources }: Container): string =>
  JSON.stringify({ requests: sorted(resources?.requests), limits: sorted(resources?.limits) });

const sorted = (list: Readonly<Record<string, string>> = {}): object =>
  Object.fromEntries(Object.entries(list).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** What a running instance was given: as it was made, or as it was changed since. */
export function givenText({ spec }: PodContainer, { id, status }: ObservedContainer, { resized }: Memory): string {
  return resized.get(id) ?? status.annotations[RESOURCES] ?? resourcesText(spec);
}

export const parseResources = (text: string): Resources => JSON.parse(text) as Resources;

/**
 * The newest instance was given other resources than those of the spec by now (KEP-1287). One of an init container counts
 * while it runs: it may be the last.
 */
export function isOutgrown(container: PodContainer, memory: Memory): boolean {
  const {
    spec,
    role,
    instances: [newest],
  } = container;
  return (
    role !== 'ephemeral' &&
    newest !== undefined &&
    (role !== 'init' || isRunning(newest)) &&
    givenText(container, newest, memory) !== resourcesText(spec)
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
        } = container;
        if (!newest || memory.killing.has(newest.id)) return { actions: [] };
        const given = givenText(container, newest, memory);
        if (needsRestart(spec, parseResources(given))) {
          return end(
            container,
            newest,
            { killBy: now + graceOf(pod) * 1000, message: `Container ${spec.name} resize requires restart` },
            memory,
            now,
          );
        }
        return {
          actions: [{ type: 'resize-container', container: spec, id: newest.id, given, wanted: resourcesText(spec) }],
        };
      }),
  );
}

function needsRestart({ resizePolicy = [], resources }: Container, given: Resources): boolean {
  const isChanged = (name: string): boolean =>
    (['requests', 'limits'] as const).some((list) => resources?.[list]?.[name] !== given[list]?.[name]);
  return resizePolicy.some(
    ({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && isChanged(resourceName),
  );
}

/** Whether limits grow: what is above the container must grow before it, and shrink after it. */
export function grows(given: string, wanted: string): boolean {
  const [before, after] = [parseResources(given), parseResources(wanted)];
  return ['cpu', 'memory'].some((name) => limitOf(after, name) > limitOf(before, name));
}

const limitOf = ({ limits }: Resources, name: string): number =>
  limits?.[name] === undefined ? Number.POSITIVE_INFINITY : quantityMilliValue(limits[name]);

/** The container as it may be started while the node has no room for what is wanted: with what it had. */
export function asGiven({ spec, instances: [newest] }: PodContainer, { resizeRefusal }: Memory): Container {
  const text = newest?.status.annotations[RESOURCES];
  return resizeRefusal && text !== undefined
    ? { ...spec, resources: { ...spec.resources, ...parseResources(text) } }
    : spec;
}
