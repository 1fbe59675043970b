import { join } from 'node:path';
import type { Clock, Logger } from '@navarch/base';
import { UserError } from '../user-error.ts';
import { STORE_PATH, type StorePlace } from './etcd.ts';

/** As long as upstream's dials an etcd before it gives up. */
const DIAL_MS = 20_000;
const AGAIN_MS = 100;
const DEFAULT_PREFIX = '/registry';

interface Waiting {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Where the etcd keeps its data, which may not be up yet: both are often started together. Throws UserError, in upstream's words where nobody comes. */
export async function storePlace(etcd: string, { clock, log, signal }: Waiting): Promise<StorePlace> {
  const from = clock.monotonic();
  for (let isFirst = true; ; isFirst = false) {
    const asked = AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS)]);
    try {
      return placeIn(etcd, await (await fetch(new URL(STORE_PATH, etcd), { signal: asked })).text());
    } catch (error) {
      if (error instanceof UserError || signal.aborted) throw error;
      const { cause, message } = error as Error;
      const why = cause instanceof Error ? cause.message : message;
      if (clock.monotonic() - from >= DIAL_MS)
        throw new UserError(
          `error creating storage factory: etcdclient: failed to connect to the etcd server: context deadline exceeded (--etcd-servers ${etcd}: ${why})`,
        );
      if (isFirst) log.warn('etcd is not there yet', { etcd, why });
      await clock.sleep(AGAIN_MS, signal);
    }
  }
}

/** Servers with other prefixes have nothing in common. */
export function storeFolder({ folder }: StorePlace, prefix = DEFAULT_PREFIX): string {
  const own = prefix.replace(/^\/*(.*?)\/*$/s, '/$1');
  return join(folder, own === DEFAULT_PREFIX ? 'navarch' : `navarch${encodeURIComponent(own)}`);
}

function placeIn(etcd: string, text: string): StorePlace {
  const { folder, isSynced = true } = placeOf(text);
  if (!folder)
    throw new UserError(
      `--etcd-servers ${etcd} is not the etcd that \`navarch envtest\` wrote: this server keeps its data beside that one`,
    );
  return { folder, isSynced };
}

/** What another program says there is none. */
function placeOf(text: string): Partial<StorePlace> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<StorePlace>;
  } catch {
    return {};
  }
}
