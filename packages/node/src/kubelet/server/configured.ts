import type { SecureContextOptions } from 'node:tls';
import { type AccessPolicy, type CompleteConfiguration, HttpRefusal } from '@navarch/kubelet';
import { parseDuration } from '@navarch/machinery';
import type { KubeletServerOptions } from './options.ts';

/** Upstream's streamingConnectionIdleTimeout. */
const IDLE_MS = 4 * 60 * 60 * 1000;
const msOf = (duration: string): number => parseDuration(duration) ?? 0;

/** How long a connection to a container may say nothing. */
export const idleMsOf = (config: CompleteConfiguration | undefined): number =>
  config ? msOf(config.streamingConnectionIdleTimeout) : IDLE_MS;

export function policyOf({ authentication, authorization }: CompleteConfiguration): AccessPolicy {
  return {
    hasAnonymous: authentication.anonymous.enabled ?? false,
    hasTokens: authentication.webhook.enabled ?? true,
    allowsAll: authorization.mode === 'AlwaysAllow',
    tokenMs: msOf(authentication.webhook.cacheTTL),
    allowedMs: msOf(authorization.webhook.cacheAuthorizedTTL),
    deniedMs: msOf(authorization.webhook.cacheUnauthorizedTTL),
  };
}

const VERSIONS = { VersionTLS12: 'TLSv1.2', VersionTLS13: 'TLSv1.3' } as const;

export function tlsOf(config: CompleteConfiguration | undefined): SecureContextOptions {
  const { tlsMinVersion = '', tlsCipherSuites = [] } = config ?? {};
  const minVersion = VERSIONS[tlsMinVersion as keyof typeof VERSIONS];
  return {
    ...(minVersion ? { minVersion } : {}),
    ...(tlsCipherSuites.length > 0 ? { ciphers: tlsCipherSuites.map(cipherOf).join(':') } : {}),
  };
}

/** OpenSSL calls `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` `ECDHE-RSA-AES128-GCM-SHA256`; those of TLS 1.3 are called alike. */
function cipherOf(name: string): string {
  if (!name.includes('_WITH_')) return name;
  return name
    .replace(/^TLS_/, '')
    .replace('_WITH_', '_')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace(/(CHACHA20_POLY1305)_SHA256$/, '$1')
    .replaceAll('_', '-');
}

const DEBUGGING = ['run', 'exec', 'attach', 'portForward', 'containerLogs', 'runningpods', 'logs'];

/** Throws HttpRefusal for what the configuration has switched off. */
export function refuseDisabled(config: CompleteConfiguration | undefined, path: string): void {
  const [, first = ''] = path.split('/');
  if (config && !config.enableDebuggingHandlers && DEBUGGING.includes(first))
    throw new HttpRefusal(405, 'Debug endpoints are disabled.');
  if (config && !config.enableSystemLogHandler && first === 'logs')
    throw new HttpRefusal(405, 'logs endpoint is disabled.');
}

/** The settings that hold, whoever has said so. */
export const configuration = ({ config, address, port }: KubeletServerOptions): unknown => ({
  kind: 'KubeletConfiguration',
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  ...config,
  address,
  port,
});
