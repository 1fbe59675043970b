import { badRequest, expired } from '@navarch/machinery';

/** Where the next page begins: after which key, as of which revision. */
export interface ContinueToken {
  readonly revision: number;
  readonly after: string;
}

export function encodeToken({ revision, after }: ContinueToken): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: after }))) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Throws BadRequest for a token that is none of ours. */
export function decodeToken(token: string): ContinueToken {
  try {
    const binary = atob(token.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
    const value = JSON.parse(new TextDecoder().decode(bytes)) as { rv?: unknown; start?: unknown };
    if (typeof value.rv === 'number' && typeof value.start === 'string' && !value.start.includes('..')) return { revision: value.rv, after: value.start };
  } catch {
    // Said below, in one way for everything that is wrong with it.
  }
  throw badRequest('continue key is not valid: the token could not be read');
}

export const expiredToken = (): Error =>
  expired('The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.');
