/**
 * What a server does when it starts and clients may look after, under upstream's names: those that this server has
 * something for, in the order in which they are shown.
 */
export const START_HOOKS = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  'priority-and-fairness-config-consumer',
  'priority-and-fairness-filter',
  'storage-object-count-tracker-hook',
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'start-system-namespaces-controller',
  'start-cluster-authentication-info-controller',
  'start-kube-apiserver-identity-lease-controller',
  'start-kube-apiserver-identity-lease-garbage-collector',
  'storage-readiness',
  'start-legacy-token-tracking-controller',
  'start-service-ip-repair-controllers',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'bootstrap-controller',
  'start-kubernetes-service-cidr-controller',
  'start-kube-aggregator-informers',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
  'apiservice-openapi-controller',
  'apiservice-openapiv3-controller',
] as const;

export type StartHook = (typeof START_HOOKS)[number];

/** What a server that has no name among others does not do. */
export const IDENTITY_HOOKS = [
  'start-kube-apiserver-identity-lease-controller',
  'start-kube-apiserver-identity-lease-garbage-collector',
] as const satisfies readonly StartHook[];

/** Which of them are through. */
export class StartHooks {
  readonly #through = new Set<StartHook>();

  through(...hooks: readonly StartHook[]): void {
    for (const hook of hooks) this.#through.add(hook);
  }

  isThrough(hook: StartHook): boolean {
    return this.#through.has(hook);
  }
}
