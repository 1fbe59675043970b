import type { ContainerStatus, Pod } from '@navarch/api';
import { byAge } from '../cluster-view.ts';
import type { Fields } from '../fields.ts';
import { defineStrategy, evictAll, type Round, scopeOf, type Strategy } from '../strategy.ts';

/** Pods whose containers were started again and again may do better elsewhere. */
export const tooManyRestarts: Strategy = defineStrategy({
  name: 'RemovePodsHavingTooManyRestarts',
  phase: 'deschedule',
  plan(args) {
    const isInScope = scopeOf(args);
    const threshold = requiredCount(args, 'podRestartThreshold', 1);
    const withInit = args.flag('includingInitContainers');
    const states = args.texts('states');
    return (round) =>
      evictThose((pod) => {
        const restarts = statusesOf(pod, withInit).reduce((all, { restartCount }) => all + (restartCount ?? 0), 0);
        return isInScope(pod) && restarts >= threshold && (!states || isInOneOf(pod, states, withInit));
      }, round);
  },
});

/** Pods that have lived long enough, the oldest first. */
export const podLifeTime: Strategy = defineStrategy({
  name: 'PodLifeTime',
  phase: 'deschedule',
  plan(args) {
    const isInScope = scopeOf(args);
    const limitMs = requiredCount(args, 'maxPodLifeTimeSeconds', 0) * 1000;
    const withInit = args.flag('includingInitContainers');
    const states = args.texts('states');
    return (round) =>
      evictThose(
        (pod) => isInScope(pod) && ageMs(pod, round) > limitMs && (!states || isInOneOf(pod, states, withInit)),
        round,
      );
  },
});

/** Failed pods that nobody cleans up. */
export const failedPods: Strategy = defineStrategy({
  name: 'RemoveFailedPods',
  phase: 'deschedule',
  plan(args) {
    const isInScope = scopeOf(args);
    const withInit = args.flag('includingInitContainers');
    const excluded = args.texts('excludeOwnerKinds') ?? [];
    const leastMs = (args.count('minPodLifetimeSeconds') ?? 0) * 1000;
    const reasons = args.texts('reasons');
    const exitCodes = args.raw('exitCodes') as readonly number[] | undefined;
    if (exitCodes !== undefined && !(Array.isArray(exitCodes) && exitCodes.every(Number.isInteger)))
      args.wrong('exitCodes', 'must be a list of whole numbers');
    return (round) =>
      evictThose(
        (pod) =>
          pod.status.phase === 'Failed' &&
          isInScope(pod) &&
          !(pod.metadata.ownerReferences ?? []).some(({ kind }) => excluded.includes(kind)) &&
          ageMs(pod, round) >= leastMs &&
          (!reasons || reasons.length === 0 || reasonsOf(pod, withInit).some((reason) => reasons.includes(reason))) &&
          (!exitCodes || exitCodes.length === 0 || codesOf(pod, withInit).some((code) => exitCodes.includes(code))),
        round,
      );
  },
});

function requiredCount(args: Fields, name: string, least: number): number {
  if (!args.has(name)) args.wrong(name, 'must be set');
  return args.count(name, least) ?? least;
}

const evictThose = (isMeant: (pod: Pod) => boolean, round: Round): Promise<void> =>
  evictAll(round.view.pods.filter((pod) => isMeant(pod) && round.isEvictable(pod)).toSorted(byAge), round);

const ageMs = ({ metadata, status }: Pod, { view }: Round): number =>
  view.now - Date.parse(status.startTime ?? metadata.creationTimestamp);

const statusesOf = ({ status }: Pod, withInit: boolean): readonly ContainerStatus[] => [
  ...(status.containerStatuses ?? []),
  ...(withInit ? (status.initContainerStatuses ?? []) : []),
];

/** A phase, the pod's own reason, or why a container waits or has ended. */
const isInOneOf = (pod: Pod, states: readonly string[], withInit: boolean): boolean =>
  [pod.status.phase ?? '', pod.status.reason ?? '', ...reasonsOf(pod, withInit)].some((state) =>
    states.includes(state),
  );

const reasonsOf = (pod: Pod, withInit: boolean): readonly string[] => [
  ...(pod.status.reason ? [pod.status.reason] : []),
  ...statusesOf(pod, withInit).flatMap(({ state }) => state?.waiting?.reason ?? state?.terminated?.reason ?? []),
];

const codesOf = (pod: Pod, withInit: boolean): readonly number[] =>
  statusesOf(pod, withInit).flatMap(({ state }) => state?.terminated?.exitCode ?? []);
