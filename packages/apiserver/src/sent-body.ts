import { badRequest } from '@navarch/machinery';

const NOT_AN_OBJECT = "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct { APIVersion string; Kind string }";

interface Sent {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
}

/** A body must be an object, of that kind if it says of which. Throws BadRequest. */
export function checkSent(body: unknown, kind: string, apiVersion: string): asserts body is object {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest(NOT_AN_OBJECT);
  const sent = body as Sent;
  if ((sent.kind ?? kind) === kind && (sent.apiVersion ?? apiVersion) === apiVersion) return;
  const shown = typeof sent.apiVersion === 'string' ? sent.apiVersion : JSON.stringify(sent.apiVersion);
  throw badRequest(`the API version in the data (${shown}) does not match the expected API version (${apiVersion})`);
}

/** Why a body of the right kind cannot be read. `version` is without its group. */
export const unhandled = (kind: string, version: string, why: string): string =>
  `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`;
