import { badRequest, expired, jsonTypeOf, StatusError } from '@navarch/machinery';
import { jsonMistake } from '../handlers/json-mistake.ts';

/** Where the next page begins: after which key, as of which revision; -1: as of now, since that one is no longer known. */
export interface ContinueToken {
  readonly revision: number;
  readonly after: string;
}

const VERSION = 'meta.k8s.io/v1';
const NEWEST = -1;

export function encodeToken({ revision, after }: ContinueToken): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(JSON.stringify({ v: VERSION, rv: revision, start: after })))
    binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Throws BadRequest for a token that is none of ours. */
export function decodeToken(token: string): ContinueToken {
  const { v, rv, start } = parsed(token);
  if (v !== VERSION) throw notValid(`: server does not recognize this encoded version ${String(v ?? '')}`);
  if (typeof (rv ?? 0) !== 'number')
    throw notValid(`: ${misread(rv, 'Go struct field continueToken.rv of type int64')}`);
  if (typeof rv === 'number' && !Number.isInteger(rv))
    throw notValid(`: json: cannot unmarshal number ${rv} into Go struct field continueToken.rv of type int64`);
  if (typeof rv !== 'number' || rv === 0)
    throw notValid(`: incorrect encoded start resourceVersion (version ${VERSION})`);
  if (typeof start !== 'string' || start === '') throw notValid(`: encoded start key empty (version ${VERSION})`);
  if (start.includes('..') || start.includes('//')) throw notValid(`: ${start}`);
  return { revision: rv, after: start };
}

function parsed(token: string): { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown } {
  const bytes = unpacked(token);
  const mistake = jsonMistake(bytes);
  if (mistake !== undefined) throw notValid(`: ${mistake}`);
  const value = JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  if (typeof value !== 'object' || Array.isArray(value))
    throw notValid(`: ${misread(value, 'Go value of type storage.continueToken')}`);
  // Null, which is no token, has nothing in it either.
  return value ?? {};
}

/** Base 64 of addresses (RFC 4648), without padding. */
function unpacked(token: string): Uint8Array {
  const bad = /[^A-Za-z0-9_-]/.exec(token)?.index ?? (token.length % 4 === 1 ? token.length - 1 : undefined);
  if (bad !== undefined) throw notValid(`: illegal base64 data at input byte ${bad}`);
  return Uint8Array.from(atob(token.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

const misread = (value: unknown, into: string): string => `json: cannot unmarshal ${jsonTypeOf(value)} into ${into}`;

const notValid = (detail: string): StatusError =>
  badRequest(`invalid continue token: continue key is not valid${detail}`);

/** The past is no longer known; the status carries a token that goes on from the same key in the present. */
export function expiredToken({ after }: ContinueToken): StatusError {
  const { status } = expired(EXPIRED);
  return new StatusError({ ...status, metadata: { continue: encodeToken({ revision: NEWEST, after }) } });
}

const EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';
