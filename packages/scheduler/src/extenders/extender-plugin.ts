import { definePlugin, type Profile, type SchedulerPlugin } from '../plugin.ts';

/** The name by which a pod that extenders turned away is parked. */
export const EXTENDER = 'Extender';

/** Nobody knows what an extender goes by: whatever happens may help. */
export const extenderPlugin = ({ plugins }: Profile): SchedulerPlugin =>
  definePlugin({
    name: EXTENDER,
    scope: 'cluster',
    wakesOn: [
      ...new Set([
        ...(['node-added', 'node-changed', 'pod-placed', 'pod-changed', 'pod-removed', 'storage-changed'] as const),
        ...plugins.flatMap(({ plugin }) => plugin.wakesOn),
      ]),
    ],
  });
