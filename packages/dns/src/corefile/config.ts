import type { ClusterZone } from '../cluster/zone.ts';
import type { HostRecords } from '../chain/hosts.ts';
import type { Rewrite } from '../chain/rewrite.ts';
import type { AnswerTemplate } from '../chain/answer-templates.ts';
import type { LogRule } from '../chain/log-line.ts';

/** What a Corefile says, as far as it is served. */
export interface Config {
  readonly blocks: readonly ServerBlock[];
}

/** A server block: how names of some zones are answered. Zones are lower case, without the final dot; the root is ``. */
export interface ServerBlock {
  readonly zones: readonly string[];
  readonly errors: boolean;
  readonly log: readonly LogRule[];
  readonly loadbalance: boolean;
  /** No more bytes than this are sent over UDP. */
  readonly bufsize?: number;
  readonly rewrites: readonly Rewrite[];
  readonly cache?: CacheRule;
  readonly templates: readonly AnswerTemplate[];
  readonly hosts?: HostRecords;
  readonly cluster?: ClusterZone;
  readonly loop: boolean;
  readonly forwards: readonly ForwardRule[];
  /** Where these are told of, as `HOST:PORT` or `:PORT`. */
  readonly prometheus?: string;
  readonly health?: string;
  readonly ready?: string;
}

export interface CacheRule {
  readonly zones: readonly string[];
  readonly success: CachedSort;
  readonly denial: CachedSort;
  /** How long a failure of the others is remembered. */
  readonly failureSeconds: number;
}

export interface CachedSort {
  readonly entriesMax: number;
  readonly ttlMax: number;
  readonly ttlMin: number;
  /** Zones of which nothing of this sort is remembered. */
  readonly disabled: readonly string[];
}

export interface ForwardRule {
  /** Names in this zone are asked for elsewhere. */
  readonly from: string;
  /** And these are not. */
  readonly except: readonly string[];
  readonly to: readonly UpstreamAddress[];
  readonly policy: 'random' | 'round_robin' | 'sequential';
  /** As the client asked, or always over TCP, or over UDP as long as that has room. */
  readonly transport: 'same' | 'tcp' | 'udp';
  /** Failures in a row after which an upstream is left alone until it answers again; 0: never. */
  readonly failsMax: number;
  readonly healthCheckMs: number;
  readonly healthCheckName: string;
  readonly healthCheckRecursive: boolean;
  /** Questions under way; more are refused. */
  readonly concurrentMax: number;
  /** Codes with which the next rule is tried. */
  readonly next: readonly number[];
  /** Codes with which the next upstream is tried. */
  readonly failover: readonly number[];
  readonly failsFast: boolean;
}

/** `resolvers` stands for those of the machine. */
export type UpstreamAddress = 'resolvers' | { readonly address: string; readonly port: number };
