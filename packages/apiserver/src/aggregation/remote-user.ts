import type { User } from '../auth/user.ts';
import type { RemoteHeaders } from './extension-servers.ts';

/** What the headers are called by which extension API servers learn who asks ("Authenticating Proxy"). */
export const REMOTE = {
  user: 'X-Remote-User',
  uid: 'X-Remote-Uid',
  group: 'X-Remote-Group',
  extra: 'X-Remote-Extra-',
} as const;

/** Characters that a header's name may have (RFC 9110, "token"), but for the percent sign, which escapes the others. */
const PLAIN = /^[!#$&'*+.^_`|~0-9A-Za-z-]$/;
const encoder = new TextEncoder();

/** The user as headers. Whoever sends them must prove by a certificate that it may. */
export function remoteHeaders({ name, uid, groups, extra = {} }: User): RemoteHeaders {
  return {
    [REMOTE.user.toLowerCase()]: name,
    ...(uid ? { [REMOTE.uid.toLowerCase()]: uid } : {}),
    ...(groups.length > 0 ? { [REMOTE.group.toLowerCase()]: groups } : {}),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`${REMOTE.extra}${escaped(key)}`.toLowerCase(), values]),
    ),
  };
}

const escaped = (key: string): string =>
  Array.from(encoder.encode(key), (byte) => {
    const character = String.fromCharCode(byte);
    return byte < 0x80 && PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
