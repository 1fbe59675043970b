import { schemas } from '@navarch/api';
import { badRequest, decode, DecodeError } from '@navarch/machinery';

/**
 * Reads bodies of a type that is asked and never stored. Types are named as the API tables name them. The reader throws
 * BadRequest for whatever is no such object; fields that nobody knows are dropped.
 */
export function bodyReader<T>(type: string, apiVersion: string, kind: string): (body: unknown) => T {
  const schema = schemas.object(type);
  return (body) => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw badRequest(
        "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct { APIVersion string; Kind string }",
      );
    }
    const sent = body as { readonly apiVersion?: unknown; readonly kind?: unknown };
    if ((sent.apiVersion ?? apiVersion) !== apiVersion || (sent.kind ?? kind) !== kind) {
      throw badRequest(
        `the API version in the data (${typeof sent.apiVersion === 'string' ? sent.apiVersion : JSON.stringify(sent.apiVersion)}) does not match the expected API version (${apiVersion})`,
      );
    }
    try {
      return decode(schema, { ...body, apiVersion, kind }).value as T;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw badRequest(
        `${kind} in version ${JSON.stringify(apiVersion.split('/').at(-1))} cannot be handled as a ${kind}: ${error.message}`,
      );
    }
  };
}
