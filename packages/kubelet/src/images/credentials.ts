import type { Secret } from '@navarch/api';
import type { AuthConfig, Input } from '../cri/index.ts';
import { decoded } from '../base64.ts';

/** A login, and the secret that it is from. */
export interface Login {
  readonly auth: Input<AuthConfig>;
  readonly secretUid: string;
}

interface Entry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

type Entries = Readonly<Record<string, Entry>>;

/**
 * The logins of a pod's pull secrets that are meant for the image, the most particular first: host (with `*` for a
 * part of it), port and the beginning of the path must agree (Kubernetes's documentation of config.json).
 * What cannot be read is passed over, as upstream does: another secret may do.
 */
export function credentialsFor(reference: string, secrets: readonly Secret[]): readonly Login[] {
  return secrets
    .flatMap((secret) =>
      Object.entries(entriesOf(secret)).map(([key, entry]) => ({
        place: placeOf(key),
        auth: authOf(entry),
        secretUid: secret.metadata.uid,
      })),
    )
    .filter(({ place }) => isMeantFor(place, reference))
    .toSorted((a, b) => b.place.length - a.place.length)
    .flatMap(({ auth, secretUid }) => (auth ? [{ auth, secretUid }] : []));
}

function entriesOf({ type, data }: Secret): Entries {
  const [key, pick] =
    type === 'kubernetes.io/dockercfg'
      ? (['.dockercfg', (value: unknown) => value] as const)
      : (['.dockerconfigjson', (value: unknown) => (value as { auths?: unknown } | null)?.auths] as const);
  const text = data?.[key];
  if (text === undefined) return {};
  try {
    const entries = pick(JSON.parse(decoded(text)));
    return typeof entries === 'object' && entries !== null ? (entries as Entries) : {};
  } catch {
    return {};
  }
}

/** `docker.io` for `https://index.docker.io/v1/`, `host/path` for `https://host/v2/path`. */
function placeOf(key: string): string {
  const bare = key.replace(/^[a-z]+:\/\//, '').replace(/\/+$/, '');
  const [host = '', ...path] = bare.split('/');
  if (path[0] === 'v1' || path[0] === 'v2') path.shift();
  return [host === 'index.docker.io' ? 'docker.io' : host, ...path].join('/');
}

function isMeantFor(place: string, reference: string): boolean {
  const [host = '', ...path] = place.split('/');
  const [wanted = '', ...rest] = reference.split('/');
  const [name = '', port = ''] = host.split(':');
  const [wantedName = '', wantedPort = ''] = wanted.split(':');
  if (port !== wantedPort) return false;
  const [parts, wantedParts] = [name.split('.'), wantedName.split('.')];
  const isHost =
    parts.length === wantedParts.length && parts.every((part, i) => isGlobMatch(part, wantedParts[i] ?? ''));
  return isHost && rest.join('/').startsWith(path.join('/'));
}

function isGlobMatch(pattern: string, text: string): boolean {
  const source = pattern
    .split('')
    .map((c) => (c === '*' ? '[^.]*' : c === '?' ? '[^.]' : c.replace(/[\\^$+.()|{}]/g, '\\$&')))
    .join('');
  try {
    return new RegExp(`^${source}$`).test(text);
  } catch {
    return false; // An unfinished set of characters.
  }
}

/** `auth` is base64 of `user:password`; runtimes take either, and some only the pair. */
function authOf({
  username = '',
  password = '',
  auth = '',
  identitytoken = '',
  registrytoken = '',
}: Entry): Input<AuthConfig> | undefined {
  const pair = auth ? pairOf(auth) : undefined;
  const login = {
    username: username || pair?.username || '',
    password: password || pair?.password || '',
    identityToken: identitytoken,
    registryToken: registrytoken,
  };
  return login.username || login.password || login.identityToken || login.registryToken ? login : undefined;
}

function pairOf(auth: string): { readonly username: string; readonly password: string } | undefined {
  try {
    const text = decoded(auth);
    const colon = text.indexOf(':');
    return colon < 0
      ? undefined
      : { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
  } catch {
    return undefined;
  }
}
