import type { Logger } from '@navarch/base';
import { CommandError, readSysctl, runCommand, writeSysctl } from '@navarch/node/host';

const BRIDGE_CALLS = 'net.bridge.bridge-nf-call-iptables';

/** What the kernel must do for pods to be reached: forward, let local addresses be translated, and show it what crosses a bridge. */
export async function prepareNetwork(log: Logger, signal: AbortSignal): Promise<void> {
  await writeSysctl('net.ipv4.ip_forward', '1', undefined, signal);
  await writeSysctl('net.ipv4.conf.all.route_localnet', '1', undefined, signal);
  if (readSysctl(BRIDGE_CALLS) === undefined) await loadBridgeFilter(signal);
  // Without it the answer of a pod behind a Service to a pod on the same bridge is never translated back.
  if (readSysctl(BRIDGE_CALLS) !== undefined) await writeSysctl(BRIDGE_CALLS, '1', undefined, signal);
  else
    log.warn(
      'the kernel module br_netfilter is not there: a pod may not reach a Service whose pod is on the same node',
    );
}

async function loadBridgeFilter(signal: AbortSignal): Promise<void> {
  try {
    await runCommand(['modprobe', 'br_netfilter'], {}, signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
}
