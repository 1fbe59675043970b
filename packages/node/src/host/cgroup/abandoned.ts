import type { Cgroups } from './port.ts';

/** An agent says so often that its groups are in use: see `Cgroups.touch`. A node that is paused says nothing for a while. */
const SILENT_MS = 15 * 60_000;
/** `/navarch-NODE-HASH`: the group of a node's pods. */
const OURS = /^navarch-.+-[0-9a-f]{8}$/;

/**
 * Removes the groups of nodes whose agents have said nothing for long, and in which no process is: what is left when a machine
 * that is part of this one (a container, a test's namespaces) is killed with a cluster in it. Processes of other process
 * namespaces cannot be seen from here, but the kernel removes no group that has any. A node that lives after all makes what
 * it needs anew. Gives their names.
 */
export function removeAbandoned(cgroups: Cgroups, now: number): readonly string[] {
  return cgroups.children('/').filter((name) => {
    const touched = OURS.test(name) ? cgroups.touched(`/${name}`) : undefined;
    return touched !== undefined && now - touched > SILENT_MS && cgroups.remove(`/${name}`);
  });
}
