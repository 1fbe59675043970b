import type { Node, Pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { defaultProfile, Memory, place, Snapshot } from '@navarch/scheduler';
import type { Sample } from '../harness/benchmark.ts';
import { nodeBody, podBody, type SchedulerWorkload } from './scheduler-workloads.ts';

/** How many pods a second the scheduler's decision alone places. Throws where a pod fits nowhere: no shape is meant to fill the nodes. */
export function decide(shape: SchedulerWorkload): Sample {
  const snapshot = new Snapshot();
  for (let i = 0; i < shape.nodes; i++) snapshot.setNode(JSON.parse(nodeBody(i, shape.zones)) as Node);
  const [random, memory] = [seededRandom(1), new Memory()];
  let start = 0;
  const placeOne = (pod: Pod): void => {
    const placement = place(pod, snapshot, defaultProfile, { random, start, memory });
    if (placement.node === undefined)
      throw new Error(`${shape.name}: ${pod.metadata.name} fits nowhere: ${[...placement.reasons.keys()].join()}`);
    start = (start + placement.looked) % shape.nodes;
    snapshot.place(pod, placement.node);
  };
  for (const pod of podsOf(shape, 'before', shape.podsBefore)) placeOne(pod);
  const pods = podsOf(shape, 'pod', shape.pods);
  const began = performance.now();
  for (const pod of pods) placeOne(pod);
  return { figure: (shape.pods * 1000) / (performance.now() - began) };
}

/** As they come from the server: each a value of its own. */
function podsOf(shape: SchedulerWorkload, name: string, count: number): readonly Pod[] {
  return Array.from({ length: count }, (_, i) => {
    const pod = JSON.parse(podBody(shape, `${name}-${i}`, i)) as Pod;
    return {
      ...pod,
      metadata: { ...pod.metadata, namespace: 'bench', uid: `${name}-${i}` },
      status: { phase: 'Pending' },
    } as Pod;
  });
}
