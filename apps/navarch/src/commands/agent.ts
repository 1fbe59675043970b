import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { httpApi } from '@navarch/client';
import {
  type CompleteConfiguration,
  idleFields,
  type KubeletConfiguration,
  type ResourceSettings,
  resourceSettings,
  SettingError,
  type ShutdownGroup,
  shutdownGroups,
  ShutdownSettingError,
} from '@navarch/kubelet';
import { StatusError } from '@navarch/machinery';
import { httpTransport } from '@navarch/node/client';
import { linkAddresses } from '@navarch/node/host';
import { systemClock, systemLogger } from '@navarch/node/system';
import { runAgent } from '../compose/agent.ts';
import { addressRangesOf } from '../cluster/address-ranges.ts';
import { type EvictionFlags, evictionOf, evictionTexts } from '../cluster/eviction-flags.ts';
import { claimDaemon } from '../cluster/daemon.ts';
import {
  bridgeOf,
  choiceOf,
  DEFAULTS,
  listOf,
  nodeAddressesOf,
  nodeNameOf,
  nodePortAddressesOf,
  nodePortRangesOf,
  numberOf,
  portOf,
  serverOf,
} from '../cluster/flags.ts';
import { effectiveConfig, readKubeletConfig } from '../cluster/kubelet-config.ts';
import { type Layout, layoutOf, openFolder } from '../cluster/layout.ts';
import { readNodeExtras } from '../cluster/node-extras.ts';
import { labelsOf, taintsOf } from '../cluster/node-flags.ts';
import { cgroupRootOf, type NodeState, nodeStateText, readNodeState } from '../cluster/state.ts';
import { type JoinToken, parseJoinToken } from '../join/join-token.ts';
import { accessOf, addressTowards, joinedAccess, localAccess, type NodeAccess } from '../join/node-access.ts';
import { type NodeSettings, readNodeSettings } from '../join/node-settings.ts';
import { untilStopped } from '../until-stopped.ts';
import { sentenceOf, UserError } from '../user-error.ts';
import type { Declare } from './declare.ts';

const HELP = `
The first time, --server and --token make this machine a node of the cluster; the identity it gets is kept, renewed
before it runs out, and used from then on: later starts need neither. Pods go on running when the agent ends.

Examples:
  ./navarch agent --server https://192.168.1.10:6443 --token abcdef.0123456789abcdef@sha256:...
  ./navarch agent                                      again, or on the machine that runs \`./navarch server\`
  ./navarch down                                       removes the node's pods, networks and identity from this machine
On the server: \`./navarch token create\` prints the whole line.
`;

interface AgentFlags extends EvictionFlags {
  readonly name: string;
  readonly dataDir?: string;
  readonly kubeconfig?: string;
  readonly server?: string;
  readonly token?: string;
  readonly caHash?: string;
  readonly caFile?: string;
  readonly nodeName?: string;
  readonly nodeIp?: string;
  readonly kubeletPort?: string;
  readonly bridge: string;
  readonly runtime: string;
  readonly maxPods?: string;
  readonly config?: string;
  readonly podManifestPath?: string;
  readonly nodeLabels?: string;
  readonly registerWithTaints?: string;
  readonly nodeportAddresses?: string;
}

export const declareAgent: Declare = (program) => {
  program
    .command('agent')
    .description('Run a node in the foreground: kubelet, service proxy and DNS over a private containerd')
    .option('--server <url>', 'the API server of the cluster to join')
    .option('--token <token>', 'the token to join with, as `navarch token create` prints it')
    .option(
      '--ca-hash <hash>',
      "sha256:... of the public key of the server's authority, for a token that does not say it",
    )
    .option('--ca-file <file>', "the server's authority (PEM), instead of a hash")
    .option('--node-name <name>', "name of the node (default: this machine's)")
    .option(
      '--node-ip <address>',
      'address at which the server and other nodes reach this one; one of IPv6 too, with a comma (default: the one towards the server)',
    )
    .option('--name <cluster>', 'name of the cluster on this machine', 'navarch')
    .option('--data-dir <folder>', 'where containers, volumes, identity and logs are kept (default: by cluster name)')
    .option('--kubeconfig <file>', "the node's identity (default: the one that the server on this machine wrote)")
    .option('--kubelet-port <port>', `port of the kubelet's server (default: ${DEFAULTS.kubeletPort})`)
    .option('--bridge <device>', 'network device that pods hang on', DEFAULTS.bridge)
    .option('--runtime <kind>', 'containerd, or sim: play the node without containers', 'containerd')
    .option(
      '--pod-manifest-path <path>',
      'a folder of pods to run as static pods, or one file (default: `manifests` in the data folder)',
    )
    .option(
      '--eviction-hard <list>',
      "what the node must have left, or a pod goes at once, `memory.available<1Gi,nodefs.available<5%` (default: upstream's; '' for nothing)",
    )
    .option('--eviction-soft <list>', 'the same, for what may be so for a while')
    .option('--eviction-soft-grace-period <list>', 'how long, `memory.available=1m30s`')
    .option('--eviction-minimum-reclaim <list>', 'how much more to win back, `memory.available=500Mi`')
    .option(
      '--eviction-max-pod-grace-period <seconds>',
      'how long a pod may take to end that goes for a soft threshold (default: 0)',
    )
    .option(
      '--eviction-pressure-transition-period <duration>',
      'how long the node counts as under pressure after it was (default: 5m)',
    )
    .option('--node-labels <list>', 'labels that the node registers with, `zone=a,disk=ssd`')
    .option('--register-with-taints <list>', 'taints that the node registers with, `dedicated=db:NoSchedule`')
    .option(
      '--nodeport-addresses <list>',
      "which of the node's addresses answer for node ports: `primary`, `localhost`, `all`, ranges such as `192.168.1.0/24` (default: all)",
    )
    .option('--max-pods <number>', 'pods this node takes (default: 110)')
    .option(
      '--config <file>',
      'a KubeletConfiguration (kubelet.config.k8s.io/v1beta1, YAML or JSON); flags win over it, and what it asks for in vain is logged',
    )
    .addHelpText('after', HELP)
    .action((flags: AgentFlags) => runAgentCommand(flags));
};

async function runAgentCommand(flags: AgentFlags): Promise<void> {
  const layout = layoutOf(flags.name, flags.dataDir);
  const token = tokenOf(flags);
  const runtime = choiceOf('--runtime', flags.runtime, ['containerd', 'sim']);
  const { said, remark: leniency } = readKubeletConfig(flags.config);
  const config = effectiveConfig({ ...said, ...configured(flags) });
  const bridge = bridgeOf('--bridge', flags.bridge);
  const log = systemLogger('info');
  const eviction = evictionOf(config);
  const shutdown = shutdownOf(config);
  const labels = labelsOf('--node-labels', flags.nodeLabels ?? '');
  const resources = resourcesOf(config);
  const nodePortAddresses = nodePortAddressesOf('--nodeport-addresses', listOf([flags.nodeportAddresses ?? '']));
  const server = flags.server === undefined ? undefined : serverOf('--server', flags.server);
  const nodeName = flags.nodeName === undefined ? undefined : nodeNameOf('--node-name', flags.nodeName);
  const [givenIP, ...otherNodeIPs] = flags.nodeIp === undefined ? [] : nodeAddressesOf('--node-ip', flags.nodeIp);
  for (const remark of [...(leniency === undefined ? [] : [leniency]), ...idleFields(config)])
    log.warn("a field of the kubelet's configuration", { remark });
  if (config.failSwapOn) refuseSwap();
  openFolder(layout);
  using _ = claimDaemon(layout, 'agent');
  await untilStopped(async (signal) => {
    const kubeconfig =
      flags.kubeconfig ??
      (server === undefined && existsSync(layout.nodeKubeconfig) ? layout.nodeKubeconfig : undefined);
    const wanted = {
      identityDir: layout.identity,
      server,
      token,
      authorityFile: flags.caFile,
      nodeName,
      hostName: hostName(),
    };
    const access =
      kubeconfig === undefined
        ? await joinedAccess(wanted, { clock: systemClock, log }, signal)
        : localAccess(kubeconfig, layout.identity);
    if (nodeName !== undefined && nodeName !== access.nodeName) {
      const remedy = 'leave --node-name out, or give another --kubeconfig';
      throw new UserError(`the identity is that of the node ${access.nodeName}, not of ${nodeName}: ${remedy}`);
    }
    log.info('node known to the cluster', { node: access.nodeName, server: access.server });
    // Not before it is asked for: with it come the parts of a whole simulated cluster.
    if (runtime === 'sim') return (await import('../compose/simulated-agent.ts')).runSimulatedAgent(access, signal);
    const settings = await settingsOf(access, signal);
    const nodeIP = givenIP ?? (await addressTowards(access.server));
    const cgroupRoot = readNodeState(layout)?.cgroupRoot ?? cgroupRootOf(access.nodeName, layout);
    const { loadBalancerPool } = settings;
    const state: NodeState = {
      nodeName: access.nodeName,
      nodeIP,
      bridge,
      cgroupRoot,
      ...(loadBalancerPool ? { loadBalancerPool } : {}),
    };
    await leavePool(readNodeState(layout), state, signal);
    keep(layout, state);
    return runAgent(
      {
        dataDir: layout.dir,
        images: layout.images,
        identityDir: layout.identity,
        access,
        nodeIP,
        otherNodeIPs,
        nodePortRanges: nodePortRangesOf(nodePortAddresses, [nodeIP, ...otherNodeIPs]),
        bridge,
        cgroupRoot,
        settings,
        labels,
        config,
        extras: readNodeExtras(layout),
        eviction,
        shutdown,
        resources,
        log,
        manifests: config.staticPodPath || join(layout.dir, 'manifests'),
      },
      signal,
    );
  });
}

/** Throws UserError. */
function resourcesOf(config: CompleteConfiguration): ResourceSettings {
  try {
    return resourceSettings(config);
  } catch (error) {
    if (error instanceof SettingError) throw new UserError(`the resource settings cannot be used: ${error.message}`);
    throw error;
  }
}

/** Throws UserError. */
function shutdownOf(config: CompleteConfiguration): readonly ShutdownGroup[] {
  try {
    return shutdownGroups(config);
  } catch (error) {
    if (error instanceof ShutdownSettingError)
      throw new UserError(`the shutdown settings cannot be used: ${error.message}`);
    throw error;
  }
}

/** Flags that are fields of the configuration too, and win over it. Throws UserError. */
function configured(flags: AgentFlags): Partial<KubeletConfiguration> {
  const { kubeletPort, maxPods, registerWithTaints, podManifestPath } = flags;
  return {
    ...evictionTexts(flags),
    ...(kubeletPort === undefined ? {} : { port: portOf('--kubelet-port', kubeletPort) }),
    ...(maxPods === undefined ? {} : { maxPods: numberOf('--max-pods', maxPods, [1, 1000]) }),
    ...(registerWithTaints === undefined
      ? {}
      : { registerWithTaints: taintsOf('--register-with-taints', registerWithTaints) }),
    ...(podManifestPath === undefined ? {} : { staticPodPath: podManifestPath }),
  };
}

/** For who has said that swap is not to be there. Throws UserError. */
function refuseSwap(): void {
  const [, ...swaps] = readFileSync('/proc/swaps', 'utf8').trim().split('\n');
  if (swaps.length > 0)
    throw new UserError(
      `running with swap on is not supported, please disable swap or set --fail-swap-on flag to false. /proc/swaps contained: [${swaps.join(' ')}]`,
    );
}

/** Addresses of a pool that the server no longer has are nobody's to keep, and nobody would know of them any more. */
async function leavePool(before: NodeState | undefined, now: NodeState, signal: AbortSignal): Promise<void> {
  const { nodeIP, loadBalancerPool = '' } = before ?? now;
  if (loadBalancerPool !== '' && loadBalancerPool !== now.loadBalancerPool)
    await linkAddresses({ nodeIP, pool: addressRangesOf([loadBalancerPool]) }).hold(new Set(), signal);
}

/** Before anything is made, so that `down` knows what to take away however this ends. */
const keep = (layout: Layout, state: NodeState): void => writeFileSync(layout.nodeState, nodeStateText(state));

function tokenOf({ token, caHash }: AgentFlags): JoinToken | undefined {
  if (caHash !== undefined && !/^sha256:[0-9a-f]{64}$/.test(caHash))
    throw new UserError(`--ca-hash takes sha256: and 64 hexadecimal digits, not ${JSON.stringify(caHash)}`);
  if (token === undefined) return undefined;
  const parsed = parseJoinToken(token);
  if (parsed.pin !== undefined && caHash !== undefined && parsed.pin !== caHash)
    throw new UserError(
      '--ca-hash and the token name different authorities: leave --ca-hash out, or correct one of them',
    );
  return { ...parsed, pin: parsed.pin ?? caHash };
}

function hostName(): string {
  const name = hostname().toLowerCase();
  if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(name))
    throw new UserError(
      `this machine is called ${JSON.stringify(name)}, which no node can be: give a name with --node-name`,
    );
  return name;
}

const RETRY_MS = 1_000;
const PASSING: ReadonlySet<string> = new Set(['NotFound', 'ServiceUnavailable', 'Forbidden']);

/** What all nodes agree on, from the server; one that is away for a moment is waited for. */
async function settingsOf(access: NodeAccess, signal: AbortSignal): Promise<NodeSettings> {
  using transport = httpTransport(accessOf(access));
  const api = httpApi({ transport, clock: systemClock, userAgent: 'navarch-agent' }, signal);
  for (let said = ''; ;) {
    try {
      return await readNodeSettings(api);
    } catch (error) {
      signal.throwIfAborted();
      // An answer that is a refusal will not change by asking again; a server that is starting has not made the settings yet.
      const isRefusal =
        error instanceof UserError || (error instanceof StatusError && !PASSING.has(error.status.reason ?? ''));
      if (isRefusal) throw error;
      const sentence = `waiting for the server ${access.server}: ${sentenceOf(error)}`;
      if (sentence !== said) process.stderr.write(`${sentence}\n`);
      said = sentence;
      await systemClock.sleep(RETRY_MS, signal);
    }
  }
}
