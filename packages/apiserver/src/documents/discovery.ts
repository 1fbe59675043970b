import { sha256 } from '@navarch/base';
import { apiVersionOf, compareApiVersions, type ResourceFacts, type SubresourceFacts } from '@navarch/machinery';
import type { ExtensionVersion } from '../aggregation/aggregation.ts';
import { encode } from '../request.ts';
import { priorityOf } from './priorities.ts';

interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ResourceFacts[];
  /** Groups with a higher one are listed first, and so are versions of a group. */
  readonly groupPriority: number;
  readonly versionPriority: number;
  /** What an extension server says that it serves, as aggregated discovery has it. Absent: it has not said so yet. */
  readonly extension?: { readonly resources?: readonly unknown[] | undefined };
}

/** The kinds and virtual resources of the server and of others, by group and version, in upstream's order of groups. */
export function groupVersions(
  kinds: readonly ResourceFacts[],
  extensions: readonly ExtensionVersion[],
): readonly GroupVersion[] {
  const byVersion = Map.groupBy(kinds, (kind) => apiVersionOf(kind));
  const own = [...byVersion.values()].map((of): GroupVersion => {
    const { group = '', version = '' } = of[0] ?? {};
    const priority = priorityOf({
      group,
      version,
      isCustom: of.some((one) => 'origin' in one && one.origin === 'custom'),
    });
    return {
      group,
      version,
      groupPriority: priority.group,
      versionPriority: priority.version,
      resources: of.toSorted((a, b) => (a.plural < b.plural ? -1 : 1)),
    };
  });
  const foreign = extensions.map(({ resources, ...version }): GroupVersion => ({
    ...version,
    resources: [],
    extension: { resources },
  }));
  const isTaken = ({ group, version }: GroupVersion): boolean =>
    foreign.some((of) => of.group === group && of.version === version);
  return [...own.filter((of) => !isTaken(of)), ...foreign].sort(
    (a, b) => b.groupPriority - a.groupPriority || (serviceName(a) < serviceName(b) ? -1 : 1),
  );
}

/** Of groups that stand alike, the one comes first whose APIService does. */
const serviceName = ({ group, version }: GroupVersion): string => `${version}.${group}`;

interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

/**
 * `/api/v1` and `/apis/G/V`: metav1.APIResourceList. `storedAs` says in which version objects are stored; undefined for
 * what is not stored, and where nobody shall know.
 */
export function resourceList(
  { group, version, resources }: GroupVersion,
  storedAs: (kind: ResourceFacts) => ResourceFacts | undefined,
): unknown {
  const list = resources.flatMap((kind): readonly ApiResource[] => [
    {
      name: kind.plural,
      singularName: kind.singular,
      namespaced: kind.namespaced,
      kind: kind.kind,
      verbs: kind.verbsTold ?? kind.verbs,
      ...moreNames(kind),
      ...hashOf(storedAs(kind)),
    },
    ...kind.subresources.map((sub) => subresource(kind, sub)),
  ]);
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: group ? `${group}/${version}` : version,
    resources: list,
  };
}

/** The name of the version in which a resource is stored: clients see when that changes, and need not know more. */
function hashOf(stored: ResourceFacts | undefined): { readonly storageVersionHash?: string } {
  if (!stored) return {};
  const digest = sha256(encode(`${stored.group}/${stored.version}/${stored.kind}`));
  return { storageVersionHash: btoa(String.fromCharCode(...digest.subarray(0, 8))) };
}

function subresource(kind: ResourceFacts, sub: SubresourceFacts): ApiResource {
  const isForeign = sub.group !== kind.group || sub.version !== kind.version;
  return {
    name: `${kind.plural}/${sub.name}`,
    singularName: '',
    namespaced: kind.namespaced,
    ...(isForeign ? { group: sub.group, version: sub.version } : {}),
    kind: sub.kind,
    verbs: sub.verbs,
  };
}

/** `/apis`: metav1.APIGroupList. */
export const groupList = (versions: readonly GroupVersion[]): unknown => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: named(versions).map(([group, of]) => apiGroup(group, of, false)),
});

/** `/apis/G`: metav1.APIGroup. */
export function apiGroup(group: string, versions: readonly GroupVersion[], isAlone = true): unknown {
  const list = versions.map(({ version }) => ({ groupVersion: `${group}/${version}`, version }));
  return {
    ...(isAlone ? { kind: 'APIGroup', apiVersion: 'v1' } : {}),
    name: group,
    versions: list,
    preferredVersion: list[0],
  };
}

const named = (versions: readonly GroupVersion[]): readonly (readonly [string, readonly GroupVersion[]])[] =>
  [
    ...Map.groupBy(
      versions.filter((v) => v.group !== ''),
      (v) => v.group,
    ),
  ].map(([group, of]) => [group, newestFirst(of)] as const);

/** v2 before v1 before v1beta2: how clients choose a version. */
export const newestFirst = (versions: readonly GroupVersion[]): readonly GroupVersion[] =>
  versions.toSorted((a, b) => b.versionPriority - a.versionPriority || compareApiVersions(b.version, a.version));

/** `/api`: metav1.APIVersions. As all discovery of the core it does not say its own version, for clients older than those. */
export const apiVersions = (address: string): unknown => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
});

/** Aggregated discovery (KEP-3352): everything about `/api` or `/apis` in one answer. */
export function aggregated(versions: readonly GroupVersion[], isCore: boolean, ownVersion: string): unknown {
  const groups = isCore
    ? ([['', versions.filter((v) => v.group === '')]] as const)
    : named(versions).toSorted(([a, ofA], [b, ofB]) => highest(ofB) - highest(ofA) || (a < b ? -1 : 1));
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${ownVersion}`,
    metadata: {},
    items: groups.map(([group, of]) => ({
      metadata: group ? { name: group } : {},
      versions: of.map(({ version, resources, extension }) => ({
        version,
        resources: extension ? (extension.resources ?? []) : resources.map(discovered),
        freshness: extension && !extension.resources ? 'Stale' : 'Current',
      })),
    })),
  };
}

const highest = (versions: readonly GroupVersion[]): number =>
  Math.max(...versions.map(({ groupPriority }) => groupPriority));

const moreNames = ({
  shortNames,
  categories,
}: ResourceFacts): Partial<Pick<ApiResource, 'shortNames' | 'categories'>> => ({
  ...(shortNames.length > 0 ? { shortNames } : {}),
  ...(categories.length > 0 ? { categories } : {}),
});

function discovered(kind: ResourceFacts): unknown {
  return {
    resource: kind.plural,
    responseKind: responseKind(kind, kind),
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: kind.verbsTold ?? kind.verbs,
    ...moreNames(kind),
    ...(kind.subresources.length === 0
      ? {}
      : {
          subresources: kind.subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: responseKind(sub, kind),
            verbs: sub.verbs,
          })),
        }),
  };
}

/** A built-in kind of the very group and version that are listed does not say them again. */
function responseKind(
  { group, version, kind }: Pick<ResourceFacts, 'group' | 'version' | 'kind'>,
  of: ResourceFacts,
): unknown {
  const isSaid = 'origin' in of && of.origin === 'custom';
  return !isSaid && group === of.group && version === of.version
    ? { group: '', version: '', kind }
    : { group, version, kind };
}

export type { GroupVersion };
