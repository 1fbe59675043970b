import type { ApiObject, Field, Mutable, Patterns } from '@navarch/machinery';
import type { Access } from '../auth/access.ts';
import type { AdmissionMeasures } from '../observe/admission-measures.ts';
import type { Registry } from '../registry/registry.ts';
import type { AdmissionRequest, Mutation, Operation } from './request.ts';

/** What it may look at. */
export interface AdmissionContext {
  readonly registry: Registry;
  readonly access: Access;
  readonly measures: AdmissionMeasures;
  /** How patterns of expressions are matched. */
  readonly patterns: Patterns;
  /** Milliseconds since the epoch. */
  readonly now: number;
  randomSuffix(): string;
}

/** What a plugin looks at. Matching is the chain's business, so that a plugin never casts or checks. */
export interface Scope {
  /** `group/resource`, e.g. `/pods`; absent: every resource. */
  readonly resources?: readonly string[];
  readonly operations: readonly Operation[];
  /** Absent: the main resource only; `*`: every subresource too. */
  readonly subresources?: readonly string[] | '*';
}

/** What two plugins did. */
export function both(one: Mutation, other: Mutation): Mutation {
  return one === true || other === true || one || other;
}

/**
 * One rule about what may come in. Mutating hooks run first, in the order of the list, on a draft nobody else has
 * seen; validating hooks see the result. A hook refuses by throwing StatusError, or by errors on the field. A hook that
 * has to wait returns a promise; one that decides by what is stored answers at once, so that it is still so at the commit.
 */
export interface AdmissionPlugin {
  readonly name: string;
  /** Asked only where it is named: upstream has it off. */
  readonly isOptional?: true;
  readonly on: Scope;
  mutate?(
    draft: Mutable<ApiObject>,
    request: AdmissionRequest,
    context: AdmissionContext,
  ): Mutation | Promise<Mutation>;
  validate?(object: ApiObject, at: Field, request: AdmissionRequest, context: AdmissionContext): void | Promise<void>;
}

type RequestFor<Obj> = AdmissionRequest & { readonly previous: Obj | undefined };

/** Ties the hooks' types to the kind they are for. */
export function defineAdmissionPlugin<Obj extends ApiObject>(plugin: {
  readonly name: string;
  readonly isOptional?: true;
  readonly on: Scope;
  mutate?(draft: Mutable<Obj>, request: RequestFor<Obj>, context: AdmissionContext): Mutation | Promise<Mutation>;
  validate?(object: Obj, at: Field, request: RequestFor<Obj>, context: AdmissionContext): void | Promise<void>;
}): AdmissionPlugin {
  return Object.freeze(plugin as unknown as AdmissionPlugin);
}

export const resourceOf = ({ kind }: AdmissionRequest): string => `${kind.group}/${kind.plural}`;

export function applies({ on }: AdmissionPlugin, request: AdmissionRequest): boolean {
  if (!on.operations.includes(request.operation)) return false;
  if (on.resources !== undefined && !on.resources.includes(resourceOf(request))) return false;
  if (on.subresources === '*') return true;
  return request.subresource === ''
    ? on.subresources === undefined || on.subresources.includes('')
    : (on.subresources?.includes(request.subresource) ?? false);
}
