import { type Pod, pod as podKind } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import type { Cache } from '@navarch/client';
import { bind, type OutcomeDeps, recordScheduled } from '../outcome.ts';
import type { Extender } from './extender.ts';
import { ExtenderError } from './extender-error.ts';
import { orIgnored } from './place-extended.ts';

/** How long a binding that an extender tells of may take until it is seen. */
const SEEN_MS_MAX = 30_000;

export interface BindDeps extends OutcomeDeps {
  readonly cache: Cache;
}

/** Lets the extender bind the pod, and sees that it did. One that fails and may be ignored is done without. Rejects with ExtenderError. */
export async function bindExtended(
  { pod, nodeName, extender }: { readonly pod: Pod; readonly nodeName: string; readonly extender: Extender },
  deps: BindDeps,
  signal: AbortSignal,
): Promise<void> {
  const isBound = await orIgnored(
    extender.bind(pod, nodeName, signal).then(() => true),
    extender,
    deps.log,
  );
  if (!isBound) return bind(pod, nodeName, deps);
  await whenSeen(pod, nodeName, extender, deps, signal);
  recordScheduled(pod, nodeName, deps);
}

async function whenSeen(
  pod: Pod,
  nodeName: string,
  { url }: Extender,
  { cache, clock }: BindDeps,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const done = new AbortController();
  const late = clock.sleep(SEEN_MS_MAX, AbortSignal.any([signal, done.signal])).then(
    () =>
      over.abort(
        new ExtenderError(
          `extender ${JSON.stringify(url)} claims to have bound the pod to ${nodeName}, but it has no node`,
        ),
      ),
    () => undefined,
  );
  const isSettled = (): boolean => {
    const current = cache.get(podKind, keyOf(pod));
    return current === undefined || current.metadata.uid !== pod.metadata.uid || Boolean(current.spec.nodeName);
  };
  try {
    await cache.when(podKind, isSettled, AbortSignal.any([signal, over.signal]));
  } finally {
    done.abort(new Error('Seen'));
    await late;
  }
}
