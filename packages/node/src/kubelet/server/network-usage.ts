import { readFileSync, readlinkSync } from 'node:fs';
import type { Interface, Network } from '@navarch/kubelet';

/** The interfaces that a process sees, as counted by the kernel; undefined when it has gone, or sees the node's own. */
export function networkOf(pid: number, at: number): Network | undefined {
  try {
    if (readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net')) return undefined;
    return { at, interfaces: parse(readFileSync(`/proc/${pid}/net/dev`, 'utf8')) };
  } catch {
    return undefined;
  }
}

/** The node's own interfaces, the one with the default route first. */
export function nodeNetwork(at: number): Network {
  const interfaces = parse(readFileSync('/proc/self/net/dev', 'utf8'));
  const route = readFileSync('/proc/self/net/route', 'utf8')
    .split('\n')
    .map((line) => line.split('\t'))
    .find(([, destination]) => destination === '00000000');
  const main = interfaces.filter(({ name }) => name === (route?.[0] ?? 'eth0'));
  return { at, interfaces: [...main, ...interfaces.filter((i) => !main.includes(i))] };
}

/** /proc/net/dev (proc(5)): eight numbers received, eight sent. The loopback is no network. */
function parse(text: string): readonly Interface[] {
  return text
    .split('\n')
    .slice(2)
    .flatMap((line) => {
      const [name = '', numbers = ''] = line.split(':');
      const [
        rxBytes = 0,
        rxPackets = 0,
        rxErrors = 0,
        rxDropped = 0,
        ,
        ,
        ,
        ,
        txBytes = 0,
        txPackets = 0,
        txErrors = 0,
        txDropped = 0,
      ] = numbers.trim().split(/\s+/).map(Number);
      if (numbers === '' || name.trim() === 'lo') return [];
      return [{ name: name.trim(), rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped }];
    });
}
