import { isTerminal, type Pod, pod } from '@navarch/api';
import { hasReason, keyOf } from '@navarch/machinery';
import type { ControlPlane } from './control-plane.ts';

/** A pod's containers end with this exit code, as a kubelet would say it. */
export async function endPod(plane: ControlPlane, target: Pod, exitCode = 0): Promise<void> {
  const finishedAt = `${new Date(plane.clock.now()).toISOString().slice(0, 19)}Z`;
  const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt: finishedAt, finishedAt };
  const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
  try {
    await plane.api.of(pod).update(
      keyOf(target),
      (current) =>
        isTerminal(current) || current.metadata.uid !== target.metadata.uid
          ? current
          : {
              ...current,
              status: {
                ...current.status,
                phase,
                conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: finishedAt }],
                containerStatuses: current.spec.containers.map(({ name, image = '' }) => ({
                  name,
                  image,
                  imageID: '',
                  ready: false,
                  restartCount: 0,
                  state: { terminated },
                  lastState: {},
                })),
              },
            },
      { subresource: 'status' },
    );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}

/** Ends every pod that runs, each with what `exitCode` says of it; undefined: it goes on. */
export async function endRunning(
  plane: ControlPlane,
  exitCode: (p: Pod) => number | undefined = () => 0,
): Promise<void> {
  for (const p of await plane.list(pod)) {
    const code = p.status.phase === 'Running' && !p.metadata.deletionTimestamp ? exitCode(p) : undefined;
    if (code !== undefined) await endPod(plane, p, code);
  }
}
