import type { Kind } from '@navarch/machinery';
import { admissionRequest, admitBody } from '../registry/admitting.ts';
import type { SubresourceContext } from './subresource.ts';

/** Lets admission see what is asked and never stored, before it is answered. Webhooks may change it. */
export const admitReview = (
  kind: Kind<any>,
  body: object,
  { registry, info: { namespace }, call }: SubresourceContext,
): Promise<void> =>
  admitBody(registry.admissionOf(kind), kind, body, admissionRequest(kind, 'CREATE', { namespace, name: '' }, call));
