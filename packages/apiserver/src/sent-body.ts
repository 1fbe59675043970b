import { badRequest } from '@navarch/machinery';

const NOT_AN_OBJECT = "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct { APIVersion string; Kind string }";

interface Sent {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
}

/** A body must be an object, of that kind if it says of which; `mustSay`: it has to. Throws BadRequest. */
export function checkSent(body: unknown, kind: string, apiVersion: string, mustSay = false): asserts body is object {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest(NOT_AN_OBJECT);
  const sent = body as Sent;
  const version = sent.apiVersion ?? (mustSay ? '' : apiVersion);
  if ((sent.kind ?? kind) === kind && version === apiVersion) return;
  const shown = typeof version === 'string' ? version : JSON.stringify(version);
  throw badRequest(`the API version in the data (${shown}) does not match the expected API version (${apiVersion})`);
}

/** Why a body of the right kind cannot be read. `version` is without its group. */
export const unhandled = (kind: string, version: string, why: string): string =>
  `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`;
