import { configMap } from '@navarch/api';
import { equalJson } from '@navarch/machinery';
import { systemUser } from '../auth/user.ts';
import type { Registry } from '../registry/registry.ts';
import { REMOTE } from './remote-user.ts';

export interface AuthenticationConfig {
  /** PEM of the authority of clients' certificates. */
  readonly clientAuthority: string;
  /** PEM of the authority of whoever may name users by headers. */
  readonly requestHeaderAuthority: string;
  /** The common names that such a certificate may have. */
  readonly allowedNames: readonly string[];
}

const NAMESPACE = 'kube-system';
const NAME = 'extension-apiserver-authentication';

/**
 * Writes down for extension API servers whom to believe: they read it under a role of that name. What others keep there
 * stays. `tellsUid`: whether they are told the uid of who asks.
 */
export async function ensureAuthenticationConfig(
  registry: Registry,
  config: AuthenticationConfig,
  tellsUid: boolean,
): Promise<void> {
  const { clientAuthority, requestHeaderAuthority, allowedNames } = config;
  const configMaps = registry.of(configMap);
  const list = (...texts: readonly string[]): string => JSON.stringify(texts);
  const data = {
    'client-ca-file': clientAuthority,
    'requestheader-allowed-names': list(...allowedNames),
    'requestheader-client-ca-file': requestHeaderAuthority,
    'requestheader-extra-headers-prefix': list(REMOTE.extra),
    'requestheader-group-headers': list(REMOTE.group),
    'requestheader-uid-headers': list(...(tellsUid ? [REMOTE.uid] : [])),
    'requestheader-username-headers': list(REMOTE.user),
  };
  const call = { user: systemUser, isDryRun: false } as const;
  const found = configMaps.find(NAMESPACE, NAME);
  if (!found) await configMaps.create(NAMESPACE, { metadata: { name: NAME, namespace: NAMESPACE }, data }, call);
  else if (!equalJson({ ...found.data, ...data }, found.data ?? {}))
    await configMaps.update(NAMESPACE, NAME, (current) => ({ ...current, data: { ...current.data, ...data } }), call);
}
