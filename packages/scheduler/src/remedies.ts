import type { Pod } from '@navarch/api';
import type { Logger } from '@navarch/base';
import type { Api } from '@navarch/client';
import { keyOf } from '@navarch/machinery';
import type { Unfit } from './unfit.ts';
import type { Profile, Remedy } from './plugin.ts';
import type { Snapshot } from './snapshot/snapshot.ts';

/** What plugins do about it that turned nodes away. */
export function remediesFor(
  pod: Pod,
  { plugins }: Profile,
  { rejectedBy, refusal }: Unfit,
  snapshot: Snapshot,
): readonly Remedy[] {
  // Where the pod was refused as such there is nothing to be done.
  if (refusal !== undefined) return [];
  return plugins
    .map(({ plugin }) => (rejectedBy.has(plugin.name) ? plugin.remedy?.(pod, snapshot) : undefined))
    .filter((remedy) => remedy !== undefined);
}

export async function tryRemedy(
  remedy: Remedy,
  pod: Pod,
  { api, log }: { readonly api: Api; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  try {
    await remedy.write(api);
  } catch (error) {
    if (!signal.aborted) log.warn('cannot make way for a pod', { pod: keyOf(pod), error });
  }
}

/** What a pod is told of all that was tried for it. */
export const messagesOf = (all: readonly { readonly message: string }[]): string =>
  all
    .map(({ message }) => message)
    .filter(Boolean)
    .join(', ');
