import type { Pod } from '@navarch/api';
import { definePlugin, misfit } from '../plugin.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Template } from '../snapshot/template.ts';

const TAKEN = misfit(true, "node(s) didn't have free ports for the requested pod ports");

/** Gives a host port to one pod of a node. */
export const nodePorts = definePlugin<readonly string[]>({
  name: 'NodePorts',
  scope: 'node',
  wakesOn: ['node-added', 'pod-removed'],
  wakes: (pod, event, snapshot) =>
    event.type === 'node-added' || (event.type === 'pod-removed' && collide(pod, event.pod, snapshot)),
  prepare(pod, snapshot) {
    const { hostPorts } = snapshot.templateOf(pod);
    return hostPorts.length > 0 ? hostPorts : undefined;
  },
  filter: (_pod, { ports }, wanted) =>
    ports.size > 0 && wanted.some((port) => isTaken(port, ports)) ? TAKEN : undefined,
});

/** 0.0.0.0 is every address of the node. */
function isTaken(wanted: string, taken: ReadonlyMap<string, number>): boolean {
  if (taken.has(wanted)) return true;
  const [protocol, ip, port] = wanted.split('/');
  if (ip !== '0.0.0.0') return taken.has(`${protocol}/0.0.0.0/${port}`);
  for (const other of taken.keys()) if (other.startsWith(`${protocol}/`) && other.endsWith(`/${port}`)) return true;
  return false;
}

const collide = (pod: Pod, gone: Pod, snapshot: Snapshot): boolean =>
  sharedPorts(snapshot.templateOf(pod), snapshot.templateOf(gone)).length > 0;

/** Host ports, as `TCP/0.0.0.0/80`, that a pod cannot have on the node of the other. */
export function sharedPorts(wanted: Template, other: Template): readonly string[] {
  const held = new Map(other.hostPorts.map((port) => [port, 1]));
  return wanted.hostPorts.filter((port) => isTaken(port, held));
}
