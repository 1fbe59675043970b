import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadAccess, systemLogger } from '@navarch/node';
import { runSimulatedAgent } from '../compose/simulated-agent.ts';
import { runAgent } from '../compose/agent.ts';
import { layoutOf } from '../cluster/layout.ts';
import { untilStopped } from '../until-stopped.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './index.ts';
import { DEFAULTS, portOf } from './server.ts';

export const declareAgent: Declare = (program) => {
  program.command('agent')
    .description('Run a node in the foreground: kubelet, service proxy and DNS over a private containerd')
    .option('--name <cluster>', 'name of the cluster', 'navarch')
    .option('--data-dir <folder>', 'where containers, volumes and logs are kept (default: by cluster name)')
    .option('--kubeconfig <file>', "the node's identity (default: the one that the server on this machine wrote)")
    .option('--node-name <name>', 'name of the node', 'navarch')
    .option('--node-ip <address>', "the node's address", DEFAULTS.nodeIP)
    .option('--kubelet-port <port>', "port of the kubelet's server", '10250')
    .option('--cluster-dns <address>', 'address of the cluster DNS', DEFAULTS.clusterDns)
    .option('--cluster-domain <domain>', 'DNS domain of the cluster', DEFAULTS.clusterDomain)
    .option('--cluster-cidr <cidr>', 'range of pod addresses', DEFAULTS.clusterCidr)
    .option('--runtime <kind>', 'containerd, or sim: play the node without containers', 'containerd')
    .option('--max-pods <number>', 'pods this node takes', '110')
    .action(async (options: Record<string, string>) => {
      const dataDir = options['dataDir'] ?? layoutOf(options['name'] ?? '').dir;
      const kubeconfig = options['kubeconfig'] ?? join(dataDir, 'node.kubeconfig');
      if (options['runtime'] === 'sim') return untilStopped((signal) => runSimulatedAgent(join(dataDir, 'admin.kubeconfig'), options['nodeName'] ?? '', signal));
      if (!existsSync(kubeconfig)) throw new UserError(`there is no kubeconfig ${kubeconfig}: start \`navarch server\` first, or give --kubeconfig`);
      return untilStopped((signal) => runAgent({
        dataDir, nodeName: options['nodeName'] ?? '', nodeIP: options['nodeIp'] ?? '', kubeletPort: portOf(options['kubeletPort'] ?? ''), access: loadAccess(kubeconfig),
        clusterDns: options['clusterDns'] ?? '', clusterDomain: options['clusterDomain'] ?? '', clusterCidr: options['clusterCidr'] ?? '', podsMax: Number(options['maxPods']), log: systemLogger('info'),
      }, signal));
    });
};
