import { SimCluster, type SimClusterOptions } from '@navarch/sim';

export type { SimCluster as TestCluster, SimClusterOptions as TestClusterOptions } from '@navarch/sim';

/**
 * A whole Kubernetes control plane in this process, with simulated nodes, on time that the test moves:
 * `await using cluster = await startCluster({ nodes: 3 })`, then `cluster.api`, `await cluster.settled()`,
 * `await cluster.advance('5m')`. Nothing listens, nothing is written to disk.
 */
export const startCluster = (options: Partial<SimClusterOptions> = {}): Promise<SimCluster> =>
  SimCluster.start({ nodes: 1, ...options });
