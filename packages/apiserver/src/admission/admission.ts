import type { ApiObject, Field, Kind, Mutable } from '@navarch/machinery';
import type { User } from '../auth/user.ts';
import type { Registry } from '../registry/registry.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What an admission plugin is told about a request. */
export interface AdmissionRequest {
  readonly kind: Kind<any>;
  readonly operation: Operation;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: User;
  readonly previous: ApiObject | undefined;
  readonly isDryRun: boolean;
}

/** What it may look at. */
export interface AdmissionContext {
  readonly registry: Registry;
  readonly now: number;
  randomSuffix(): string;
}

/**
 * One rule about what may come in. Mutating hooks run first, in the order of the list, on a draft nobody else has
 * seen; validating hooks see the result. A hook refuses by throwing StatusError, or by errors on the field.
 */
export interface AdmissionPlugin {
  readonly name: string;
  readonly on: {
    /** `group/resource`, e.g. `/pods`; absent: every resource. */
    readonly resource?: string;
    readonly operations: readonly Operation[];
    /** Absent: the main resource only; `*`: every subresource too. */
    readonly subresource?: string;
  };
  /** True when it changed something. */
  mutate?(draft: Mutable<ApiObject>, request: AdmissionRequest, context: AdmissionContext): boolean;
  validate?(object: ApiObject, at: Field, request: AdmissionRequest, context: AdmissionContext): void;
}

/** Ties the hooks' types to the kind they are for: the chain does the matching, so a plugin never casts or checks. */
export function defineAdmission<Obj extends ApiObject>(plugin: {
  readonly name: string;
  readonly on: AdmissionPlugin['on'];
  mutate?(draft: Mutable<Obj>, request: AdmissionRequest & { readonly previous: Obj | undefined }, context: AdmissionContext): boolean;
  validate?(object: Obj, at: Field, request: AdmissionRequest & { readonly previous: Obj | undefined }, context: AdmissionContext): void;
}): AdmissionPlugin {
  return Object.freeze(plugin as unknown as AdmissionPlugin);
}

export const applies = (plugin: AdmissionPlugin, request: AdmissionRequest): boolean =>
  plugin.on.operations.includes(request.operation) &&
  (plugin.on.resource === undefined || plugin.on.resource === `${request.kind.group}/${request.kind.plural}`) &&
  (plugin.on.subresource === '*' || (plugin.on.subresource ?? '') === request.subresource);
