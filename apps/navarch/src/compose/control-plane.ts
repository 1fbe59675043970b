import { event } from '@navarch/api';
import { type Clock, type Logger, type Metrics, type Random, TaskGroup } from '@navarch/base';
import { type Api, Cache, EventRecorder } from '@navarch/client';
import {
  builtinControllers,
  type JoiningOptions,
  kindControllers,
  type KindSource,
  type ReadPath,
  runControllers,
  runKindControllers,
  selectControllers,
  type Selection,
  selectionErrors,
} from '@navarch/controllers';
import { defaultProfile, runScheduler } from '@navarch/scheduler';
import { UserError } from '../user-error.ts';

export interface ControlPlaneDeps {
  /** The client port under the identity of a component, system:kube-scheduler and the like. */
  as(user: { readonly name: string; readonly groups: readonly string[] }): Api;
  /** Reads what extension API servers serve, under the identity of a component. */
  reader(user: { readonly name: string; readonly groups: readonly string[] }): ReadPath;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** PEM of the authority that pods trust. */
  readonly rootCertificate: string;
  readonly clusterCidr: string;
  readonly joining: JoiningOptions;
  /** Which controllers run. */
  readonly controllers: Selection;
  /** What the API server serves. */
  readonly kinds: KindSource;
  /** What the API server does by itself. */
  housekeep(signal: AbortSignal): Promise<void>;
}

const identity = (name: string): { name: string; groups: readonly string[] } => ({
  name,
  groups: ['system:authenticated'],
});

/** Controllers and scheduler beside the API server in one process, each under its own identity. Throws UserError for a selection of what is not there. */
export async function runControlPlane(deps: ControlPlaneDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  group.spawn((s) => deps.housekeep(s));
  group.spawn((s) => runManager(deps, s));
  group.spawn((s) => runScheduling(deps, s));
  await group.join();
}

async function runManager(deps: ControlPlaneDeps, signal: AbortSignal): Promise<void> {
  const {
    as,
    reader,
    clock,
    random,
    log,
    metrics,
    rootCertificate,
    clusterCidr,
    joining,
    kinds,
    controllers: selection,
  } = deps;
  const self = identity('system:kube-controller-manager');
  const api = as(self);
  const cache = new Cache({ api, clock, random: random.fork('controllers'), log });
  await using group = new TaskGroup(signal);
  group.spawn((s) => cache.run(s));
  const controllers = builtinControllers({ rootCertificate, nodeIpam: { clusterCidr }, joining, hasNodeDns: true });
  const [wrong] = selectionErrors([...controllers, ...kindControllers([])], selection);
  if (wrong !== undefined) throw new UserError(`--controllers: ${wrong}`);
  const runner = { api, events: api.of(event), clock, random, log, metrics };
  group.spawn((s) => runControllers(selectControllers(controllers, selection), { ...runner, cache }, s));
  group.spawn((s) =>
    runKindControllers(kinds, { ...runner, random: random.fork('kinds'), readPath: reader(self), selection }, s),
  );
  await group.join();
}

async function runScheduling(
  { as, clock, random, log, metrics }: ControlPlaneDeps,
  signal: AbortSignal,
): Promise<void> {
  const api = as(identity('system:kube-scheduler'));
  const cache = new Cache({ api, clock, random: random.fork('scheduler'), log });
  const recorder = new EventRecorder({ events: api.of(event), clock, random, log }, 'default-scheduler');
  await using group = new TaskGroup(signal);
  group.spawn((s) => cache.run(s));
  group.spawn((s) => recorder.run(s));
  group.spawn((s) =>
    runScheduler(
      { api, cache, clock, random: random.fork('ties'), log, metrics, recorder, profiles: [defaultProfile] },
      s,
    ),
  );
  await group.join();
}
