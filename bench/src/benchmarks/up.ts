import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineBenchmark } from '../harness/benchmark.ts';
import { LocalCluster } from '../harness/local-cluster.ts';

/** As kind reads it. */
const THREE_NODES = `
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes: [{role: control-plane}, {role: worker}, {role: worker}]
`;

export const up = defineBenchmark({
  name: 'up',
  about:
    'time from `navarch up` to cluster DNS answering in a pod, images present; with one node, with three, and three more',
  notes: [
    'Packages and images are there from an `up` before the first round that is not counted; each round begins with nothing of a cluster on the machine and ends with `down`, which is measured on its own.',
    'Three nodes are those of a file of kind: one of the control plane and two workers, each in a network namespace of its own. Three more are `navarch node add --count 3` after that.',
  ],
  async prepare(context) {
    const file = join(context.dir, 'three-nodes.yaml');
    writeFileSync(file, THREE_NODES);
    await using first = new LocalCluster(context);
    context.say('an `up` that brings packages and images ...');
    await first.up();
    await first.down();
    const downs = new Map<string, number>();
    const begun = async (name: string, ...flags: readonly string[]): Promise<number> => {
      await using cluster = new LocalCluster(context);
      const seconds = await timed(() => cluster.up(...flags));
      downs.set(name, await timed(() => cluster.down()));
      return seconds;
    };
    const added = async (): Promise<number> => {
      await using cluster = new LocalCluster(context);
      await cluster.up('--config', file);
      const seconds = await timed(() => cluster.addNodes(3));
      await cluster.down();
      return seconds;
    };
    const measured = (name: string, goal: number, ...flags: readonly string[]) => ({
      name,
      unit: 's' as const,
      better: 'less' as const,
      goal,
      ours: async () => ({
        figure: await begun(name, ...flags),
        details: { downSeconds: downs.get(name) ?? Number.NaN },
      }),
    });
    return [
      measured('up', 6),
      measured('three nodes', 10, '--config', file),
      { name: 'three more nodes', unit: 's', better: 'less', goal: 5, ours: async () => ({ figure: await added() }) },
    ];
  },
});

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
