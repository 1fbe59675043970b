import { daemonSet, deployment, job, pod, replicaSet, replicationController, statefulSet } from '@navarch/api';
import type { Kind } from '@navarch/machinery';
import { UserError } from '../user-error.ts';

const kinds: readonly Kind<any>[] = [pod, deployment, statefulSet, daemonSet, replicaSet, replicationController, job];

/** Where the API tells of it: `pod/web`, `deploy/web`, `web`. Throws UserError for what has no placement. */
export function placementPath(asked: string, namespace: string): string {
  const parts = asked.split('/');
  const [type, name] = parts.length === 1 ? [pod.singular, asked] : parts;
  const kind = kinds.find(({ singular, plural, shortNames }) =>
    [singular, plural, ...shortNames].includes(type?.toLowerCase() ?? ''),
  );
  if (!name || parts.length > 2)
    throw new UserError(
      `why takes a pod or what makes pods, such as pod/web or deployment/web, not ${JSON.stringify(asked)}`,
    );
  if (!kind)
    throw new UserError(
      `${JSON.stringify(type)} has no pods of its own to place: ask about ${kinds.map(({ singular }) => singular).join(', ')}`,
    );
  return `/apis/navarch.dev/v1/namespaces/${encodeURIComponent(namespace)}/${kind.plural}/${encodeURIComponent(name)}/placement`;
}
