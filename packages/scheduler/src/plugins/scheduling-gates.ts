import { definePlugin } from '../plugin.ts';

/** Lets nobody try a pod that someone still holds back (KEP-3521). The pod's condition says so from its creation on. */
export const schedulingGates = definePlugin({
  name: 'SchedulingGates',
  scope: 'node',
  wakesOn: [],
  gate: ({ spec }) =>
    spec.schedulingGates?.length
      ? `waiting for scheduling gates: [${spec.schedulingGates.map(({ name }) => name).join(' ')}]`
      : undefined,
});
