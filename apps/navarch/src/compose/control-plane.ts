import { event, lease } from '@navarch/api';
import { type Clock, type Logger, type Metrics, type Random, TaskGroup } from '@navarch/base';
import { type Api, Cache, EventRecorder, type KindApi, leadAgain, type LeaseObject } from '@navarch/client';
import {
  builtinControllers,
  type Controller,
  type DeschedulerOptions,
  type JoiningOptions,
  kindControllers,
  type KindSource,
  type LoadBalancers,
  type ReadPath,
  runControllers,
  runKindControllers,
  selectControllers,
  type Selection,
  selectionErrors,
} from '@navarch/controllers';
import { Extender, runScheduler, type SchedulerConfig } from '@navarch/scheduler';
import type { Scheduling } from './scheduling.ts';
import { parseDuration } from '@navarch/machinery';
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
  readonly serviceCidr: string;
  readonly joining: JoiningOptions;
  /** Absent: services of type LoadBalancer wait for somebody else. */
  readonly loadBalancers?: LoadBalancers | undefined;
  /** Absent: nothing is evicted so that it is placed anew. */
  readonly descheduler?: Omit<DeschedulerOptions, 'metrics'> | undefined;
  /** How pods are placed. */
  readonly scheduling: Scheduling;
  /** The server has groups of pods: they are placed together. */
  readonly hasGroups?: boolean;
  readonly hasJobGroups?: boolean;
  /** Which controllers run. */
  readonly controllers: Selection;
  /** What the API server serves. */
  readonly kinds: KindSource;
  /** Who this server is among several on one store: controllers and scheduler run where they lead. Absent: here. */
  readonly candidate?: string | undefined;
  /** What the API server does by itself. */
  housekeep(signal: AbortSignal): Promise<void>;
}

/** Controllers and scheduler beside the API server in one process, each under its own identity. Throws UserError for a selection of what is not there. */
export async function runControlPlane(deps: ControlPlaneDeps, signal: AbortSignal): Promise<void> {
  // A wrong flag is told at once, not when this server comes to lead.
  controllersOf(deps);
  await using group = new TaskGroup(signal);
  group.spawn((s) => deps.housekeep(s));
  group.spawn((s) => whereLeading({ component: MANAGER, deps, work: (until) => runManager(deps, until) }, s));
  group.spawn((s) =>
    whereLeading(
      {
        component: SCHEDULER,
        deps,
        election: deps.scheduling.config.leaderElection,
        work: (until) => runScheduling(deps, until),
      },
      s,
    ),
  );
  await group.join();
}

interface Component {
  /** Its lease in kube-system, and its user without the prefix. */
  readonly name: string;
  readonly eventSource: string;
}

const MANAGER: Component = { name: 'kube-controller-manager', eventSource: 'kube-controller-manager' };
const SCHEDULER: Component = { name: 'kube-scheduler', eventSource: 'default-scheduler' };

/** As a component's configuration says it; nothing: in kube-system, by the component's own name. */
type Election = SchedulerConfig['leaderElection'];

const userOf = ({ name }: Component): { name: string; groups: readonly string[] } => ({
  name: `system:${name}`,
  groups: ['system:authenticated'],
});

interface Led {
  readonly component: Component;
  readonly deps: ControlPlaneDeps;
  readonly election?: Election;
  readonly work: (signal: AbortSignal) => Promise<void>;
}

/** Where there is no other server there is nothing to wait for. */
async function whereLeading({ component, deps, election, work }: Led, signal: AbortSignal): Promise<void> {
  const { as, candidate, clock, random, log, metrics } = deps;
  if (candidate === undefined || election?.leaderElect === false) return work(signal);
  const api = as(userOf(component));
  const own = { clock, random: random.fork(`election ${component.name}`), log };
  const events = new EventRecorder({ ...own, events: api.of(event) }, component.eventSource);
  await using group = new TaskGroup(signal);
  group.spawn((s) => events.run(s));
  await leadAgain(
    { ...own, leases: api.of(lease) as KindApi<LeaseObject>, metrics, events },
    { namespace: 'kube-system', name: component.name, ...(election ? leaseOf(election) : {}), identity: candidate },
    work,
    group.signal,
  );
}

const leaseOf = (election: Election) => ({
  namespace: election.resourceNamespace,
  name: election.resourceName,
  leaseMs: parseDuration(election.leaseDuration) ?? 0,
  renewMs: parseDuration(election.renewDeadline) ?? 0,
  retryMs: parseDuration(election.retryPeriod) ?? 0,
});

/** Made anew whenever this server comes to lead: what some remember is of an earlier time. */
function controllersOf({
  rootCertificate,
  clusterCidr,
  serviceCidr,
  joining,
  loadBalancers,
  descheduler,
  metrics,
  hasGroups = false,
  hasJobGroups = false,
  controllers: selection,
}: ControlPlaneDeps): readonly Controller[] {
  const all = builtinControllers({
    rootCertificate,
    nodeIpam: { clusterCidr, serviceCidr },
    joining,
    loadBalancers,
    descheduler: descheduler && { ...descheduler, metrics },
    hasNodeDns: true,
    hasGroups,
    hasJobGroups,
  });
  const [wrong] = selectionErrors([...all, ...kindControllers([])], selection);
  if (wrong !== undefined) throw new UserError(`--controllers: ${wrong}`);
  return selectControllers(all, selection);
}

async function runManager(deps: ControlPlaneDeps, signal: AbortSignal): Promise<void> {
  const { as, reader, clock, random, log, metrics, kinds, controllers: selection } = deps;
  const self = userOf(MANAGER);
  const api = as(self);
  const cache = new Cache({ api, clock, random: random.fork('controllers'), log });
  await using group = new TaskGroup(signal);
  group.spawn((s) => cache.run(s));
  const runner = { api, events: api.of(event), clock, random, log, metrics };
  group.spawn((s) => runControllers(controllersOf(deps), { ...runner, cache }, s));
  group.spawn((s) =>
    runKindControllers(kinds, { ...runner, random: random.fork('kinds'), readPath: reader(self), selection }, s),
  );
  await group.join();
}

async function runScheduling(
  { as, clock, random, log, metrics, scheduling, hasGroups = false }: ControlPlaneDeps,
  signal: AbortSignal,
): Promise<void> {
  const { profiles, backOff } = scheduling.config;
  const extenders = scheduling.config.extenders.map((file) => new Extender(file, scheduling.transport, clock));
  const api = as(userOf(SCHEDULER));
  const cache = new Cache({ api, clock, random: random.fork('scheduler'), log });
  const recorder = new EventRecorder({ events: api.of(event), clock, random, log }, 'default-scheduler');
  await using group = new TaskGroup(signal);
  group.spawn((s) => cache.run(s));
  group.spawn((s) => recorder.run(s));
  group.spawn((s) =>
    runScheduler(
      {
        api,
        cache,
        clock,
        random: random.fork('ties'),
        log,
        metrics,
        recorder,
        profiles,
        backOff,
        extenders,
        hasGroups,
      },
      s,
    ),
  );
  await group.join();
}
