import { isAddress } from '../wire/addresses.ts';
import { codeNumber } from '../wire/codes.ts';
import { canonicalName } from '../wire/names.ts';
import type { ForwardRule, UpstreamAddress } from './config.ts';
import { FORWARD_DEFAULTS } from './defaults.ts';
import { durationMs, numberOf, type Plugin, unknownOption } from './plugin.ts';
import { CorefileError, type Directive } from './read-blocks.ts';
import { zonesOf } from './zones.ts';

const UPSTREAMS_MAX = 15;
const CONCURRENT_MAX = 100_000;
const POLICIES: readonly string[] = ['random', 'round_robin', 'sequential'] satisfies readonly ForwardRule['policy'][];

export const forward: Plugin = {
  name: 'forward',
  isRepeated: true,
  read(directive, { block }) {
    const { args, line, body } = directive;
    const [from, ...to] = args;
    if (from === undefined || to.length === 0) throw new CorefileError(line, 'forward takes a zone and where to');
    if (to.length > UPSTREAMS_MAX) throw new CorefileError(line, `forward takes at most ${UPSTREAMS_MAX} servers`);
    const [zone = ''] = zonesOf(from, line);
    let rule: ForwardRule = { ...FORWARD_DEFAULTS, from: zone, to: to.map((text) => upstreamOf(text, line)) };
    for (const option of body) rule = { ...rule, ...readOption(directive, option) };
    return { forwards: [...block.forwards, rule] };
  },
};

function upstreamOf(text: string, line: number): UpstreamAddress {
  if (text.startsWith('/')) return 'resolvers';
  const [, transport, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/.exec(text) ?? [];
  if (transport !== undefined && transport !== 'dns')
    throw new CorefileError(line, `forward: "${text}": only plain DNS is spoken`);
  if (isAddress(rest)) return { address: rest, port: 53 };
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(rest) ?? [];
  const address = bracketed ?? plain ?? '';
  if (!isAddress(address)) throw new CorefileError(line, `forward: "${text}" is no address`);
  return { address, port: port === undefined ? 53 : Number(port) };
}

const coded = (option: Directive): readonly number[] =>
  option.args.map((name) => {
    const code = codeNumber(name);
    if (code === undefined) throw new CorefileError(option.line, `forward: "${name}" is no code of an answer`);
    return code;
  });

function readOption(directive: Directive, option: Directive): Partial<ForwardRule> {
  const { args, line } = option;
  switch (option.name) {
    case 'except':
      return { except: args.flatMap((name) => zonesOf(name, line)) };
    case 'force_tcp':
      return { transport: 'tcp' };
    case 'prefer_udp':
      return { transport: 'udp' };
    case 'max_fails':
      return { failsMax: numberOf(args[0], option, [0, 1000]) };
    case 'max_concurrent':
      return { concurrentMax: numberOf(args[0], option, [1, CONCURRENT_MAX]) };
    case 'policy': {
      const [policy = ''] = args;
      if (!POLICIES.includes(policy)) throw new CorefileError(line, `forward: "${policy}" is no policy`);
      return { policy: policy as ForwardRule['policy'] };
    }
    case 'health_check':
      return healthCheck(option);
    case 'next':
      return { next: coded(option) };
    case 'failover':
      return { failover: coded(option) };
    case 'failfast_all_unhealthy_upstreams':
      return { failsFast: true };
    // Sockets are given up after seconds, and attempts end with the time that there is for all.
    case 'expire':
    case 'max_idle_conns':
    case 'max_connect_attempts':
      return {};
    default:
      return unknownOption(directive, option);
  }
}

function healthCheck(option: Directive): Partial<ForwardRule> {
  const [every, ...rest] = option.args;
  const domain = rest.indexOf('domain');
  const name = domain < 0 ? '' : canonicalName(rest[domain + 1] ?? '.');
  if (name === undefined) throw new CorefileError(option.line, `forward: "${rest[domain + 1]}" is no name`);
  return {
    healthCheckMs: Math.max(durationMs(every, option), 100),
    healthCheckRecursive: !rest.includes('no_rec'),
    healthCheckName: name,
  };
}
