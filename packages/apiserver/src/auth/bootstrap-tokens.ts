import { secret } from '@navarch/api';
import type { Registry } from '../registry/registry.ts';
import type { User } from './user.ts';

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/**
 * Bootstrap tokens are secrets in kube-system of type bootstrap.kubernetes.io/token ("Authenticating with Bootstrap
 * Tokens"). Whatever about one cannot be understood makes it void. `now` in milliseconds.
 */
export function bootstrapUser(token: string, registry: Registry, now: number): User | undefined {
  const [, id, value] = TOKEN.exec(token) ?? [];
  if (id === undefined || value === undefined) return undefined;
  const found = registry.of(secret).find('kube-system', `bootstrap-token-${id}`);
  if (found?.type !== 'bootstrap.kubernetes.io/token' || found.metadata.deletionTimestamp) return undefined;
  const field = (name: string): string => decoded(found.data?.[name] ?? '');
  if (!isSame(field('token-secret'), value) || field('token-id') !== id) return undefined;
  if (isOver(field('expiration'), now) || field('usage-bootstrap-authentication') !== 'true') return undefined;
  const groups = field('auth-extra-groups')
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '');
  if (!groups.every((group) => GROUP.test(group))) return undefined;
  return { name: `system:bootstrap:${id}`, groups: [...new Set(['system:bootstrappers', ...groups])].sort() };
}

/** A time nobody can read is over. */
function isOver(expiration: string, now: number): boolean {
  if (expiration === '') return false;
  const at = /^\d{4}-\d\d-\d\dT/.test(expiration) ? Date.parse(expiration) : Number.NaN;
  return !(at > now);
}

/** Takes as long whatever differs. */
function isSame(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

function decoded(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return '';
  }
}
