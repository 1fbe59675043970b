import { apiService, type APIService, virtualKinds } from '@navarch/api';
import { settleAll } from '@navarch/base';
import { equalJson, hasReason, type Kind } from '@navarch/machinery';
import { systemUser } from '../auth/user.ts';
import { priorityOf } from '../documents/priorities.ts';
import type { Registry } from '../registry/registry.ts';

/** Says whether the server made an APIService: once when it started, or for as long as a custom resource is served. */
const LABEL = 'kube-aggregator.kubernetes.io/automanaged';
const ON_START = 'onstart';
const ALWAYS = 'true';

/**
 * Keeps an APIService for every group and version that this server serves itself, so that `kubectl get apiservices` shows
 * all of the API. Those that people made or changed into services of their own stay as they are.
 */
export async function keepLocalServices(registry: Registry, signal: AbortSignal): Promise<void> {
  for (let isStart = true; ; isStart = false) {
    const { kinds } = registry;
    await reconcile(registry, wantedOf(servedKindsOf(registry)), isStart);
    await registry.kindsChanged(kinds, signal);
  }
}

/** Names of the built-in ones that have not been there yet: once they were, they are no longer looked for. */
export function pendingLocalServices(registry: Registry): () => readonly string[] {
  const pending = new Set(wantedOf(servedKindsOf(registry)).keys());
  return () => {
    const services = pending.size > 0 ? registry.of(apiService) : undefined;
    for (const name of pending) if (services?.find('', name)) pending.delete(name);
    return [...pending].sort();
  };
}

/** With those that are not stored. */
function servedKindsOf({ kinds, deps: { isServed = () => true } }: Registry): readonly Kind<any>[] {
  return [...kinds, ...virtualKinds.filter((kind) => isServed(kind))];
}

interface WantedService {
  readonly managed: typeof ON_START | typeof ALWAYS;
  readonly spec: APIService['spec'];
}
type Wanted = ReadonlyMap<string, WantedService>;

function wantedOf(kinds: readonly Kind<any>[]): Wanted {
  const wanted = new Map<string, WantedService>();
  for (const { group, version, origin } of kinds) {
    const name = `${version}.${group}`;
    // What serves APIServices has none itself.
    if (group === apiService.group) continue;
    const isCustom = origin === 'custom';
    const priority = priorityOf({ group, version, isCustom });
    wanted.set(name, {
      managed: isCustom ? ALWAYS : ON_START,
      spec: {
        ...(group ? { group } : {}),
        version,
        groupPriorityMinimum: priority.group,
        versionPriority: priority.version,
      },
    });
  }
  return wanted;
}

async function reconcile(registry: Registry, wanted: Wanted, isStart: boolean): Promise<void> {
  const services = registry.of(apiService);
  const call = { user: systemUser, isDryRun: false } as const;
  const ensure = async ([name, { managed, spec }]: readonly [string, WantedService]): Promise<void> => {
    const found = services.find('', name);
    if (!found && (isStart || managed === ALWAYS))
      await services.create('', { metadata: { name, labels: { [LABEL]: managed } }, spec }, call);
    else if (found?.metadata.labels?.[LABEL] && !equalJson(found.spec, spec) && isStart)
      await services.update('', name, (current) => ({ ...current, spec }), call);
  };
  const { cache } = services.shelf;
  const old = Array.from(cache.range(cache.prefix), ({ object }) => object as APIService)
    // Of a version that the server before this one served, and this one does not.
    .filter(
      ({ metadata: { name, labels } }) =>
        !wanted.has(name) && (labels?.[LABEL] === ALWAYS || (isStart && labels?.[LABEL] === ON_START)),
    );
  const remove = ({ metadata: { name } }: APIService): Promise<unknown> => services.delete('', name, {}, call);
  // It is for people to look at: what could not be written must not keep the server from its other work.
  const tolerant = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      // Somebody was faster: what is there by now, or gone, is as it should be.
      if (!hasReason(error, 'AlreadyExists') && !hasReason(error, 'NotFound'))
        registry.deps.log.warn('an APIService of the server itself could not be kept', { error });
    }
  };
  await settleAll([...Array.from(wanted, (one) => tolerant(ensure(one))), ...old.map((one) => tolerant(remove(one)))]);
}
