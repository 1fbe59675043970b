/**
 * Speed of the scheduler's decision alone, without API server: pods per second of place() on 5,000 nodes, for shapes of
 * upstream's scheduler benchmark. Run: node bench/src/schedule.ts
 */
import type { Node, Pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { defaultProfile, place, Snapshot } from '@navarch/scheduler';

const NODES = 5000;
const PODS = 3000;

const nodeOf = (i: number): Node => ({
  metadata: { name: `node-${i}`, labels: { 'topology.kubernetes.io/zone': 'zone1' } }, spec: {},
  status: { allocatable: { cpu: '4', memory: '32Gi', pods: '110' } },
} as unknown as Node);

const affinity = (term: object): object => ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } } });

const WORKLOADS: readonly { readonly name: string; readonly spec: (i: number) => object }[] = [
  { name: 'SchedulingBasic', spec: () => ({}) },
  { name: 'SchedulingNodeAffinity', spec: () => affinity({ matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['zone1', 'zone2'] }] }) },
  { name: 'SchedulingDaemonset', spec: (i) => affinity({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [`node-${i % NODES}`] }] }) },
];

for (const { name, spec } of WORKLOADS) {
  const snapshot = new Snapshot();
  for (let i = 0; i < NODES; i++) snapshot.setNode(nodeOf(i));
  const random = seededRandom(1);
  const containers = [{ name: 'pause', image: 'pause', resources: { requests: { cpu: '100m', memory: '500Mi' } } }];
  const begin = performance.now();
  let start = 0;
  let placed = 0;
  for (let i = 0; i < PODS; i++) {
    const pod = { metadata: { name: `pod-${i}`, namespace: 'default' }, spec: { containers, ...spec(i) }, status: {} } as unknown as Pod;
    const placement = place(pod, snapshot, defaultProfile, random, start);
    start = (start + placement.looked) % NODES;
    if (placement.node === undefined) continue;
    snapshot.place(pod, placement.node);
    placed += 1;
  }
  console.log(`${name}\t${placed} of ${PODS} placed\t${Math.round((PODS * 1000) / (performance.now() - begin))} pods/s`);
}
