import { ingressClass } from '@navarch/api';
import type { ApiObject } from '@navarch/machinery';
import { defaultOf } from '../default-class.ts';
import { defineAdmissionPlugin } from '../admission.ts';

interface Ingress extends ApiObject {
  readonly spec: { readonly ingressClassName?: string };
}

/** An ingress that names no class, new way or old, gets the default one. */
export const defaultIngressClass = defineAdmissionPlugin<Ingress>({
  name: 'DefaultIngressClass',
  on: { resources: ['networking.k8s.io/ingresses'], operations: ['CREATE'] },
  mutate(draft, _request, { registry }) {
    if (
      draft.spec.ingressClassName !== undefined ||
      draft.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined
    )
      return false;
    const standard = defaultOf(registry.of(ingressClass), ['ingressclass.kubernetes.io/is-default-class']);
    if (!standard) return false;
    draft.spec.ingressClassName = standard.metadata.name;
    return true;
  },
});
