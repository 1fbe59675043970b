import { type ApiObject, conflict, Field, invalid, type Kind } from '@navarch/machinery';
import { outdated } from './meta.ts';
import { ownFault } from './own-fault.ts';
import { revisionFault } from './revision-text.ts';
import { OBJECT_MODIFIED } from './meta.ts';

/** Which object a writer means. What is absent or empty may be anything. */
export interface Meant {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

const SHOWN = { uid: 'UID', resourceVersion: 'ResourceVersion' } as const;

/** How upstream tells that an object is not the one that is meant; undefined: it may be. `found` is absent where there is none. */
export function mistaken(meant: Meant, found: Meant | undefined): string | undefined {
  for (const field of ['uid', 'resourceVersion'] as const) {
    const [wanted, there = ''] = [meant[field], found?.[field]];
    if (wanted && wanted !== there)
      return `Precondition failed: ${SHOWN[field]} in precondition: ${wanted}, ${SHOWN[field]} in object meta: ${there}`;
  }
  return undefined;
}

/** What is under a key is what a write of the whole object, or of a part of it, means. Throws Conflict. */
export function checkMeant(
  kind: Kind<any>,
  { key, name }: { readonly key: string; readonly name: string },
  meant: Meant,
  found: ApiObject | undefined,
): void {
  const mistake = mistaken(meant, found?.metadata);
  if (mistake !== undefined) throw conflict(kind, name, outdated(key, mistake));
}

/** A version that some object could have, or none. Throws what upstream takes for a fault of its own. */
export function checkClaim({ resourceVersion = '' }: Meant): void {
  const fault = resourceVersion === '' ? undefined : revisionFault(resourceVersion);
  if (fault !== undefined) throw ownFault(fault);
}

/**
 * The version that an object is to take the place of is the one that is there. None, and 0, is any, where the kind allows
 * that. Throws Conflict, Invalid, and what `checkClaim` throws.
 */
export function checkVersion(kind: Kind<any>, claim: Meant, current: ApiObject['metadata']): void {
  const { name, resourceVersion: found } = current;
  const { resourceVersion: claimed = '' } = claim;
  if (claimed === found) return;
  checkClaim(claim);
  if (/^0*$/.test(claimed)) {
    if (kind.behaviour.updatesUnconditionally !== false) return;
    const at = new Field('metadata');
    at.at('resourceVersion').invalid(0, 'must be specified for an update');
    throw invalid({ group: kind.group, kind: kind.plural }, name, at.errors);
  }
  if (claimed.replace(/^0+/, '') !== found) throw conflict(kind, name, OBJECT_MODIFIED);
}
