import { findProgram } from '../host/find-program.ts';
import { runCommand } from '../host/command.ts';

/**
 * Takes away what CNI's portmap plugin leaves in the packet filter: the ports of sandboxes that were ended by force,
 * and, when no other network has host ports, the plugin's own chains, which it makes once and never removes.
 */
export async function removeHostPorts(network: string, netns: string | undefined, signal: AbortSignal): Promise<void> {
  for (const [program, family] of [
    ['iptables', 'ip'],
    ['ip6tables', 'ip6'],
  ] as const) {
    if (!findProgram(program) || !findProgram('nft')) continue;
    const inside = netns ? { netns } : {};
    // Listing by iptables would make the table; where there is none, there is nothing to remove.
    const { stdout: tables } = await runCommand(['nft', 'list', 'tables'], inside, signal);
    if (!tables.split('\n').includes(`table ${family} nat`)) continue;
    const { stdout: rules } = await runCommand([program, '-t', 'nat', '-S'], inside, signal);
    const changes = hostPortRemoval(rules, network);
    if (changes.length > 0) {
      const input = `*nat\n${changes.join('\n')}\nCOMMIT\n`;
      await runCommand([`${program}-restore`, '--noflush'], { ...inside, input }, signal);
    }
    const { stdout: rest } = await runCommand([program, '-t', 'nat', '-S'], inside, signal);
    // iptables makes its tables when first asked. Without a rule, and with nothing but its own chains, it is no one's.
    if (isUnused(rest)) await runCommand(['nft', 'delete', 'table', family, 'nat'], inside, signal);
  }
}

/** Changes for iptables-restore that take out one network's host ports, by the rules as `iptables -S` prints them. */
export function hostPortRemoval(rules: string, network: string): readonly string[] {
  const lines = rules.split('\n');
  const ours = lines.filter(
    (line) => line.startsWith('-A CNI-HOSTPORT-DNAT ') && line.includes(`name: \\"${network}\\"`),
  );
  const ports = lines.filter((line) => line.startsWith('-A CNI-HOSTPORT-DNAT '));
  const targets = ours.map((line) => / -j (CNI-DN-\S+)/.exec(line)?.[1] ?? '').filter(Boolean);
  const own =
    ports.length === ours.length ? lines.flatMap((line) => /^-N (CNI-HOSTPORT-\S+)$/.exec(line)?.[1] ?? []) : [];
  const jumps = lines.filter((line) =>
    own.some((chain) => !line.startsWith('-A CNI-') && line.endsWith(` -j ${chain}`)),
  );
  const chains = [...targets, ...own];
  return [
    ...[...ours, ...jumps].map((line) => line.replace('-A ', '-D ')),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
  ];
}

function isUnused(rules: string): boolean {
  return rules.split('\n').every((line) => line === '' || /^-P \S+ ACCEPT$/.test(line));
}
