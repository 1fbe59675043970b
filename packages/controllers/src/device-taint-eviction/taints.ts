import {
  type deviceTaintRule,
  isReservedForPod,
  type Pod,
  resourceClaim,
  resourceSlice,
  deviceTaintRule as rules,
} from '@navarch/api';
import { type CacheReader, defineIndex } from '@navarch/client';
import { keyIn, type ObjectOf } from '@navarch/machinery';

export type Claim = ObjectOf<typeof resourceClaim>;
export type Slice = ObjectOf<typeof resourceSlice>;
export type Rule = ObjectOf<typeof deviceTaintRule>;
type Allocated = NonNullable<NonNullable<NonNullable<Claim['status']['allocation']>['devices']>['results']>[number];
type Taint = Rule['spec']['taint'];
type Toleration = NonNullable<Allocated['tolerations']>[number];

/** When pods must go, and the rules that say so, by uid. What slices say is nobody's to be told of. */
export interface Eviction {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly rules: ReadonlySet<string>;
}

interface Pool {
  readonly driver: string;
  readonly pool: string;
}

const poolKey = ({ driver, pool }: Pool): string => `${driver}/${pool}`;
export const poolOf = ({ spec }: Slice): string => poolKey({ driver: spec.driver, pool: spec.pool.name });

export const slicesByPool = defineIndex<Slice>((slice) => [poolOf(slice)]);
export const claimsByPool = defineIndex<Claim>((claim) => [...new Set(allocatedTo(claim).map(poolKey))]);

export const allocatedTo = ({ status }: Claim): readonly Allocated[] => status.allocation?.devices?.results ?? [];

export const isEvicting = ({ effect }: Pick<Taint, 'effect'>): boolean => effect === 'NoExecute';

/** A rule without a selector chooses nothing. */
export function chooses(
  { spec: { deviceSelector: wanted } }: Rule,
  device: Pool & { readonly device: string },
): boolean {
  if (!wanted) return false;
  return (['driver', 'pool', 'device'] as const).every(
    (part) => wanted[part] === undefined || wanted[part] === device[part],
  );
}

/** The slices that say how a pool is now: those of its newest generation. */
export function newestSlices(cache: CacheReader, pool: string): readonly Slice[] {
  const all = cache.find(resourceSlice, slicesByPool, pool);
  const newest = Math.max(...all.map(({ spec }) => Number(spec.pool.generation)));
  return all.filter(({ spec }) => Number(spec.pool.generation) === newest);
}

/** When a pod must go for what its claims were given; undefined: it may stay. */
export function podEviction(
  pod: Pod,
  cache: CacheReader,
  evicting: readonly Rule[] = cache.list(rules).filter((rule) => isEvicting(rule.spec.taint)),
): Eviction | undefined {
  const { metadata, spec, status } = pod;
  if (!spec.nodeName) return undefined;
  const found: Eviction[] = [];
  const claimNames = (spec.resourceClaims ?? []).map(
    ({ name, resourceClaimName }) =>
      resourceClaimName ?? status.resourceClaimStatuses?.find((one) => one.name === name)?.resourceClaimName,
  );
  for (const claimName of [...claimNames, status.extendedResourceClaimStatus?.resourceClaimName]) {
    const claim = claimName === undefined ? undefined : cache.get(resourceClaim, keyIn(metadata.namespace, claimName));
    if (!claim || !isReservedForPod(claim.status.reservedFor, pod)) continue;
    const eviction = claimEviction(claim, cache, evicting);
    if (eviction) found.push(eviction);
  }
  return found.length === 0 ? undefined : joined(found);
}

const joined = (evictions: readonly Eviction[]): Eviction => ({
  atMs: Math.min(...evictions.map(({ atMs }) => atMs)),
  rules: new Set(evictions.flatMap((one) => [...one.rules])),
});

function claimEviction(claim: Claim, cache: CacheReader, evicting: readonly Rule[]): Eviction | undefined {
  const found: Eviction[] = [];
  for (const allocated of allocatedTo(claim)) {
    const device = newestSlices(cache, poolKey(allocated))
      .flatMap(({ spec }) => spec.devices ?? [])
      .find(({ name }) => name === allocated.device);
    const taints: readonly (readonly [taint: Taint, rule?: Rule])[] = [
      ...(device?.taints ?? []).filter(isEvicting).map((taint) => [taint] as const),
      ...evicting.filter((rule) => chooses(rule, allocated)).map((rule) => [rule.spec.taint, rule] as const),
    ];
    for (const [taint, rule] of taints) {
      const seconds = toleratedSeconds(taint, allocated.tolerations ?? []);
      if (seconds === Number.POSITIVE_INFINITY) continue;
      const atMs = Date.parse(taint.timeAdded ?? '') + seconds * 1000;
      // A taint without a time has been there for ever.
      found.push({ atMs: Number.isNaN(atMs) ? 0 : atMs, rules: new Set(rule ? [rule.metadata.uid] : []) });
    }
  }
  return found.length === 0 ? undefined : joined(found);
}

/** 0 when the taint is not tolerated, infinity when it is for good: whoever tolerates it so outvotes the others. */
function toleratedSeconds(taint: Taint, tolerations: readonly Toleration[]): number {
  // As upstream: only what names the effect, though elsewhere none means every.
  const fitting = tolerations.filter((one) => one.effect === 'NoExecute' && tolerates(one, taint));
  if (fitting.length === 0) return 0;
  if (fitting.some(({ tolerationSeconds }) => tolerationSeconds === undefined)) return Number.POSITIVE_INFINITY;
  return Math.min(...fitting.map(({ tolerationSeconds }) => Math.max(0, Number(tolerationSeconds))));
}

const tolerates = ({ key, operator, value }: Toleration, taint: Taint): boolean =>
  (!key || key === taint.key) && (operator === 'Exists' || (value ?? '') === (taint.value ?? ''));
