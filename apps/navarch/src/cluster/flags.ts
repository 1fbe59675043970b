import { isIP, isIPv4, isIPv6 } from 'node:net';
import { UserError } from '../user-error.ts';

export const DEFAULTS = {
  port: 6443,
  kubeletPort: 10250,
  nodeIP: '10.95.0.1',
  /** Of which every cluster of this machine whose nodes have network namespaces of their own has a block. */
  nodeNetworks: '10.95.0.0/16',
  nodeNetworks6: 'fd00:10:95::/48',
  serviceCidr: '10.96.0.0/16',
  clusterCidr: '10.244.0.0/16',
  clusterDomain: 'cluster.local',
  nodePorts: '30000-32767',
  bridge: 'navarch0',
  /** Of the network of nodeIP, on which further nodes of this machine are: this machine reaches all of them. */
  loadBalancerPool: '10.95.0.128-10.95.0.254',
} as const;

const wrong = (flag: string, text: string, wanted: string): UserError =>
  new UserError(`${flag} takes ${wanted}, not ${JSON.stringify(text)}`);

/** What a flag that may be repeated says in all, commas apart. */
export const listOf = (texts: readonly string[]): readonly string[] =>
  texts
    .flatMap((text) => text.split(','))
    .map((one) => one.trim())
    .filter((one) => one !== '');

export function portOf(flag: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535)
    throw wrong(flag, text, 'a port from 1 to 65535');
  return Number(text);
}

export function addressOf(flag: string, text: string): string {
  if (isIP(text) === 0) throw wrong(flag, text, 'an IP address such as 192.168.1.10');
  return text;
}

/** A node's addresses: one, or one of each family with a comma between, IPv4 first. */
export function nodeAddressesOf(flag: string, text: string): readonly string[] {
  const [first = '', second, ...more] = text.split(',').map((part) => reachableAddressOf(flag, part.trim()));
  if (second === undefined) return [first];
  if (more.length > 0 || !isIPv4(first) || !isIPv6(second))
    throw wrong(flag, text, 'an address, or one of IPv4 and after a comma one of IPv6');
  return [first, second];
}

/** As kube-proxy takes them: `primary`, `localhost`, `all`, and ranges; what `primary` is the node knows. */
export function nodePortAddressesOf(flag: string, texts: readonly string[]): readonly string[] {
  for (const text of texts)
    if (!NODE_PORT_WORDS.has(text) && rangeFamily(text) === 0)
      throw wrong(flag, text, 'primary, localhost, all, or a range such as 192.168.1.0/24');
  return texts;
}

const NODE_PORT_WORDS: ReadonlySet<string> = new Set(['primary', 'localhost', 'all']);

const rangeFamily = (text: string): number => {
  const [address = '', bits = ''] = text.split('/');
  const family = isIP(address);
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) ? family : 0;
};

/** The ranges that these are on a node of these addresses. */
export const nodePortRangesOf = (texts: readonly string[], nodeIPs: readonly string[]): readonly string[] =>
  texts.flatMap((text) => {
    if (text === 'all') return ['0.0.0.0/0', '::/0'];
    if (text === 'localhost') return ['127.0.0.0/8', '::1/128'];
    return text === 'primary' ? nodeIPs.map((address) => `${address}/${isIPv4(address) ? 32 : 128}`) : [text];
  });

/** An address by which others find a machine: the loopback's leads every one of them to itself. */
export function reachableAddressOf(flag: string, text: string): string {
  if (/^127\.|^::1$|^0\.0\.0\.0$|^::$/.test(addressOf(flag, text)))
    throw wrong(flag, text, 'an address of this machine that others reach');
  return text;
}

export function cidrOf(flag: string, text: string): string {
  const [address = '', bits = ''] = text.split('/');
  if (!isIPv4(address) || !/^\d{1,2}$/.test(bits) || Number(bits) > 30 || Number(bits) < 8)
    throw wrong(flag, text, 'an IPv4 range such as 10.244.0.0/16');
  return text;
}

/** One range of cluster IPs, or one of each family, IPv4 first. */
export const serviceCidrOf = (flag: string, text: string): string =>
  rangesOf(flag, text, { bits: [64, 126], example: '10.96.0.0/16,fd00:10:96::/112' });

/** One range of pod addresses, or one of each family: at most 65,536 blocks of /64. */
export const clusterCidrOf = (flag: string, text: string): string =>
  rangesOf(flag, text, { bits: [48, 64], example: '10.244.0.0/16,fd00:10:244::/48' });

interface SixthRange {
  /** Prefix lengths of the IPv6 range. */
  readonly bits: readonly [least: number, most: number];
  readonly example: string;
}

function rangesOf(flag: string, text: string, { bits: [least, most], example }: SixthRange): string {
  const [first = '', second, ...more] = text.split(',');
  const isSixth = (range: string): boolean => {
    const [address = '', bits = ''] = range.split('/');
    return isIPv6(address) && /^\d{2,3}$/.test(bits) && Number(bits) >= least && Number(bits) <= most;
  };
  if (second === undefined && isSixth(first)) return text;
  if ((second !== undefined && !isSixth(second)) || more.length > 0 || first.includes(':'))
    throw wrong(flag, text, `a range of IPv4, one of IPv6, or both with a comma between, such as ${example}`);
  cidrOf(flag, first);
  return text;
}

export function numberOf(flag: string, text: string, [least, most]: readonly [number, number]): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < least || Number(text) > most)
    throw wrong(flag, text, `a number from ${least} to ${most}`);
  return Number(text);
}

export function portRangeOf(flag: string, text: string): readonly [first: number, last: number] {
  const [, first = '', last = ''] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  if (first === '' || Number(first) < 1 || Number(last) > 65_535 || Number(first) > Number(last))
    throw wrong(flag, text, 'a range of ports such as 30000-32767');
  return [Number(first), Number(last)];
}

export function choiceOf<const C extends string>(flag: string, text: string, choices: readonly C[]): C {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw wrong(flag, text, choices.join(', ').replace(/, ([^,]*)$/, ' or $1'));
  return found;
}

/** Where an API server is that has this address. */
export const urlOf = (address: string, port: number): string =>
  `https://${isIPv6(address) ? `[${address}]` : address}:${port}`;

/** `https://HOST:PORT`; a bare host or address means https and the usual port. */
export function serverOf(flag: string, text: string): string {
  const whole = text.includes('://') ? text : `https://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url?.protocol !== 'https:' || url.hostname === '' || url.pathname !== '/' || url.search !== '')
    throw wrong(flag, text, 'an address such as https://192.168.1.10:6443');
  return `https://${url.hostname}:${url.port || (text.includes('://') ? '443' : DEFAULTS.port)}`;
}

/** Node names are host names in lower case (RFC 1123). */
export function nodeNameOf(flag: string, text: string): string {
  if (text.length > 63 || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text))
    throw wrong(flag, text, 'a name of at most 63 lower case letters, digits, dashes and dots');
  return text;
}

export function bridgeOf(flag: string, text: string): string {
  if (!/^[a-zA-Z0-9_-]{1,15}$/.test(text))
    throw wrong(flag, text, 'a name for a network device: at most 15 letters, digits and dashes');
  return text;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `24h`, `30m`, `90s`, `7d`, in milliseconds. */
export function durationOf(flag: string, text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count === '' || Number(count) === 0) throw wrong(flag, text, 'a time such as 24h, 30m or 7d');
  return Number(count) * (UNIT_MS[unit] ?? 0);
}
