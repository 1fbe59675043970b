import {
  limitRange,
  type LimitRange,
  type LimitRangeItem,
  type PersistentVolumeClaim,
  type Pod,
  podLimits,
  podRequests,
} from '@navarch/api';
import { canonicalQuantity, compareQuantities, forbidden, type Mutable, parseQuantity } from '@navarch/machinery';
import type { Registry } from '../../registry/registry.ts';
import { defineAdmissionPlugin } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';

type Amounts = Readonly<Record<string, string>>;

/** Fills in what containers leave open and refuses what a namespace's limit ranges do not allow. */
export const podLimitRanger = defineAdmissionPlugin<Pod>({
  name: 'LimitRanger',
  on: { resources: ['/pods'], operations: ['CREATE'] },
  mutate(draft, { namespace }, { registry }) {
    let changed = false;
    for (const range of rangesOf(registry, namespace)) changed = applyDefaults(draft, range) || changed;
    return changed;
  },
  validate: (object, _at, request, { registry }) => checkPod(object, request, registry),
});

/** In place changes of resources stay within the limits too; nothing is filled in by then. */
export const resizeLimitRanger = defineAdmissionPlugin<Pod>({
  name: 'LimitRanger',
  on: { resources: ['/pods'], operations: ['UPDATE'], subresources: ['resize'] },
  validate: (object, _at, request, { registry }) => checkPod(object, request, registry),
});

function checkPod(object: Pod, { kind, name, namespace }: AdmissionRequest, registry: Registry): void {
  const complaints = rangesOf(registry, namespace).flatMap((range) =>
    range.spec.limits.flatMap((item) => podComplaints(object, item)),
  );
  refuse(complaints, (detail) => forbidden(kind, name, detail));
}

export const claimLimitRanger = defineAdmissionPlugin<PersistentVolumeClaim>({
  name: 'LimitRanger',
  on: { resources: ['/persistentvolumeclaims'], operations: ['CREATE', 'UPDATE'] },
  validate(object, _at, { kind, name, namespace }, { registry }) {
    const items = rangesOf(registry, namespace)
      .flatMap((range) => range.spec.limits)
      .filter((item) => item.type === 'PersistentVolumeClaim');
    const requests: Amounts = object.spec.resources?.requests ?? {};
    refuse(
      items.flatMap((item) => [
        ...bounds('minimum', item, item.min, [['request', requests]]),
        ...bounds('maximum', item, item.max, [['request', requests]]),
      ]),
      (detail) => forbidden(kind, name, detail),
    );
  },
});

const NONE: readonly never[] = [];

function rangesOf(registry: Registry, namespace: string): readonly LimitRange[] {
  const ranges = registry.of(limitRange);
  if (ranges.shelf.cache.size === 0) return NONE;
  return [...ranges.shelf.cache.range(ranges.shelf.prefixOf(namespace))].map(
    (cached) => ranges.view(cached.object) as LimitRange,
  );
}

function refuse(complaints: readonly string[], error: (detail: string) => Error): void {
  if (complaints.length === 0) return;
  const unique = [...new Set(complaints)];
  throw error(unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`);
}

function applyDefaults(draft: Mutable<Pod>, range: LimitRange): boolean {
  const items = range.spec.limits.filter((item) => item.type === 'Container');
  const requests: Amounts = Object.assign({}, ...items.map((item) => item.defaultRequest ?? {})) as Amounts;
  const limits: Amounts = Object.assign({}, ...items.map((item) => item.default ?? {})) as Amounts;
  const notes: string[] = [];
  for (const [list, what] of [
    ['containers', 'container'],
    ['initContainers', 'init container'],
  ] as const) {
    for (const container of draft.spec[list] ?? []) {
      const resources = (container.resources ??= {});
      const given = { requests: { ...resources.requests }, limits: { ...resources.limits } };
      const madeLimits = Object.keys(limits)
        .filter((name) => given.limits[name] === undefined)
        .sort();
      const madeRequests = Object.keys(requests)
        .filter((name) => given.requests[name] === undefined)
        .sort();
      for (const name of madeLimits) given.limits[name] = limits[name] ?? '';
      for (const name of madeRequests) given.requests[name] = requests[name] ?? '';
      if (madeLimits.length > 0) resources.limits = given.limits;
      if (madeRequests.length > 0) resources.requests = given.requests;
      if (madeRequests.length > 0) notes.push(`${madeRequests.join(', ')} request for ${what} ${container.name}`);
      if (madeLimits.length > 0) notes.push(`${madeLimits.join(', ')} limit for ${what} ${container.name}`);
    }
  }
  if (notes.length === 0) return false;
  draft.metadata.annotations = {
    ...draft.metadata.annotations,
    'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${notes.join('; ')}`,
  };
  return true;
}

function podComplaints({ spec }: Pod, item: LimitRangeItem): readonly string[] {
  if (item.type === 'Container') {
    return [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ resources }) =>
      allBounds(item, resources?.requests ?? {}, resources?.limits ?? {}),
    );
  }
  return item.type === 'Pod' ? allBounds(item, podRequests(spec), podLimits(spec)) : [];
}

const allBounds = (item: LimitRangeItem, requests: Amounts, limits: Amounts): readonly string[] => [
  ...bounds('minimum', item, item.min, [
    ['request', requests],
    ['limit', limits],
  ]),
  ...bounds('maximum', item, item.max, [
    ['limit', limits],
    ['request', requests],
  ]),
  ...ratios(item, requests, limits),
];

/** The first of the amounts must be there; all that are there must keep within the bound. */
function bounds(
  side: 'minimum' | 'maximum',
  { type }: LimitRangeItem,
  limit: Amounts | undefined,
  amounts: readonly (readonly [what: string, amounts: Amounts])[],
): readonly string[] {
  return Object.entries(limit ?? {}).flatMap(([name, bound]) => {
    const head = `${side} ${name} usage per ${type} is ${canonicalQuantity(bound)}`;
    const [[first, firstAmounts] = ['', {}]] = amounts;
    if (firstAmounts[name] === undefined) return [`${head}.  No ${first} is specified`];
    const bad = amounts.find(([, of]) => of[name] !== undefined && isBeyond(side, of[name] ?? '', bound));
    return bad ? [`${head}, but ${bad[0]} is ${canonicalQuantity(bad[1][name] ?? '')}`] : [];
  });
}

function isBeyond(side: 'minimum' | 'maximum', text: string, bound: string): boolean {
  const [amount, limit] = [parseQuantity(text), parseQuantity(bound)];
  if (!amount || !limit) return false;
  const order = compareQuantities(amount, limit);
  return side === 'minimum' ? order < 0 : order > 0;
}

function ratios({ type, maxLimitRequestRatio }: LimitRangeItem, requests: Amounts, limits: Amounts): readonly string[] {
  return Object.entries(maxLimitRequestRatio ?? {}).flatMap(([name, bound]) => {
    const head = `${name} max limit to request ratio per ${type} is ${canonicalQuantity(bound)}`;
    const [request, limit, most] = [requests[name], limits[name], bound].map(
      (text) => parseQuantity(text ?? '0')?.nano ?? 0n,
    );
    if (!request) return [`${head}, but no request is specified or request is 0`];
    if (!limit) return [`${head}, but no limit is specified or limit is 0`];
    const ratio = Number(limit) / Number(request);
    return ratio > Number(most) / 1e9 ? [`${head}, but provided ratio is ${ratio.toFixed(6)}`] : [];
  });
}
