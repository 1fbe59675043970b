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
  async areNamed(table, named, signal) {
    // To list a chain reads the elements of all sets, even if told not to: half a second where there are many services. What
    // rules name cannot be deleted, and the last command has the kernel refuse the whole, whatever it says to the others: a
    // table that is there cannot be created, and in one that is not nothing can be deleted.
    const asked = [...named.map((one) => deleting(one, table)), `create table inet ${table}`].join('; ');
    const answer = (await open.ask(asked, signal)) ?? (await refusalOf(asked, netns, signal));
    return [...answer.matchAll(IS_NAMED)].length === named.length;
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
    let count = 0;
    for (const one of flows) {
      try {
        const command = ['conntrack', '-D', '-p', 'udp', ...wordsOf(one)];
        const { stdout } = await runCommand(command, netns ? { netns } : {}, signal);
        count += [...stdout.matchAll(FORGOTTEN)].length;
      } catch (error) {
        if (!(error instanceof CommandError) || !NOTHING_FORGOTTEN.test(error.stderr)) throw error;
      }
    }
    return count;
  },
});

const IS_NAMED = /: Device or resource busy$/gm;

function deleting(thing: string, table: string): string {
  const [what, name] = thing.split(' ');
  return `delete ${what} inet ${table} ${name}`;
}

/** What nft says against a script that cannot be done. */
async function refusalOf(script: string, netns: string | undefined, signal: AbortSignal): Promise<string> {
  try {
    await runCommand(['nft', '-f', '-'], { input: `${script}\n`, ...(netns ? { netns } : {}) }, signal);
    return '';
  } catch (error) {
    if (error instanceof CommandError) return error.stderr;
    throw error;
  }
}

/** A line of conntrack: the packets of who began, then those of who answers. */
const FLOW = /^udp .*? dst=(\S+) sport=\d+ dport=(\d+) .*?src=(\S+) dst=\S+ sport=(\d+) /gm;

/** A line of each flow that was. */
const FORGOTTEN = /^udp /gm;

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
