import { csiDriver, type Node, node, persistentVolumeClaim, secret, volumeAttachment } from '@navarch/api';
import { type Clock, type Logger, type Notifier, TaskGroup } from '@navarch/base';
import type { Api, Cache, Recorder } from '@navarch/client';
import { hasReason, keyIn } from '@navarch/machinery';
import type { NodeDirs } from '../container-config.ts';
import type { Files } from '../ports.ts';
import type { AccountTokens } from '../volumes/account-tokens.ts';
import { Allowances } from './allowances.ts';
import type { ClaimStatus, CsiCluster } from './cluster.ts';
import { CsiVolumes } from './csi-volumes.ts';
import { Drivers } from './drivers.ts';
import { InUse } from './in-use.ts';
import { ensureCsiNode, publishDriver, withdrawDriver } from './node-object.ts';
import type { CsiSockets } from './port.ts';
import { Turns } from './turns.ts';

export interface StartCsiDeps {
  readonly api: Api;
  readonly cache: Cache;
  readonly recorder: Recorder;
  readonly tokens: AccountTokens;
  readonly files: Files;
  readonly dirs: NodeDirs;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly csiSockets: CsiSockets;
  /** Told when the node's status is to be said anew. */
  readonly moved: Notifier;
}

export interface Csi {
  /** A kind of plugin. */
  readonly drivers: Drivers;
  readonly volumes: CsiVolumes;
  /** As the node's status names what is mounted. */
  inUse(): readonly string[];
}

const RETRY_MS = 1000;

/** Volumes of CSI drivers: those who drive them, what the node has of them, what the cluster knows of both. */
export async function startCsi(deps: StartCsiDeps, group: TaskGroup): Promise<Csi> {
  const { csiSockets: sockets, files, dirs, moved, log } = deps;
  const inUse = new InUse(() => moved.notify());
  await inUse.load(files, dirs);
  const turns = new Turns();
  const drivers = new Drivers({
    ...deps,
    sockets,
    publish: (name, info) => turns.take(name, () => publishDriver(name, info, deps)),
    withdraw(name) {
      group.spawn((signal) =>
        turns.take(name, () => insistently(deps, signal, async () => drivers.has(name) || withdrawDriver(name, deps))),
      );
    },
  });
  group.spawn((signal) => insistently(deps, signal, () => ensureCsiNode(deps)));
  log.debug('volumes in use', { names: inUse.names });
  const cluster = clusterOf(deps);
  const volumes = new CsiVolumes({ ...deps, drivers, cluster, signal: group.signal }, inUse);
  const allowances = new Allowances({ ...deps, drivers, cluster });
  group.spawn((signal) => allowances.run(signal));
  return { drivers, volumes, inUse: () => inUse.names };
}

/** The API may be away, or not know the node yet. */
async function insistently(
  { clock, log }: StartCsiDeps,
  signal: AbortSignal,
  work: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
      return;
    } catch (error) {
      if (!hasReason(error, 'NotFound')) log.warn('cannot say what drivers the node has', { error });
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

function clusterOf({ api, cache, recorder, tokens, nodeName }: StartCsiDeps): CsiCluster {
  return {
    driverObject: (name) => orAbsent(api.of(csiDriver).get(name)),
    attachment: (name) => orAbsent(api.of(volumeAttachment).get(name)),
    secret: (namespace, name) => orAbsent(api.of(secret).get(keyIn(namespace, name))),
    token: (pod, audience, seconds) => tokens.issued(pod, audience, seconds),
    node: (): Node | undefined => cache.get(node, nodeName),
    async updateClaim(key, change) {
      try {
        await api
          .of(persistentVolumeClaim)
          .update(key, (claim) => ({ ...claim, status: change(claim.status as ClaimStatus) as typeof claim.status }), {
            subresource: 'status',
          });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    },
    event(pod, type, reason, message) {
      recorder.record(pod, { type, reason, message });
    },
  };
}

async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
