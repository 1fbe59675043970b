import { schemas } from '@navarch/api';
import { badRequest, type Decoded, decode, DecodeError } from '@navarch/machinery';
import type { Call } from '../registry/call.ts';
import { complainOf } from '../registry/incoming.ts';
import { checkSent, unhandled } from '../registry/sent-body.ts';

/**
 * Reads bodies of a type that is asked and never stored. Types are named as the API tables name them. The reader throws
 * BadRequest for whatever is no such object, and for fields that nobody knows where the call asks for it; otherwise they
 * are told, or only dropped. `earlier`: versions of the group that clients may still say it in.
 */
export function bodyReader<T>(
  type: string,
  apiVersion: string,
  kind: string,
  earlier: readonly string[] = [],
): (body: unknown, call: Call) => T {
  const schema = schemas.object(type);
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  const read = (body: object): Decoded => {
    try {
      return decode(schema, { ...body, apiVersion, kind });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw badRequest(unhandled(kind, version, error.message));
    }
  };
  return (body, call) => {
    checkSent(body, { kind, group, version, earlier });
    const { value, unknownFields } = read(body);
    complainOf({ kind, version, origin: 'built-in' }, unknownFields, call);
    return value as T;
  };
}
