import { builtinKinds } from '@navarch/api';
import { type ApiObject, apiVersionOf, jsonPatch, keyIn, type Kind } from '@navarch/machinery';
import type { Change, Fix, ObjectName } from '@navarch/scheduler';
import type { SimCluster } from '@navarch/sim';

/** Does what a fix of a placement says, by its letter, as somebody with a client would. */
export async function applyFix({ changes }: Pick<Fix, 'changes'>, cluster: SimCluster): Promise<void> {
  for (const change of changes) await applyChange(change, cluster);
}

function kindOf({ apiVersion, kind }: Pick<ObjectName, 'apiVersion' | 'kind'>): Kind<any> {
  const found = builtinKinds.find((one) => apiVersionOf(one) === apiVersion && one.kind === kind);
  if (!found) throw new Error(`${kind} of ${apiVersion} is unknown`);
  return found;
}

async function applyChange(change: Change, cluster: SimCluster): Promise<void> {
  if (change.type === 'create') {
    await cluster.api.of(kindOf(change.object as ObjectName)).create(change.object as never);
    return;
  }
  const { namespace = '', name } = change.object;
  const [api, key] = [cluster.api.of(kindOf(change.object)), keyIn(namespace, name)];
  if (change.type === 'patch') await api.patch(key, { type: 'json', body: change.patch });
  else if (change.type === 'delete') await api.delete(key);
  else await recreate(key, change.patch);

  async function recreate(of: string, patch: unknown): Promise<void> {
    const before: ApiObject = await api.get(of);
    await api.delete(of, { gracePeriodSeconds: 0 });
    await cluster.advance('1s');
    const { resourceVersion: _, ...metadata } = before.metadata;
    await api.create(jsonPatch({ ...before, metadata } as never, patch as never) as never);
  }
}
