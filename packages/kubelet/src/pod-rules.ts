import { IDS_UNIT } from './user-ids/id-range.ts';

/** What a node does with all its pods alike, whatever they ask for. */
export interface PodRules {
  /** Besides the safe ones, by name or by `net.core.*`. */
  readonly allowedUnsafeSysctls: readonly string[];
  /** Settings of the kernel that pods have which do not say otherwise. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Processes that a pod may have; as many as the node has when undefined. */
  readonly pidsMax: number | undefined;
  /** Limits of CPU time are kept. */
  readonly hasCpuQuota: boolean;
  readonly cpuPeriodUs: number;
  /** Containers that name no seccomp profile have the runtime's. */
  readonly isSeccompDefault: boolean;
  /** Burstable pods may use some of the node's swap; otherwise none does (KEP-2400). */
  readonly hasSwap: boolean;
  /** How far between what it asks for and what it may have a container is held up (KEP-2570); nobody is when undefined. */
  readonly memoryThrottlingFactor?: number;
  /** What containers ask for is kept for them: from all others, or as long as there is other memory to be had. */
  readonly isMemoryTiered: boolean;
  /** Bytes that a container may have which has no limit; all that the node has when undefined. */
  readonly memoryAllocatable?: number;
  /** Until a container that crashes is started anew, at most. */
  readonly restartSecondsMax: number;
  /** How many ids of users a pod gets that has users of its own: a multiple of 65,536 (KEP-127). */
  readonly userIdsPerPod: number;
}

/** What upstream's kubelet does when nobody says otherwise. */
export const ORDINARY_RULES: PodRules = {
  allowedUnsafeSysctls: [],
  sysctls: {},
  pidsMax: undefined,
  hasCpuQuota: true,
  cpuPeriodUs: 100_000,
  isSeccompDefault: false,
  hasSwap: false,
  isMemoryTiered: false,
  restartSecondsMax: 300,
  userIdsPerPod: IDS_UNIT,
};
