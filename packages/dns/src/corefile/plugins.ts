import { hostRecords } from '../chain/hosts.ts';
import type { LogClass } from '../chain/log-line.ts';
import { type PodMode } from '../cluster/zone.ts';
import type { CacheRule, CachedSort, ServerBlock } from './config.ts';
import { CACHE_DEFAULTS, CLUSTER_DEFAULTS } from './defaults.ts';
import { forward } from './forward-plugin.ts';
import { durationMs, noArguments, numberOf, type Plugin, unknownOption } from './plugin.ts';
import { CorefileError, type Directive } from './read-blocks.ts';
import { zonesOf } from './zones.ts';
import { rewrite } from './rewrite-plugin.ts';
import { template } from './template-plugin.ts';

const TTL_MAX = 3600;
const BUFSIZE_DEFAULT = 1232;
const ENTRIES_MAX = 1_000_000;
const LOG_CLASSES: readonly string[] = ['all', 'success', 'denial', 'error'] satisfies readonly LogClass[];
const POD_MODES: readonly string[] = ['disabled', 'insecure', 'verified'] satisfies readonly PodMode[];

/** The zones that are named, or else those of the block. */
const zonesOr = (names: readonly string[], { line }: Directive, otherwise: readonly string[]): readonly string[] =>
  names.length > 0 ? names.flatMap((name) => zonesOf(name, line)) : otherwise;

const errors: Plugin = {
  name: 'errors',
  read(directive) {
    // What goes wrong is logged as everything else is, each sort of it seldom.
    for (const option of directive.body)
      if (!['consolidate', 'stacktrace'].includes(option.name)) unknownOption(directive, option);
    return { errors: true };
  },
};

const log: Plugin = {
  name: 'log',
  isRepeated: true,
  read(directive, { block }) {
    if (directive.args.some((arg) => arg.includes('{')))
      throw new CorefileError(directive.line, 'log: only the common format is supported');
    const classes = directive.body.flatMap((option) => {
      if (option.name !== 'class') unknownOption(directive, option);
      const other = option.args.find((arg) => !LOG_CLASSES.includes(arg));
      if (other !== undefined) throw new CorefileError(option.line, `log: "${other}" is no class of answers`);
      return option.args as readonly LogClass[];
    });
    const rule = {
      zones: zonesOr(directive.args, directive, block.zones),
      classes: classes.length > 0 ? classes : (['all'] as const),
    };
    return { log: [...block.log, rule] };
  },
};

/** Where a service of HTTP listens: `:9153` or `ADDRESS:PORT`. */
const endpoint = (name: 'prometheus' | 'health' | 'ready', otherwise: string, options: readonly string[]): Plugin => ({
  name,
  read(directive): Partial<ServerBlock> {
    const [place = otherwise, ...more] = directive.args;
    if (more.length > 0 || !/:\d{1,5}$/.test(place))
      throw new CorefileError(directive.line, `${name}: "${directive.args.join(' ')}" is no address with a port`);
    for (const option of directive.body) if (!options.includes(option.name)) unknownOption(directive, option);
    return { [name]: place };
  },
});

const kubernetes: Plugin = {
  name: 'kubernetes',
  read(directive, { block }) {
    const zones = zonesOr(directive.args, directive, block.zones);
    let cluster = { ...CLUSTER_DEFAULTS, zones };
    for (const option of directive.body) {
      const { args, line } = option;
      switch (option.name) {
        case 'pods': {
          const [mode = ''] = args;
          if (!POD_MODES.includes(mode))
            throw new CorefileError(line, `kubernetes: pods are disabled, insecure or verified, not "${mode}"`);
          cluster = { ...cluster, pods: mode as PodMode };
          break;
        }
        case 'ttl':
          cluster = { ...cluster, ttl: numberOf(args[0], option, [0, TTL_MAX]) };
          break;
        case 'fallthrough':
          cluster = { ...cluster, fallthrough: zonesOr(args, option, zones) };
          break;
        case 'namespaces':
          cluster = { ...cluster, namespaces: args };
          break;
        case 'endpoint_pod_names':
          cluster = { ...cluster, endpointPodNames: true };
          break;
        case 'noendpoints':
          cluster = { ...cluster, noEndpoints: true };
          break;
        case 'ignore':
          if (args[0] !== 'empty_service') unknownOption(directive, option);
          cluster = { ...cluster, ignoreEmptyService: true };
          break;
        // How CoreDNS gets at the API: the agent is there already.
        case 'startup_timeout':
        case 'apiserver_qps':
        case 'apiserver_burst':
        case 'apiserver_max_inflight':
          break;
        default:
          unknownOption(directive, option);
      }
    }
    return { cluster };
  },
};

const hosts: Plugin = {
  name: 'hosts',
  read(directive, { block, files }) {
    const [file, ...zones] = directive.args;
    let [ttl, hasReverse] = [3600, true];
    let fallthrough: readonly string[] = [];
    const lines: string[] = [];
    if (file !== undefined) {
      // Upstream the ConfigMap is mounted as files.
      const text = files.get(file.replace(/^.*\//, ''));
      if (text === undefined)
        throw new CorefileError(directive.line, `hosts: the ConfigMap has no "${file.replace(/^.*\//, '')}"`);
      lines.push(...text.split('\n'));
    }
    const own = zonesOr(zones, directive, block.zones);
    for (const option of directive.body) {
      if (option.name === 'ttl') ttl = numberOf(option.args[0], option, [1, 65_535]);
      else if (option.name === 'no_reverse') hasReverse = false;
      else if (option.name === 'fallthrough') fallthrough = zonesOr(option.args, option, own);
      // Changes of the ConfigMap are seen at once.
      else if (option.name === 'reload') durationMs(option.args[0], option);
      else if (option.args.length > 0) lines.push([option.name, ...option.args].join(' '));
      else unknownOption(directive, option);
    }
    return { hosts: { zones: own, ttl, fallthrough, ...hostRecords(lines, hasReverse) } };
  },
};

const cache: Plugin = {
  name: 'cache',
  read(directive, { block }) {
    const [first, ...rest] = directive.args;
    const hasTtl = first !== undefined && /^\d+$/.test(first);
    const ttl = hasTtl ? numberOf(first, directive, [1, 1_000_000]) : undefined;
    const names = hasTtl ? rest : directive.args;
    const base = (sort: CachedSort): CachedSort => (ttl === undefined ? sort : { ...sort, ttlMax: ttl });
    let rule: CacheRule = {
      ...CACHE_DEFAULTS,
      zones: zonesOr(names, directive, block.zones),
      success: base(CACHE_DEFAULTS.success),
      denial: base(CACHE_DEFAULTS.denial),
    };
    for (const option of directive.body) rule = withCacheOption(rule, directive, option);
    return { cache: rule };
  },
};

function withCacheOption(rule: CacheRule, directive: Directive, option: Directive): CacheRule {
  const { name, args } = option;
  if (name === 'success' || name === 'denial') {
    const [capacity, ttl, ttlMin] = args;
    const sort = rule[name];
    return {
      ...rule,
      [name]: {
        ...sort,
        entriesMax: numberOf(capacity, option, [1, ENTRIES_MAX]),
        ...(ttl === undefined ? {} : { ttlMax: numberOf(ttl, option, [1, 1_000_000]) }),
        ...(ttlMin === undefined ? {} : { ttlMin: numberOf(ttlMin, option, [0, 1_000_000]) }),
      },
    };
  }
  if (name === 'disable') {
    const [sort, ...zones] = args;
    if (sort !== 'success' && sort !== 'denial') unknownOption(directive, option);
    return { ...rule, [sort]: { ...rule[sort], disabled: zonesOr(zones, option, rule.zones) } };
  }
  if (name === 'servfail') return { ...rule, failureSeconds: durationMs(args[0], option) / 1000 };
  // Answers are asked for anew when they are asked for: who waits does so for one of many.
  if (name === 'prefetch') return rule;
  return unknownOption(directive, option);
}

const loadbalance: Plugin = {
  name: 'loadbalance',
  read({ args, body, line }) {
    if (args.some((arg) => arg !== 'round_robin') || body.length > 0)
      throw new CorefileError(line, 'loadbalance: only round_robin is supported');
    return { loadbalance: true };
  },
};

const bufsize: Plugin = {
  name: 'bufsize',
  read: (directive) => ({
    bufsize: directive.args.length === 0 ? BUFSIZE_DEFAULT : numberOf(directive.args[0], directive, [512, 4096]),
  }),
};

const loop: Plugin = {
  name: 'loop',
  read(directive) {
    noArguments(directive);
    return { loop: true };
  },
};

/** A changed Corefile is always read anew; how often CoreDNS looks is of no matter. */
const reload: Plugin = { name: 'reload', read: () => ({}) };

export const plugins: readonly Plugin[] = [
  errors,
  log,
  endpoint('prometheus', ':9153', []),
  endpoint('health', ':8080', ['lameduck']),
  endpoint('ready', ':8181', ['monitor']),
  kubernetes,
  hosts,
  rewrite,
  template,
  forward,
  cache,
  loop,
  reload,
  loadbalance,
  bufsize,
];
