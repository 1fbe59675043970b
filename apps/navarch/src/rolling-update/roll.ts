import { isReady, pod, replicationController, type ReplicationController } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { Api } from '@navarch/client';
import { type Draft, formatSelector, hasReason, type Key, keyOf, selectorFromMap } from '@navarch/machinery';
import { UserError } from '../user-error.ts';

// What `kubectl rolling-update` did until release 1.18: all of it by the client, remembered in annotations alone.

const PREFIX = 'kubectl.kubernetes.io/';
/** On the new one, whom it takes the place of: NAME:UID. */
const SOURCE = `${PREFIX}update-source-id`;
/** On the new one, how many it is to have in the end. */
const DESIRED = `${PREFIX}desired-replicas`;
/** On the old one, how many it had at first. */
const ORIGINAL = `${PREFIX}original-replicas`;

/** One more pod than wanted may be there, none fewer: the old tool's. */
const SURGE = 1;

export interface RollDeps {
  readonly api: Api;
  readonly clock: Clock;
  say(line: string): void;
}

interface Pace {
  /** Between two steps, ms. */
  readonly periodMs: number;
  /** Between two looks, ms. */
  readonly pollMs: number;
  /** How long nothing may move before it is given up, ms. */
  readonly timeoutMs: number;
}

export interface Roll {
  readonly old: ReplicationController;
  readonly next: Draft<ReplicationController>;
  readonly pace: Pace;
  /** In the end the new one takes the old one's name. */
  readonly keepsName: boolean;
}

/** Moves pod by pod from one controller to another. May be interrupted: the same again goes on where it was. */
export async function roll({ old, next, pace, keepsName }: Roll, deps: RollDeps, signal: AbortSignal): Promise<void> {
  const { api, say } = deps;
  const controllers = api.of(replicationController);
  const fresh = await begin(old, next, deps);
  const before = await annotated(api, keyOf(old), {
    [ORIGINAL]: String(numberIn(old, ORIGINAL) ?? numberIn(old, DESIRED) ?? old.spec.replicas),
  });
  const [desired, original] = [numberIn(fresh, DESIRED) ?? 0, numberIn(before, ORIGINAL) ?? 0];
  say(
    `Scaling up ${fresh.metadata.name} from ${fresh.spec.replicas} to ${desired}, scaling down ${before.metadata.name} from ${before.spec.replicas} to 0 (keep ${original} pods available, don't exceed ${desired + SURGE} pods)`,
  );
  await move({ oldKey: keyOf(before), newKey: keyOf(fresh), desired, original }, pace, deps, signal);
  await controllers.update(keyOf(fresh), (rc) => {
    const annotations = Object.entries(rc.metadata.annotations ?? {}).filter(
      ([name]) => ![SOURCE, DESIRED, ORIGINAL].includes(name),
    );
    return { ...rc, metadata: { ...rc.metadata, annotations: Object.fromEntries(annotations) } };
  });
  say(`Update succeeded. Deleting ${before.metadata.name}`);
  await controllers.delete(keyOf(before));
  if (!keepsName) return;
  say(`Renaming ${fresh.metadata.name} to ${before.metadata.name}`);
  await rename(keyOf(fresh), keyOf(before), pace, deps, signal);
}

/** Makes the new one, with no pods yet, or finds the one of an interrupted update. */
async function begin(
  old: ReplicationController,
  next: Draft<ReplicationController>,
  { api, say }: RollDeps,
): Promise<ReplicationController> {
  const source = `${old.metadata.name}:${old.metadata.uid}`;
  const found = await present(api, keyOf(next as ReplicationController));
  if (found?.metadata.annotations?.[SOURCE] === source) {
    say(`Continuing update with existing controller ${found.metadata.name}.`);
    return found;
  }
  const desired = found ? numberIn(found, ORIGINAL) : (next.spec?.replicas ?? old.spec.replicas ?? 1);
  if (desired === undefined)
    throw new UserError(`${found?.metadata.name} exists already, and is no part of an update of ${old.metadata.name}`);
  const marks = { [SOURCE]: source, [DESIRED]: String(desired) };
  // Back to one that was left half-way.
  if (found) return annotated(api, keyOf(found), marks);
  const { namespace, name, labels, annotations } = next.metadata ?? {};
  const made = await api.of(replicationController).create({
    metadata: { namespace, name, ...(labels ? { labels } : {}), annotations: { ...annotations, ...marks } },
    spec: { ...next.spec, replicas: 0 },
  } as Draft<ReplicationController>);
  say(`Created ${made.metadata.name}`);
  return made;
}

async function present(api: Api, key: Key): Promise<ReplicationController | undefined> {
  try {
    return await api.of(replicationController).get(key);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

interface Move {
  readonly oldKey: Key;
  readonly newKey: Key;
  readonly desired: number;
  readonly original: number;
}

async function move(
  { oldKey, newKey, desired, original }: Move,
  { periodMs, pollMs, timeoutMs }: Pace,
  { api, clock, say }: RollDeps,
  signal: AbortSignal,
): Promise<void> {
  const controllers = api.of(replicationController);
  const available = Math.min(original, desired);
  let movedAt = clock.monotonic();
  for (;;) {
    signal.throwIfAborted();
    const [old, fresh] = [await controllers.get(oldKey), await controllers.get(newKey)];
    const [has, gets] = [old.spec.replicas ?? 0, fresh.spec.replicas ?? 0];
    if (has === 0 && gets === desired && (await readyOf(api, fresh)) >= desired) return;
    const room = Math.max(desired, original) + SURGE - has - gets;
    const up = has === 0 ? desired : Math.min(desired, gets + Math.max(0, room));
    const spare = (await readyOf(api, old)) + (await readyOf(api, fresh)) - available;
    // One that is not ready serves nobody: it is no loss.
    const idle = has - Math.min(has, await readyOf(api, old));
    const down = Math.max(0, has - Math.max(idle, Math.min(has, Math.max(0, spare))));
    if (up > gets) await scale(newKey, up);
    else if (down < has) await scale(oldKey, down);
    else {
      if (clock.monotonic() - movedAt >= timeoutMs)
        throw new UserError(
          `timed out waiting for any update progress to be made: pods of ${fresh.metadata.name} do not become ready; run this again to go on, or with --rollback to go back`,
        );
      await clock.sleep(pollMs, signal);
      continue;
    }
    movedAt = clock.monotonic();
    await clock.sleep(periodMs, signal);
  }

  async function scale(key: Key, replicas: number): Promise<void> {
    const before = await controllers.get(key);
    const direction = replicas > (before.spec.replicas ?? 0) ? 'up' : 'down';
    say(`Scaling ${before.metadata.name} ${direction} to ${replicas}`);
    await controllers.update(key, (rc) => ({ ...rc, spec: { ...rc.spec, replicas } }));
  }
}

async function readyOf(api: Api, { metadata, spec }: ReplicationController): Promise<number> {
  const { items } = await api.of(pod).list({
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    labelSelector: formatSelector(selectorFromMap(spec.selector ?? {})),
  });
  return items.filter((one) => one.metadata.deletionTimestamp === undefined && isReady(one)).length;
}

/** A name cannot be changed: the pods are left alone for a moment, and taken over by another of the wanted name. */
async function rename(
  from: Key,
  to: Key,
  { pollMs }: Pace,
  { api, clock }: RollDeps,
  signal: AbortSignal,
): Promise<void> {
  const controllers = api.of(replicationController);
  const gone = async (key: Key): Promise<void> => {
    while (await present(api, key)) await clock.sleep(pollMs, signal);
  };
  const { metadata, spec } = await controllers.get(from);
  await gone(to);
  await controllers.delete(from, { propagationPolicy: 'Orphan' });
  await gone(from);
  const { namespace, labels, annotations } = metadata;
  await controllers.create({
    metadata: {
      namespace,
      name: to.split('/').at(-1) ?? to,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    },
    spec,
  } as Draft<ReplicationController>);
}

const annotated = (api: Api, key: Key, annotations: Readonly<Record<string, string>>): Promise<ReplicationController> =>
  api.of(replicationController).update(key, (rc) => ({
    ...rc,
    metadata: { ...rc.metadata, annotations: { ...rc.metadata.annotations, ...annotations } },
  }));

function numberIn({ metadata }: ReplicationController, name: string): number | undefined {
  const text = metadata.annotations?.[name];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
