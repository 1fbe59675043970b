import type { Pod } from '@navarch/api';
import type { Clock, Logger, Random } from '@navarch/base';
import type { Recorder } from '@navarch/client';
import type { ContainerRuntime } from '../cri/index.ts';
import type { Rejection } from '../pod-machine/memory.ts';
import type { NamedObjects } from '../named-objects/named-objects.ts';
import type { NodeResources } from '../node-resources/node-resources.ts';
import type { PodCgroups } from '../pod-cgroups.ts';
import type { PodGuard, Prober } from '../ports.ts';
import type { ProbeCounts } from '../probes/count-probes.ts';
import type { PrepareDeps } from '../prepare-container.ts';
import type { VolumeHost } from '../volumes/volume-plugin.ts';
import type { PodRecord } from './pod-record.ts';
import type { PodViewDeps } from './pod-view.ts';

export interface PodWorkerDeps extends PrepareDeps {
  readonly record: PodRecord;
  readonly nodeIP: string;
  /** Of the other family. */
  readonly otherNodeIPs?: readonly string[];
  readonly runtime: ContainerRuntime;
  readonly prober: Prober;
  readonly guard?: PodGuard;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly recorder: Recorder;
  readonly nodeName: string;
  /** How often what volumes are made from is looked at; a minute when left out. */
  readonly syncMs?: number;
  readonly cgroups: PodCgroups;
  readonly resources: NodeResources;
  readonly volumes: VolumeHost;
  readonly objects: NamedObjects;
  readonly probeCounts: ProbeCounts;
  /** The name by which the runtime knows a RuntimeClass. Throws StatusError with NotFound. */
  handlerOf(runtimeClassName: string): Promise<string>;
  /** Why the node has no room for the pod as its spec is now. */
  refuseResize(pod: Pod): Rejection | undefined;
  readonly observer: PodViewDeps['observer'];
  /** It is known that the runtime holds nothing of the pod. */
  isUnseen(podUid: string): boolean;
}
