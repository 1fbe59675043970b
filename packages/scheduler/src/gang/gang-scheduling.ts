import { definePlugin, type Profile, type SchedulerPlugin, topics } from '../plugin.ts';
import { groupKeyOf, groupOf, membersOf, minCountOf } from './pod-groups.ts';
import { disruptedWith } from './disrupted-with.ts';

/**
 * Keeps pods of a group from being tried before the group is known and has as many pods as must be placed together
 * (KEP-4671). How they are placed is `GroupCycle`'s; it turns away in this name what a group's failure leaves behind.
 */
export const gangScheduling: SchedulerPlugin = definePlugin({
  name: 'GangScheduling',
  scope: 'cluster',
  wakesOn: ['group-changed'],
  wakes: (pod, event) => event.type === 'group-changed' && event.key === groupKeyOf(pod),
  gate(pod, { objects }) {
    const key = groupKeyOf(pod);
    if (key === undefined) return undefined;
    const group = groupOf(key, objects);
    if (!group) return `waiting for pod group ${key}`;
    const [count, minCount] = [membersOf(key, objects).length, minCountOf(group)];
    return count < minCount ? `waiting for minCount pods of pod group ${key}: ${count} of ${minCount}` : undefined;
  },
  awaits(pod) {
    const key = groupKeyOf(pod);
    return key === undefined ? [] : [topics.group(key)];
  },
  evictedWith: disruptedWith,
});

/** Upstream's profiles have the plugin where the feature is on. */
export const withGroups = (profile: Profile): Profile => ({
  ...profile,
  plugins: [{ plugin: gangScheduling, weight: 0 }, ...profile.plugins],
});
