import { resourceClaim, resourceClaimTemplate } from '@navarch/api';
import { type ApiObject, controllerReference, keyIn, type Kind } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { count } from '../shared/measure.ts';
import type { Claim } from './consumers.ts';

const CREATED = count(
  'dynamic_resource_allocation_resourceclaim_creates_total',
  '[ALPHA] ResourceClaims that were asked for, by what came of it and access as an administrator',
);
/** A name of 63 characters has room for a hyphen and five random ones behind this. */
const BASE_LENGTH_MAX = 57;

interface Wanted<O extends ApiObject> {
  readonly kind: Kind<O>;
  readonly owner: O;
  /** The owner's name for it. */
  readonly name: string;
  readonly template: string;
  /** Where it is written down which of the owner's claims it is. */
  readonly annotation: string;
}

/** Makes one of its owner's claims from the template that it names. Rejects where there is none. */
export async function makeClaim<O extends ApiObject>(
  { kind, owner, name, template: templateName, annotation }: Wanted<O>,
  { api, cache, metrics }: Context,
): Promise<Claim> {
  const { namespace } = owner.metadata;
  const template = cache.get(resourceClaimTemplate, keyIn(namespace, templateName));
  if (!template) {
    const missing = JSON.stringify(templateName);
    throw new Error(`resource claim template ${missing}: resourceclaimtemplate.resource.k8s.io ${missing} not found`);
  }
  const { labels, annotations } = template.spec.metadata ?? {};
  const admin_access = String(asksForAdmin(template.spec.spec));
  try {
    const created = await api.of(resourceClaim).create({
      metadata: {
        namespace,
        generateName: generateNameOf(owner.metadata.name, name),
        ...(labels ? { labels } : {}),
        annotations: { ...annotations, [annotation]: name },
        ownerReferences: [controllerReference(kind, owner)],
      },
      spec: template.spec.spec,
    });
    CREATED.add(metrics, { status: 'success', admin_access });
    return created;
  } catch (error) {
    CREATED.add(metrics, { status: 'failure', admin_access });
    throw error;
  }
}

export const asksForAdmin = ({ devices }: Claim['spec']): boolean =>
  (devices?.requests ?? []).some(({ exactly }) => exactly?.adminAccess === true);

/** Of names that are too long both lose their ends, each its share: the server would cut off the second alone. */
export function generateNameOf(ownerName: string, claimName: string): string {
  const whole = `${ownerName}-${claimName}-`;
  if (whole.length <= BASE_LENGTH_MAX) return whole;
  const cut = (text: string): string => text.slice(0, Math.floor((text.length * BASE_LENGTH_MAX) / whole.length));
  return `${cut(ownerName)}-${cut(claimName)}-`;
}
