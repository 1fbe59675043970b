import { failure, type Kind, methodNotAllowed, notFound, type StatusError } from '@navarch/machinery';
import type { FeatureGates } from '../features/feature-gates.ts';
import type { Registry } from '../registry/registry.ts';
import type { Call } from '../registry/call.ts';
import type { RequestInfo } from '../request-info.ts';
import type { Asking } from '../representation/representation.ts';
import type { Bodies } from './body.ts';

/** One request on its way: who asks is known and may ask. */
export interface Exchange extends Asking {
  readonly info: RequestInfo;
  readonly features: FeatureGates;
  readonly call: Call;
  readonly registry: Registry;
  readonly bodies: Bodies;
}

/** Upstream's words for a path under a served group and version that leads nowhere. */
export const notServed = (): StatusError => failure('NotFound', 'the server could not find the requested resource', {});

/** Upstream's words for a path that is there, asked in a way it does not answer. */
export const notAllowedHere = (): StatusError =>
  failure('MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

/** Of custom resources, whose paths are told apart by hand: a subresource that there is none of, or a verb. */
export const noSubresource = (kind: Kind<any>, { name }: RequestInfo): StatusError =>
  kind.origin === 'custom' ? notFound(kind, name) : notServed();
export const noVerb = (kind: Kind<any>, { verb }: RequestInfo): StatusError =>
  kind.origin === 'custom' ? methodNotAllowed(kind, verb) : notAllowedHere();
