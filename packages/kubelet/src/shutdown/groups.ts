import type { Pod } from '@navarch/api';
import { type Integer, parseDuration } from '@navarch/machinery';
import { SYSTEM_CRITICAL } from '../eviction/critical.ts';
import { priorityOf } from '../eviction/rank.ts';

/** Pods of this priority and more, up to the next group's, have so long to end when the machine goes down (KEP-2712). */
export interface ShutdownGroup {
  readonly priority: number;
  readonly graceSeconds: number;
}

/** As KubeletConfiguration has them. */
export interface ShutdownTexts {
  readonly shutdownGracePeriod?: string;
  readonly shutdownGracePeriodCriticalPods?: string;
  readonly shutdownGracePeriodByPodPriority?: readonly {
    readonly priority: number;
    readonly shutdownGracePeriodSeconds: Integer;
  }[];
}

/** A setting that says nothing that can be done. */
export class ShutdownSettingError extends Error {
  override readonly name = 'ShutdownSettingError';
}

/** The least important first; none where pods are given no time. Throws ShutdownSettingError. */
export function shutdownGroups(texts: ShutdownTexts): readonly ShutdownGroup[] {
  const { shutdownGracePeriodByPodPriority: byPriority } = texts;
  const [all, critical] = [
    secondsOf('shutdownGracePeriod', texts.shutdownGracePeriod),
    secondsOf('shutdownGracePeriodCriticalPods', texts.shutdownGracePeriodCriticalPods),
  ];
  if (critical > all)
    throw new ShutdownSettingError(
      'shutdownGracePeriod must be greater than or equal to shutdownGracePeriodCriticalPods',
    );
  if (!byPriority?.length)
    return all === 0
      ? []
      : [
          { priority: 0, graceSeconds: all - critical },
          { priority: SYSTEM_CRITICAL, graceSeconds: critical },
        ];
  if (all > 0)
    throw new ShutdownSettingError('shutdownGracePeriodByPodPriority cannot be used with shutdownGracePeriod');
  return byPriority
    .map(({ priority, shutdownGracePeriodSeconds }) => ({ priority, graceSeconds: Number(shutdownGracePeriodSeconds) }))
    .toSorted((a, b) => a.priority - b.priority);
}

/** How long the machine has to wait for its pods, seconds. */
export const shutdownSeconds = (groups: readonly ShutdownGroup[]): number =>
  groups.reduce((sum, { graceSeconds }) => sum + graceSeconds, 0);

/** Every group with its pods: each pod is in the highest that its priority reaches, in the lowest where it reaches none. */
export function grouped<P extends { readonly pod: Pod }>(
  groups: readonly ShutdownGroup[],
  pods: readonly P[],
): readonly { readonly group: ShutdownGroup; readonly pods: readonly P[] }[] {
  const indexOf = ({ pod }: P): number =>
    Math.max(
      0,
      groups.findLastIndex(({ priority }) => priority <= priorityOf(pod)),
    );
  return groups.map((group, i) => ({ group, pods: pods.filter((p) => indexOf(p) === i) }));
}

function secondsOf(name: string, text: string | undefined): number {
  if (text === undefined) return 0;
  const ms = parseDuration(text);
  if (ms === undefined || ms < 0 || (ms > 0 && ms < 1000))
    throw new ShutdownSettingError(`${name} must be either zero or at least one second: ${JSON.stringify(text)}`);
  return Math.floor(ms / 1000);
}
