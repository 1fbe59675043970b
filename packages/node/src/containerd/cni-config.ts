import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerdLayout } from './layout.ts';
import { writeFileAtomically } from './write-file.ts';

export interface PodNetwork {
  /** Names the network in CNI's state; one per node. At most 15 characters serve as the bridge's name too. */
  readonly bridge: string;
  /** The node's part of the pod network, `10.244.1.0/24`; one of each family for dual stack. */
  readonly podCidrs: readonly string[];
  /** Bytes; the bridge's own default where left out. */
  readonly mtu?: number;
  /** Keep `kubernetes.io/ingress-bandwidth` and `egress-bandwidth`; needs the plugin and ifb devices. */
  readonly hasBandwidth?: boolean;
}

const FILE = '10-navarch.conflist';

/**
 * The network configuration that containerd hands to the CNI plugins (CNI specification 1.0.0): a bridge with the
 * pod CIDR's first address as gateway, hairpin so that a pod reaches itself through its Service, host ports.
 * Masquerading is left to the service proxy, which knows what is inside the cluster.
 */
export function podNetworkConfig(network: PodNetwork, stateDir: string): string {
  const routes = network.podCidrs.map((cidr) => ({ dst: cidr.includes(':') ? '::/0' : '0.0.0.0/0' }));
  const bridge = {
    type: 'bridge',
    bridge: network.bridge,
    isGateway: true,
    hairpinMode: true,
    ipMasq: false,
    ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
    ipam: { type: 'host-local', dataDir: stateDir, ranges: network.podCidrs.map((subnet) => [{ subnet }]), routes },
  };
  const portmap = { type: 'portmap', snat: true, capabilities: { portMappings: true } };
  const bandwidth = { type: 'bandwidth', capabilities: { bandwidth: true } };
  const plugins = [bridge, portmap, ...(network.hasBandwidth ? [bandwidth] : [])];
  return `${JSON.stringify({ cniVersion: '1.0.0', name: network.bridge, plugins }, undefined, 2)}\n`;
}

/** Puts the pod network into place; containerd sees the file and reports the network as ready. True when it changed. */
export function writePodNetwork(layout: ContainerdLayout, network: PodNetwork): boolean {
  return writeFileAtomically(join(layout.cniConfDir, FILE), podNetworkConfig(network, layout.cniStateDir));
}

export function removePodNetwork(layout: ContainerdLayout): void {
  rmSync(join(layout.cniConfDir, FILE), { force: true });
}
