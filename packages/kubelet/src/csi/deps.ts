import type { Clock, Logger } from '@navarch/base';
import type { NodeDirs } from '../container-config.ts';
import type { Files } from '../ports.ts';
import type { CsiCluster } from './cluster.ts';
import type { Drivers } from './drivers.ts';

export interface CsiDeps {
  readonly files: Files;
  readonly dirs: NodeDirs;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly drivers: Drivers;
  readonly cluster: CsiCluster;
  /** Ends every call to a driver. */
  readonly signal: AbortSignal;
}
