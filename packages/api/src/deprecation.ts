import { apiVersionOf, type Deprecation, type Kind } from '@navarch/machinery';
import type { ResourceKey } from './built-in.ts';
import { resources } from './generated/resources/resources.ts';

/** The release that this server is like: 1.37. */
const MINOR = 37;
/** Versions of which the release says what to ask for instead (from the Go module k8s.io/api v0.37.2). */
const REPLACED: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io/v1beta1',
  'certificates.k8s.io/v1beta1',
  'storagemigration.k8s.io/v1beta1',
]);

/** What whoever asks for an earlier version is warned of; undefined: it is not yet on its way out. */
export function deprecationOf(key: ResourceKey, stable: Kind<any>): Deprecation | undefined {
  const facts: {
    readonly group: string;
    readonly version: string;
    readonly outdated?: { readonly since: string; readonly removed: string };
  } = resources[key];
  const { outdated } = facts;
  if (!outdated || Number(outdated.since.split('.')[1]) > MINOR) return undefined;
  const { since, removed } = outdated;
  return {
    since,
    ...(removed ? { removed } : {}),
    ...(REPLACED.has(apiVersionOf(facts)) ? { use: `${apiVersionOf(stable)} ${stable.kind}` } : {}),
  };
}
