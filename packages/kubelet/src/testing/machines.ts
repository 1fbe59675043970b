import type { Pod } from '@navarch/api';
import type { MachineTopology } from '../topology/machine.ts';

/** A machine of nodes, each a socket of cores of two processors, numbered as Linux does: first one of every core. */
export function machineOf(nodes: number, coresPerNode: number, memoryBytes = 2 ** 30): MachineTopology {
  const cores = nodes * coresPerNode;
  return {
    cpus: Array.from({ length: cores * 2 }, (_, id) => {
      const core = id % cores;
      const node = Math.floor(core / coresPerNode);
      return { id, core, socket: node, numa: node, cache: Math.floor(core / 2) };
    }),
    numaNodes: Array.from({ length: nodes }, (_, id) => ({
      id,
      memoryBytes,
      hugePages: {},
      distances: Array.from({ length: nodes }, (__, other) => (other === id ? 10 : 10 + 10 * Math.abs(other - id))),
    })),
  };
}

type Amounts = Readonly<Record<string, string>>;

export interface Asking {
  readonly name: string;
  readonly wants: Amounts;
  readonly role?: 'init' | 'sidecar' | 'app';
}

/** A pod whose containers may have what they ask for, and no more. */
export const guaranteedPod = (uid: string, containers: readonly Asking[]): Pod => {
  const made = containers.map(({ name, wants, role = 'app' }) => ({
    role,
    container: {
      name,
      ...(role === 'sidecar' ? { restartPolicy: 'Always' } : {}),
      resources: { requests: { memory: '1Mi', ...wants }, limits: { memory: '1Mi', ...wants } },
    },
  }));
  const of = (isApp: boolean): readonly object[] =>
    made.filter(({ role }) => (role === 'app') === isApp).map(({ container }) => container);
  return {
    metadata: { name: uid, namespace: 'default', uid },
    spec: { initContainers: of(false), containers: of(true) },
    status: { qosClass: 'Guaranteed' },
  } as unknown as Pod;
};
