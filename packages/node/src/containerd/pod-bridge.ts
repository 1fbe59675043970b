import { dirname } from 'node:path';
import type { Logger } from '@navarch/base';
import { runCommand } from '../host/command.ts';
import { deleteLink } from '../host/netns.ts';
import { containerdLayout } from './layout.ts';
import { readRecord } from './record.ts';

export interface PodBridge {
  /** The folder of the containerd whose pods hang on the bridge. */
  readonly dir: string;
  /** The device's name; at most 15 characters. */
  readonly bridge: string;
  /** Path of the network namespace that it is in; this process's own where left out. */
  readonly netns?: string;
}

/** What `ip -json link show` says of a device, as far as it is asked here. */
interface Link {
  readonly ifname: string;
  readonly address: string;
  readonly ifalias?: string;
  readonly master?: string;
}

/** The device's alias: whose it is. */
const aliasOf = (dir: string): string => `pods of ${dir}`;
const OWNER = /^pods of (.+)$/;

/**
 * Makes the bridge, unless it is there, and writes on it whose it is. The CNI plugin would make it too, but take anyone's:
 * pods of a cluster that ended without `down` keep their addresses for as long as their network namespaces are mounted,
 * and pods of the next cluster are given the same ones. So what hangs on a bridge of another's, or on ours while our
 * containerd has no pods (`isInUse` false), is removed. Throws when the other's containerd still runs.
 */
export async function claimBridge(
  claim: PodBridge & { readonly isInUse: boolean },
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { dir, bridge, netns, isInUse } = claim;
  const owner = await ownerOf(claim, signal);
  const isAnothers = owner !== undefined && owner !== dir;
  if (isAnothers && readRecord(containerdLayout(owner)))
    throw new Error(
      `the network device ${bridge} carries the pods of another cluster on this machine, in ${dirname(owner)}: end it first with its \`navarch down\``,
    );
  if (isAnothers || !isInUse) await removePorts(claim, log, signal);
  const inside = netns === undefined ? {} : { netns };
  if (!(await find(claim, signal))) await runCommand(['ip', 'link', 'add', bridge, 'type', 'bridge'], inside, signal);
  const { address = '' } = (await find(claim, signal)) ?? {};
  // An address that was set stays: otherwise a bridge takes that of one of its ports, and another when that one goes.
  const settings = ['address', address, 'alias', aliasOf(dir), 'up'];
  await runCommand(['ip', 'link', 'set', 'dev', bridge, ...settings], inside, signal);
}

/** With a pod's end on this side goes the other one. */
async function removePorts(claim: PodBridge, log: Logger, signal: AbortSignal): Promise<void> {
  const ports = (await links(claim, signal)).filter(({ master }) => master === claim.bridge);
  if (ports.length === 0) return;
  log.warn('removing what a cluster left that ended without `navarch down`', {
    bridge: claim.bridge,
    ports: ports.length,
  });
  for (const { ifname } of ports) await deleteLink(ifname, claim.netns, signal);
}

/** Deletes the bridge, unless another cluster's pods hang on it by now. One that is not there is fine. */
export async function removeBridge(claim: PodBridge, signal: AbortSignal): Promise<void> {
  const owner = await ownerOf(claim, signal);
  if (owner === undefined || owner === claim.dir) await deleteLink(claim.bridge, claim.netns, signal);
}

/** The folder of the containerd that claimed the bridge; undefined where nobody did. */
async function ownerOf(claim: PodBridge, signal: AbortSignal): Promise<string | undefined> {
  return OWNER.exec((await find(claim, signal))?.ifalias ?? '')?.[1];
}

async function find(claim: PodBridge, signal: AbortSignal): Promise<Link | undefined> {
  return (await links(claim, signal)).find(({ ifname }) => ifname === claim.bridge);
}

async function links({ netns }: PodBridge, signal: AbortSignal): Promise<readonly Link[]> {
  const { stdout } = await runCommand(['ip', '-json', 'link', 'show'], netns === undefined ? {} : { netns }, signal);
  return JSON.parse(stdout) as readonly Link[];
}
