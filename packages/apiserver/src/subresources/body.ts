import { schemas } from '@navarch/api';
import { badRequest, decode, DecodeError } from '@navarch/machinery';
import { checkSent, unhandled } from '../registry/sent-body.ts';

/**
 * Reads bodies of a type that is asked and never stored. Types are named as the API tables name them. The reader throws
 * BadRequest for whatever is no such object; fields that nobody knows are dropped.
 */
export function bodyReader<T>(type: string, apiVersion: string, kind: string): (body: unknown) => T {
  const schema = schemas.object(type);
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  return (body) => {
    checkSent(body, { kind, group, version });
    try {
      return decode(schema, { ...body, apiVersion, kind }).value as T;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw badRequest(unhandled(kind, version, error.message));
    }
  };
}
