import type { ClusterZone } from '../cluster/zone.ts';
import type { CacheRule, Config, ForwardRule } from './config.ts';

export const CLUSTER_DEFAULTS: Omit<ClusterZone, 'zones'> = {
  ttl: 5,
  pods: 'disabled',
  endpointPodNames: false,
  namespaces: [],
  noEndpoints: false,
  ignoreEmptyService: false,
  fallthrough: [],
};

export const FORWARD_DEFAULTS: Omit<ForwardRule, 'from' | 'to'> = {
  except: [],
  policy: 'random',
  transport: 'same',
  failsMax: 2,
  healthCheckMs: 500,
  healthCheckName: '',
  healthCheckRecursive: true,
  concurrentMax: 1000,
  next: [],
  failover: [],
  failsFast: false,
};

export const CACHE_DEFAULTS: CacheRule = {
  zones: [''],
  success: { entriesMax: 9984, ttlMax: 3600, ttlMin: 5, disabled: [] },
  denial: { entriesMax: 9984, ttlMax: 1800, ttlMin: 5, disabled: [] },
  failureSeconds: 5,
};

const REVERSE = ['in-addr.arpa', 'ip6.arpa'] as const;
const CACHE_SECONDS = 30;

/** What a fresh cluster has upstream, for where nobody wrote a Corefile. */
export const defaultConfig = (domain: string, ttl: number): Config => ({
  blocks: [
    {
      zones: [''],
      errors: true,
      log: [],
      loadbalance: true,
      rewrites: [],
      templates: [],
      loop: true,
      cluster: { ...CLUSTER_DEFAULTS, zones: [domain, ...REVERSE], ttl, pods: 'insecure', fallthrough: REVERSE },
      cache: {
        ...CACHE_DEFAULTS,
        success: { ...CACHE_DEFAULTS.success, ttlMax: CACHE_SECONDS },
        denial: { ...CACHE_DEFAULTS.denial, ttlMax: CACHE_SECONDS },
      },
      forwards: [{ ...FORWARD_DEFAULTS, from: '', to: ['resolvers'] }],
      prometheus: ':9153',
    },
  ],
});
