import {
  badRequest,
  failure,
  type Kind,
  methodNotAllowed,
  notFound,
  pathSegmentErrors,
  type StatusError,
} from '@navarch/machinery';
import type { Access } from '../auth/access.ts';
import type { FeatureGates } from '../features/feature-gates.ts';
import type { Registry } from '../registry/registry.ts';
import type { Call } from '../registry/call.ts';
import type { RequestInfo } from '../request-info.ts';
import type { Tuning } from '../tuning.ts';
import type { Asking } from '../representation/representation.ts';
import type { Bodies } from './body.ts';

/** One request on its way: who asks is known and may ask. */
export interface Exchange extends Asking {
  readonly info: RequestInfo;
  readonly features: FeatureGates;
  readonly call: Call;
  readonly registry: Registry;
  readonly access: Access;
  readonly bodies: Bodies;
  readonly tuning: Tuning;
}

/** Upstream's words for a path under a served group and version that leads nowhere. */
export const notServed = (): StatusError => failure('NotFound', 'the server could not find the requested resource', {});

/** Upstream's words for a path that is there, asked in a way it does not answer. */
export const notAllowedHere = (): StatusError =>
  failure('MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

/** Custom resources are told apart by the verb of a request; all others have a route for each method that is allowed. */
export const goesByVerb = ({ origin }: Kind<any>): boolean => origin === 'custom';

/** Of what goes by verbs: a subresource that there is none of, or a verb. */
export const noSubresource = (kind: Kind<any>, { name }: RequestInfo): StatusError =>
  goesByVerb(kind) ? notFound(kind, name) : notServed();
export const noVerb = (kind: Kind<any>, { verb }: RequestInfo): StatusError =>
  goesByVerb(kind) ? methodNotAllowed(kind, verb) : notAllowedHere();

/** A method that only goes with the name of an object, asked of all of them. */
export const nameless = (): StatusError => badRequest('name must be provided');

/** Throws BadRequest for a name that nothing can have, and for none. */
export function checkStorable({ name }: RequestInfo): void {
  if (name === '') throw nameless();
  const [error] = pathSegmentErrors(name);
  if (error !== undefined) throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${error}`);
}
