import type { Ingress, IngressClass } from '@navarch/api';

/** What an IngressClass says in `spec.controller` to be served by us. */
export const CONTROLLER = 'navarch.dev/ingress';
/** On a class of ours, `namespace/name` of a secret: what is shown to whom no other certificate is meant for. */
const DEFAULT_CERTIFICATE = 'ingress.navarch.dev/default-certificate';
const OLD_CLASS = 'kubernetes.io/ingress.class';

/** Whether an Ingress is for us: by its class, or by the annotation of before there were classes. */
export function isOurs({ metadata, spec }: Ingress, classOf: (name: string) => IngressClass | undefined): boolean {
  const name = spec.ingressClassName ?? metadata.annotations?.[OLD_CLASS];
  return name !== undefined && classOf(name)?.spec.controller === CONTROLLER;
}

export interface DefaultCertificate {
  readonly namespace: string;
  readonly secretName: string;
  /** The class that says so. */
  readonly owner: string;
}

/** Of several classes that name one, the first by name. */
export function defaultCertificateOf(classes: readonly IngressClass[]): DefaultCertificate | undefined {
  return ownClasses(classes)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap(({ metadata }) => {
      const [namespace = '', secretName = ''] = (metadata.annotations?.[DEFAULT_CERTIFICATE] ?? '').split('/');
      return secretName === '' ? [] : [{ namespace, secretName, owner: ownerOfClass(metadata) }];
    })[0];
}

export const ownClasses = (classes: readonly IngressClass[]): readonly IngressClass[] =>
  classes.filter(({ spec }) => spec.controller === CONTROLLER);

export const ownerOfClass = ({ name }: { readonly name: string }): string => `IngressClass ${name}`;
