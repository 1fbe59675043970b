import type { Logger } from '@navarch/base';
import { CommandError, readSysctl, runCommand, writeSysctl } from '@navarch/node/host';

const BRIDGE_CALLS = 'net.bridge.bridge-nf-call-iptables';
const BRIDGE_CALLS6 = 'net.bridge.bridge-nf-call-ip6tables';
const FORWARDING6 = 'net.ipv6.conf.all.forwarding';
const ROUTES_OF_ROUTERS = 'net.ipv6.conf.all.accept_ra';

/** What the kernel must do for pods to be reached: forward, let local addresses be translated, and show it what crosses a bridge. */
export async function prepareNetwork(clusterCidr: string, log: Logger, signal: AbortSignal): Promise<void> {
  await writeSysctl('net.ipv4.ip_forward', '1', undefined, signal);
  await writeSysctl('net.ipv4.conf.all.route_localnet', '1', undefined, signal);
  if (readSysctl(BRIDGE_CALLS) === undefined) await loadBridgeFilter(signal);
  // Without it the answer of a pod behind a Service to a pod on the same bridge is never translated back.
  if (readSysctl(BRIDGE_CALLS) !== undefined) await writeSysctl(BRIDGE_CALLS, '1', undefined, signal);
  else
    log.warn(
      'the kernel module br_netfilter is not there: a pod may not reach a Service whose pod is on the same node, and network policies do not hold between pods of one node',
    );
  // Pods have addresses of their link though the cluster has no IPv6: what they send each other there is seen too.
  if (readSysctl(BRIDGE_CALLS6) !== undefined) await writeSysctl(BRIDGE_CALLS6, '1', undefined, signal);
  if (clusterCidr.includes(':')) await prepareIpv6(log, signal);
}

async function prepareIpv6(log: Logger, signal: AbortSignal): Promise<void> {
  if (readSysctl(FORWARDING6) === undefined) {
    log.warn('this kernel has no IPv6: pods and services of this node have IPv4 only');
    return;
  }
  // A machine that forwards takes no routes of routers any more, its own way out included, unless told.
  if (readSysctl(ROUTES_OF_ROUTERS) === '1') await writeSysctl(ROUTES_OF_ROUTERS, '2', undefined, signal);
  await writeSysctl(FORWARDING6, '1', undefined, signal);
}

async function loadBridgeFilter(signal: AbortSignal): Promise<void> {
  try {
    await runCommand(['modprobe', 'br_netfilter'], {}, signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
}
