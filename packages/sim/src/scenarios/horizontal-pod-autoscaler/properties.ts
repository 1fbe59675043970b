import { horizontalPodAutoscaler, replicaSet } from '@navarch/api';
import { defineProperty, type Property } from '../property.ts';
import type { View } from '../view.ts';

export const SET = 'default/web';

export const sizeOf = (view: View): number => view.get(replicaSet, SET)?.spec.replicas ?? 0;

/** From when it was first within them: what somebody made larger is larger until it is seen. */
export const withinBounds = (min: number, max: number): Property =>
  defineProperty({
    name: `between ${min} and ${max} pods`,
    of: [replicaSet],
    begin: () => (view) => {
      const size = view.get(replicaSet, SET)?.spec.replicas;
      return size !== undefined && view.get(horizontalPodAutoscaler, SET) && (size < min || size > max)
        ? `${size} are wanted`
        : undefined;
    },
  });

/** By how many it may grow, or shrink, in each stretch of time. */
export const atMost = (direction: 'up' | 'down', count: number, withinMs: number): Property =>
  defineProperty({
    name: `${direction} by at most ${count} in ${withinMs / 1000} s`,
    of: [replicaSet],
    begin() {
      const sizes: { readonly atMs: number; readonly size: number }[] = [];
      return (view) => {
        const size = sizeOf(view);
        sizes.push({ atMs: view.nowMs, size });
        const recent = sizes.filter(({ atMs }) => atMs > view.nowMs - withinMs);
        const moved = recent.map((before) => (direction === 'up' ? size - before.size : before.size - size));
        const most = Math.max(...moved);
        return most > count ? `by ${most}` : undefined;
      };
    },
  });
