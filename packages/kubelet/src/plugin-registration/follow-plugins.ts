import { type Clock, type Logger, TaskGroup } from '@navarch/base';
import type { Plugin, PluginKind } from './plugin-kind.ts';
import type { FoundSocket, PluginSockets } from './ports.ts';

export interface FollowPluginsDeps {
  readonly sockets: PluginSockets;
  /** Where plugins put their sockets. */
  readonly dir: string;
  readonly kinds: readonly PluginKind[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** As often as upstream compares what is there with what is known. */
const LOOK_MS = 1000;
/** A plugin that does not answer is asked again after the first, then twice as long each time, up to the second. */
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 122_000;
/** Sockets beyond are not looked at: somebody fills the folder. */
const SOCKETS_MAX = 1000;

/** A socket that was found, and what has become of it. */
interface Followed {
  readonly identity: string;
  /** Set once the plugin has been taken, until its socket goes. */
  taken?: { readonly kind: PluginKind; readonly plugin: Plugin };
  isBusy: boolean;
  failures: number;
  /** Monotonic milliseconds. */
  retryAt: number;
}

/**
 * Begins with plugins whose sockets appear in a folder, and ends with those whose sockets go, until the signal aborts.
 * A socket that was made anew is another plugin: the process behind it has restarted.
 */
export async function followPlugins(deps: FollowPluginsDeps, signal: AbortSignal): Promise<void> {
  await using group = new TaskGroup(signal);
  const { sockets, dir, clock, log } = deps;
  const followed = new Map<string, Followed>();
  while (!group.signal.aborted) {
    try {
      const found = new Map((await sockets.list(dir)).slice(0, SOCKETS_MAX).map((s) => [s.path, s]));
      for (const [path, { identity, taken }] of followed) {
        if (found.get(path)?.identity === identity) continue;
        followed.delete(path);
        if (!taken) continue;
        log.info('plugin gone', { plugin: taken.plugin.name, type: taken.kind.type });
        taken.kind.end(taken.plugin);
      }
      for (const socket of found.values()) look(socket, followed, deps, group);
    } catch (error) {
      if (!group.signal.aborted) log.warn('cannot look for plugins', { dir, error });
    }
    await clock.sleep(LOOK_MS, group.signal).catch(() => undefined);
  }
}

function look(socket: FoundSocket, followed: Map<string, Followed>, deps: FollowPluginsDeps, group: TaskGroup): void {
  const { path, identity } = socket;
  const { clock } = deps;
  const known = followed.get(path) ?? { identity, isBusy: false, failures: 0, retryAt: 0 };
  followed.set(path, known);
  if (known.isBusy || known.taken || clock.monotonic() < known.retryAt) return;
  known.isBusy = true;
  group.spawn(async (signal) => {
    try {
      await register(path, known, () => followed.get(path) === known, deps, signal);
    } catch (error) {
      if (signal.aborted) return;
      known.failures += 1;
      known.retryAt = clock.monotonic() + Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (known.failures - 1));
      deps.log.warn('cannot register a plugin', { socket: path, error });
    } finally {
      known.isBusy = false;
    }
  });
}

/** Asks a plugin who it is, takes it or not, and tells it so. Throws where another try may help. */
async function register(
  path: string,
  known: Followed,
  isThere: () => boolean,
  { sockets, kinds, log }: FollowPluginsDeps,
  signal: AbortSignal,
): Promise<void> {
  const info = await sockets.info(path, signal);
  const plugin: Plugin = { name: info.name, endpoint: info.endpoint || path, versions: info.supportedVersions };
  const tell = (error: string): Promise<void> =>
    sockets.notify(path, { pluginRegistered: error === '', error }, signal);
  const kind = kinds.find(({ type }) => type === info.type);
  const problem = kind
    ? problemOf(kind, plugin)
    : `no handler registered for plugin type: ${info.type} at socket ${path}`;
  if (!kind || problem !== undefined) {
    await tell(`RegisterPlugin error -- ${problem}`);
    throw new Error(problem);
  }
  if (!isThere()) return;
  // Before it is begun with: should its socket go meanwhile, it is ended with.
  known.taken = { kind, plugin };
  try {
    await kind.begin(plugin, signal);
  } catch (error) {
    if (signal.aborted) return;
    log.warn('a plugin cannot be used', { plugin: plugin.name, type: info.type, error });
    await tell(`RegisterPlugin error -- plugin registration failed with err: ${(error as Error).message}`);
    return;
  }
  log.info('plugin registered', { plugin: plugin.name, type: info.type, endpoint: plugin.endpoint });
  await tell('');
}

function problemOf(kind: PluginKind, plugin: Plugin): string | undefined {
  try {
    kind.check(plugin);
    return undefined;
  } catch (error) {
    return `plugin validation failed with err: ${(error as Error).message}`;
  }
}
