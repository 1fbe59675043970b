import type { Registry } from '../registry/registry.ts';
import { START_HOOKS, type StartHook, type StartHooks } from './start-hooks.ts';
import type { StoreCheck } from './store-check.ts';

/** One thing that is looked at when somebody asks how the server is. */
export interface HealthCheck {
  readonly name: string;
  /** It says whether the server may be sent requests, not whether it lives. */
  readonly isOfReadiness?: boolean;
  /** What is wrong, now; undefined: nothing. */
  problem(): string | undefined | Promise<string | undefined>;
}

export interface HealthDeps {
  readonly registry: Registry;
  readonly store: StoreCheck;
  readonly hooks: StartHooks;
  /** Those of them that this server has nothing for. */
  readonly without: readonly StartHook[];
  /** Aborts when the server ends. */
  readonly signal: AbortSignal;
  /** Names of the APIServices of the server itself that are not there yet. */
  missingServices(): readonly string[];
}

const fine = (): undefined => undefined;

/** Everything that is looked at, under upstream's names and in its order. */
export function healthChecks(deps: HealthDeps): readonly HealthCheck[] {
  const { registry, store, hooks, without, signal, missingServices } = deps;
  const own = START_HOOKS.filter((hook) => !without.includes(hook)).map((hook): HealthCheck => ({
    name: `poststarthook/${hook}`,
    problem: () => (hooks.isThrough(hook) ? undefined : 'not finished'),
  }));
  // The server's own API is complete before what is built on all of it begins.
  const last = own.findIndex(({ name }) => name === 'poststarthook/apiservice-openapi-controller');
  return [
    // To have an answer is all that it is about.
    { name: 'ping', problem: fine },
    // A line of the log is written before the next request is looked at: it cannot be that one hangs.
    { name: 'log', problem: fine },
    { name: 'etcd', problem: () => store.problem() },
    { name: 'etcd-readiness', isOfReadiness: true, problem: () => store.problem() },
    {
      name: 'informer-sync',
      isOfReadiness: true,
      problem: () => listed(registry.unsynced(), (count, names) => `${count} informers not started yet: ${names}`),
    },
    ...own.slice(0, last),
    {
      name: 'autoregister-completion',
      problem: () => listed(missingServices(), (_, names) => `missing APIService: ${names}`),
    },
    ...own.slice(last),
    { name: 'shutdown', isOfReadiness: true, problem: () => (signal.aborted ? 'process is shutting down' : undefined) },
  ];
}

/** As Go prints lists. */
const listed = (names: readonly string[], text: (count: number, names: string) => string): string | undefined =>
  names.length === 0 ? undefined : text(names.length, `[${names.join(' ')}]`);
