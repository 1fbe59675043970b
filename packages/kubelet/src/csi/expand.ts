import { compareQuantities, keyOf, parseQuantity, quantityValue } from '@navarch/machinery';
import { RpcError } from '../rpc/rpc-error.ts';
import { capabilityOf } from './capability.ts';
import type { ClaimStatus } from './cluster.ts';
import type { CsiDeps } from './deps.ts';
import { type Making, stagingPath, targetPath } from './make-volume.ts';
import { secretTexts } from './publish-context.ts';
import type { Wanted } from './wanted.ts';

const STORAGE = 'storage';
const NODE_RESIZE = /^NodeResize(Pending|InProgress)$/;
/** Asking again would not help: the volume cannot be of that size here. */
const INFEASIBLE = ['INVALID_ARGUMENT', 'OUT_OF_RANGE', 'NOT_FOUND'] as const;

/** Whether the volume has grown, and its file system on the node is to follow (KEP-531, KEP-1790). */
export function isGrowthDue({ claim, capacity }: Wanted): boolean {
  const has = parseQuantity(claim?.status.capacity?.[STORAGE] ?? '');
  const wants = parseQuantity(capacity ?? '');
  if (!has || !wants || compareQuantities(has, wants) >= 0) return false;
  const state = claim?.status.allocatedResourceStatuses?.[STORAGE];
  // Where nobody says how far it has come, its driver's part is done once the volume has its size.
  return state === undefined || state === '' || NODE_RESIZE.test(state);
}

/** Has the driver let a volume grow on the node, and says so. What goes wrong is an event: the volume can be used as it is. */
export async function expandIfDue(making: Making, deps: CsiDeps): Promise<void> {
  const { wanted } = making;
  const { claim, capacity, pod, name } = wanted;
  if (!claim || capacity === undefined || !isGrowthDue(wanted)) return;
  const { cluster } = deps;
  const key = keyOf(claim);
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    cluster.event(pod, type, reason, message);
  try {
    // A driver that does nothing on the node has done all of it.
    if (making.abilities.has('EXPAND_VOLUME')) {
      await cluster.updateClaim(key, (status) => withState(status, 'NodeResizeInProgress'));
      await ask(making, capacity, deps);
    }
    await cluster.updateClaim(key, (status) => grown(status, capacity));
    tell(
      'Normal',
      'FileSystemResizeSuccessful',
      `MountVolume.NodeExpandVolume succeeded for volume ${JSON.stringify(name)} ${deps.nodeName}`,
    );
  } catch (error) {
    if (RpcError.is(error, ...INFEASIBLE))
      await cluster.updateClaim(key, (status) => withState(status, 'NodeResizeInfeasible'));
    tell(
      'Warning',
      'VolumeResizeFailed',
      `NodeExpandVolume.NodeExpandVolume failed for volume ${JSON.stringify(name)} : Expander.NodeExpand failed to expand the volume : ${(error as Error).message}`,
    );
  }
}

async function ask(making: Making, capacity: string, deps: CsiDeps): Promise<void> {
  const { wanted, abilities } = making;
  const { drivers, dirs, cluster, signal } = deps;
  const secrets = await secretTexts(wanted.expandSecret, 'NodeExpandSecretRef', cluster);
  await drivers.of(wanted.driver, 'Expander.NodeExpand failed to get CSI client').nodeExpandVolume(
    {
      volumeId: wanted.handle,
      volumePath: targetPath(wanted, dirs),
      stagingTargetPath: abilities.has('STAGE_UNSTAGE_VOLUME') ? stagingPath(wanted, dirs) : '',
      capacityRange: { requiredBytes: quantityValue(capacity) },
      volumeCapability: capabilityOf(wanted.access, abilities, ''),
      secrets,
    },
    signal,
  );
}

const withState = (status: ClaimStatus, state: string): ClaimStatus => ({
  ...status,
  allocatedResourceStatuses: { ...status.allocatedResourceStatuses, [STORAGE]: state },
});

/** As after a growth that is over: nothing of it is left but the size. */
function grown(status: ClaimStatus, capacity: string): ClaimStatus {
  const { allocatedResourceStatuses = {}, conditions = [], ...rest } = status;
  const { [STORAGE]: _, ...others } = allocatedResourceStatuses;
  return {
    ...rest,
    capacity: { ...status.capacity, [STORAGE]: capacity },
    ...(Object.keys(others).length > 0 ? { allocatedResourceStatuses: others } : {}),
    conditions: conditions.filter(({ type }) => !OVER.has(type)),
  };
}

const OVER = new Set(['Resizing', 'FileSystemResizePending', 'NodeResizeError']);
