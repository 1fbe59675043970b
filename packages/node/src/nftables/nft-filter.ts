import type { KnownFlow, PacketFilter, StaleFlows } from '@navarch/proxy';
import { CommandError, runCommand } from '../host/index.ts';
import { OpenNft } from './open-nft.ts';

/** Applies scripts with the nft program and forgets flows with conntrack, in a network namespace when one is given. */
export const nftFilter = (netns?: string): PacketFilter => withOpen(netns, new OpenNft(netns));

const withOpen = (netns: string | undefined, open: OpenNft): PacketFilter => ({
  async apply(script, signal) {
    if (await open.attempt(script, signal)) return;
    // Where nobody can say whether the kernel has it, it is told again: adding twice is adding once, what removes twice is
    // refused, and whoever is refused makes everything anew.
    await runCommand(['nft', '-f', '-'], { input: script, ...(netns ? { netns } : {}) }, signal);
  },
  async hasRules(table, chain, signal) {
    const line = ['list', 'chain', 'inet', table, chain];
    // Asked every few seconds, and to start a program takes a process of this size ten milliseconds.
    let text = await open.ask(line.join(' '), signal);
    if (!text?.startsWith('table ')) {
      const { stdout } = await runCommand(['nft', '--terse', ...line], netns ? { netns } : {}, signal);
      text = stdout;
    }
    // Its type and its brackets are no rules.
    return text.split('\n').some((line) => /^\t\t\S/.test(line) && !/^\t\ttype \S+ hook /.test(line));
  },
  async flows(signal) {
    const all: KnownFlow[] = [];
    for (const family of ['IPv4', 'IPv6'] as const) {
      const { stdout } = await runCommand(
        ['conntrack', '-L', '-p', 'udp', '-f', family.toLowerCase()],
        netns ? { netns } : {},
        signal,
      );
      for (const [, address = '', port, answers = '', from] of stdout.matchAll(FLOW))
        all.push({ family, address, port: Number(port), endpoint: `${answers}:${from}` });
    }
    return all;
  },
  async forget(flows, signal) {
    for (const one of flows) {
      try {
        await runCommand(['conntrack', '-D', '-p', 'udp', ...wordsOf(one)], netns ? { netns } : {}, signal);
      } catch (error) {
        if (!(error instanceof CommandError) || !NOTHING_FORGOTTEN.test(error.stderr)) throw error;
      }
    }
  },
});

/** A line of conntrack: the packets of who began, then those of who answers. */
const FLOW = /^udp .*? dst=(\S+) sport=\d+ dport=(\d+) .*?src=(\S+) dst=\S+ sport=(\d+) /gm;

/** What conntrack says, and ends with 1, where there was no such flow. */
const NOTHING_FORGOTTEN = /\b0 flow entries have been deleted/;

function wordsOf({ family, address, port, endpoint }: StaleFlows): readonly string[] {
  const [, reached = '', reachedPort = ''] = /^(.*):(\d+)$/.exec(endpoint ?? '') ?? [];
  return [
    '-f',
    family.toLowerCase(),
    ...(address ? ['--orig-dst', address] : []),
    '--orig-port-dst',
    String(port),
    ...(endpoint ? ['--reply-src', reached, '--reply-port-src', reachedPort] : []),
  ];
}
