import { lease, type Lease, storageVersion } from '@navarch/api';
import { defineIndex } from '@navarch/client';
import { formatTime, hasReason, keyOf, type ObjectOf } from '@navarch/machinery';
import { type Context, type Controller, defineController, self, type Watch } from '../controller.ts';
import { remove } from '../shared/remove.ts';

type Versions = ObjectOf<typeof storageVersion>;
type ServerVersion = NonNullable<Versions['status']['storageVersions']>[number];

const NAMESPACE = 'kube-system';
const IDENTITY = 'apiserver.kubernetes.io/identity';

const isServer = ({ metadata }: Lease): boolean => metadata.labels?.[IDENTITY] === 'kube-apiserver';

const byServer = defineIndex<Versions>(({ status }) =>
  (status.storageVersions ?? []).map((one) => one.apiServerID ?? ''),
);

const leases: Watch<Lease> = {
  kind: lease,
  *keys({ current, previous }, cache) {
    if (current || previous?.metadata.namespace !== NAMESPACE || !isServer(previous)) return;
    for (const versions of cache.find(storageVersion, byServer, previous.metadata.name)) yield keyOf(versions);
  },
};

/** Forgets in which versions servers store that are gone: whose identity lease is (KEP-2339). */
export const storageVersionCollectorController: Controller = defineController({
  name: 'storageversion-garbage-collector-controller',
  watches: [self(storageVersion, ({ current }) => current !== undefined), leases],
  workers: 1,

  async reconcile(key, context) {
    const found = context.cache.get(storageVersion, key);
    if (!found) return undefined;
    const all = found.status.storageVersions ?? [];
    const kept: ServerVersion[] = [];
    for (const one of all) if (await isThere(one.apiServerID ?? '', context)) kept.push(one);
    if (kept.length === all.length) return undefined;
    if (kept.length === 0) await remove(storageVersion, found, context);
    else await write(found, kept, context);
    return undefined;
  },
});

/** Asks the server where the cache knows no such lease: it may be behind. */
async function isThere(name: string, { api, cache }: Context): Promise<boolean> {
  const key = `${NAMESPACE}/${name}`;
  const known = cache.get(lease, key);
  if (known && isServer(known)) return true;
  try {
    return isServer(await api.of(lease).get(key));
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

async function write(
  found: Versions,
  storageVersions: readonly ServerVersion[],
  { api, clock }: Context,
): Promise<void> {
  const encodings = new Set(storageVersions.map(({ encodingVersion }) => encodingVersion));
  const [common] = encodings.size === 1 ? encodings : [];
  const type = 'AllEncodingVersionsEqual';
  const status = common === undefined ? 'False' : 'True';
  const before = found.status.conditions?.find((condition) => condition.type === type);
  const condition = {
    type,
    status,
    reason: common === undefined ? 'CommonEncodingVersionUnset' : 'CommonEncodingVersionSet',
    message: common === undefined ? 'Common encoding version unset' : 'Common encoding version set',
    lastTransitionTime: (before?.status === status ? before.lastTransitionTime : undefined) ?? formatTime(clock.now()),
  };
  // Of this version only: a server may just have written of itself.
  await api.of(storageVersion).replace(
    {
      ...found,
      status: {
        storageVersions,
        ...(common === undefined ? {} : { commonEncodingVersion: common }),
        conditions: [...(found.status.conditions ?? []).filter((one) => one.type !== type), condition],
      },
    },
    { subresource: 'status' },
  );
}
