export { settle, SimClock } from './sim-clock.ts';
export { SimCluster, type SimClusterOptions } from './sim-cluster.ts';
export { SimMachine, type SimMachineOptions } from './sim-machine.ts';
export { runSimulatedNodes, type SimulatedNodesDeps } from './simulated-nodes.ts';
export { type Faults, faultyApi, noFaults } from './testing/faulty-api.ts';
