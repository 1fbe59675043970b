import type { Ingress, IngressClass } from '@navarch/api';

/** What an IngressClass says in `spec.controller` to be served by us. */
export const CONTROLLER = 'navarch.dev/ingress';
const OLD_CLASS = 'kubernetes.io/ingress.class';

/** Whether an Ingress is for us: by its class, or by the annotation of before there were classes. */
export function isOurs({ metadata, spec }: Ingress, classOf: (name: string) => IngressClass | undefined): boolean {
  const name = spec.ingressClassName ?? metadata.annotations?.[OLD_CLASS];
  return name !== undefined && classOf(name)?.spec.controller === CONTROLLER;
}
