import { type Pod, pod as podKind } from '@navarch/api';
import type { Api } from '@navarch/client';
import { hasReason, keyOf } from '@navarch/machinery';

/** What stands in the API for a pod: where its worker tells how it is, and what goes when nothing of it is left. */
export interface PodRecord {
  /** Whoever counts pods must be told how this one ended before it is gone. */
  readonly isCounted: boolean;
  /** Patches the status. Resolves to the version that the API then has; rejects as the API refuses. */
  tell(pod: Pod, status: object, signal: AbortSignal): Promise<string>;
  /** Whether a refusal means that the API forgot the pod: there is no one left to tell. */
  isGone(pod: Pod, refusal: unknown): Promise<boolean>;
  remove(pod: Pod): Promise<void>;
}

/** Pods that the API gave to this node. */
export const apiRecord = (api: Api): PodRecord => ({
  isCounted: true,
  tell: (pod, status) => patchStatus(api, pod, pod.metadata.uid, status),
  isGone: (pod, refusal) => isGone(api, pod, pod.metadata.uid, refusal),
  async remove(pod) {
    const { uid } = pod.metadata;
    try {
      await api.of(podKind).delete(keyOf(pod), { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!(await isGone(api, pod, uid, error))) throw error;
    }
  },
});

/** One request, and what others wrote (conditions of their own) stays. The uid keeps it from a later pod of that name. */
export async function patchStatus(api: Api, pod: Pod, uid: string, status: object): Promise<string> {
  const body = { metadata: { uid }, status };
  const answer = await api.of(podKind).patch(keyOf(pod), { type: 'strategic', body }, { subresource: 'status' });
  return answer.metadata.resourceVersion;
}

/** The API forgot the pod, and may have another of that name. A conflict, or a uid that may not change, alone does not say so. */
export async function isGone(api: Api, pod: Pod, uid: string, refusal: unknown): Promise<boolean> {
  if (hasReason(refusal, 'NotFound')) return true;
  if (!hasReason(refusal, 'Conflict') && !hasReason(refusal, 'Invalid')) return false;
  try {
    return (await api.of(podKind).get(keyOf(pod))).metadata.uid !== uid;
  } catch (error) {
    return hasReason(error, 'NotFound');
  }
}
