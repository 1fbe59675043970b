import type { Affinity, Forward, Rule, Timeouts } from '../model.ts';
import type { Options } from './annotations.ts';

const DEFAULT_CORS = {
  methods: 'GET, PUT, POST, DELETE, PATCH, OPTIONS',
  headers:
    'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization',
  maxAgeSeconds: 1_728_000,
};
const DEFAULT_COOKIE = 'INGRESSCOOKIE';
const DEFAULT_BURST = 5;

export interface RuleSubject {
  readonly options: Options;
  /** The path as it was written. */
  readonly path: string;
  readonly isRegex: boolean;
  /** Whether its host has TLS. */
  readonly isSecured: boolean;
  readonly httpsPort: number;
  /** What decides who gets in. */
  readonly guards: readonly Rule[];
}

/** What is done with requests before they are forwarded, in the order in which nginx does it. */
export function rulesOf(subject: RuleSubject): readonly Rule[] {
  const { options, isSecured, httpsPort, guards } = subject;
  const rules: Rule[] = [];
  if (options['force-ssl-redirect'] || (isSecured && options['ssl-redirect'] !== false))
    rules.push({ do: 'secure', port: httpsPort });
  rules.push(...redirects(options));
  if (options['enable-cors']) rules.push({ do: 'share', cors: corsOf(options) });
  const admitted = options['allowlist-source-range'] ?? options['whitelist-source-range'];
  if (admitted && admitted.length > 0) rules.push({ do: 'admit', sources: admitted });
  const refused = options['denylist-source-range'];
  if (refused && refused.length > 0) rules.push({ do: 'refuse', sources: refused });
  rules.push(...limits(options), ...guards);
  const bytes = options['proxy-body-size'];
  if (bytes) rules.push({ do: 'limit-body', bytes });
  return [...rules, ...changes(subject)];
}

/** A rate of seconds before one of minutes, where both are given: one is counted. */
function limits(options: Options): readonly Rule[] {
  const [perSecond, perMinute, atOnce] = [options['limit-rps'], options['limit-rpm'], options['limit-connections']];
  const burst = options['limit-burst-multiplier'] ?? DEFAULT_BURST;
  const rate = perSecond
    ? { requests: perSecond * burst, seconds: 1 }
    : perMinute
      ? { requests: perMinute * burst, seconds: 60 }
      : undefined;
  if (!rate && !atOnce) return [];
  const except = options['limit-whitelist'] ?? [];
  return [{ do: 'limit', limit: { ...(rate ? { rate } : {}), ...(atOnce ? { atOnce } : {}), except } }];
}

function redirects(options: Options): readonly Rule[] {
  const [permanent, temporal, root] = [
    options['permanent-redirect'],
    options['temporal-redirect'],
    options['app-root'],
  ];
  return [
    ...(root ? [{ do: 'send-to', location: root, status: 302, onlyFrom: '/' } as const] : []),
    ...(temporal
      ? [{ do: 'send-to', location: temporal, status: options['temporal-redirect-code'] ?? 302 } as const]
      : []),
    ...(permanent
      ? [{ do: 'send-to', location: permanent, status: options['permanent-redirect-code'] ?? 301 } as const]
      : []),
  ];
}

function changes({ options, path, isRegex }: RuleSubject): readonly Rule[] {
  const rules: Rule[] = [];
  const [prefix, host, target] = [options['x-forwarded-prefix'], options['upstream-vhost'], options['rewrite-target']];
  if (prefix) {
    const set = [{ name: 'X-Forwarded-Prefix', value: prefix }];
    rules.push({ do: 'change-request', headers: { set, add: [], remove: [] } });
  }
  if (host) rules.push({ do: 'set-host', host });
  if (target)
    rules.push(
      isRegex
        ? { do: 'rewrite-path', pattern: `^${path}`, replacement: target, ignoreCase: true }
        : { do: 'set-path', path: target },
    );
  return rules;
}

const corsOf = (options: Options) => ({
  origins: options['cors-allow-origin'] ?? ['*'],
  methods: options['cors-allow-methods'] ?? DEFAULT_CORS.methods,
  headers: options['cors-allow-headers'] ?? DEFAULT_CORS.headers,
  exposed: options['cors-expose-headers'] ?? '',
  withCredentials: options['cors-allow-credentials'] ?? true,
  maxAgeSeconds: options['cors-max-age'] ?? DEFAULT_CORS.maxAgeSeconds,
});

const PROTOCOLS = { HTTP: 'http', AUTO_HTTP: 'http', HTTPS: 'https', GRPC: 'h2c', GRPCS: 'h2' } as const;

/** How requests are forwarded. */
export function forwardOf(options: Options): Omit<Forward, 'endpoints'> {
  const [timeouts, affinity] = [timeoutsOf(options), affinityOf(options)];
  return {
    protocol: PROTOCOLS[options['backend-protocol'] ?? 'HTTP'],
    ...(timeouts ? { timeouts } : {}),
    ...(affinity ? { affinity } : {}),
    ...(options['upstream-hash-by'] ? { balance: options['upstream-hash-by'] } : {}),
  };
}

function timeoutsOf(options: Options): Timeouts | undefined {
  const connect = options['proxy-connect-timeout'];
  // nginx has one of each direction; a connection here is idle when neither does anything.
  const idle = Math.max(options['proxy-read-timeout'] ?? 0, options['proxy-send-timeout'] ?? 0);
  if (!connect && !idle) return undefined;
  return { ...(connect ? { connectMs: connect * 1000 } : {}), ...(idle ? { idleMs: idle * 1000 } : {}) };
}

function affinityOf(options: Options): Affinity | undefined {
  if (options.affinity === undefined) return undefined;
  const maxAgeSeconds = options['session-cookie-max-age'] ?? options['session-cookie-expires'];
  const sameSite = options['session-cookie-samesite'];
  const domain = options['session-cookie-domain'];
  return {
    cookie: options['session-cookie-name'] ?? DEFAULT_COOKIE,
    isSecure: options['session-cookie-secure'] ?? false,
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
    ...(sameSite === undefined ? {} : { sameSite }),
    ...(domain === undefined ? {} : { domain }),
  };
}
