import { systemClock, systemLogger, systemRandom } from '@navarch/node';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemUser } from '@navarch/apiserver';
import { ensureClusterDns } from '../compose/cluster-dns.ts';
import { runControlPlane } from '../compose/control-plane.ts';
import { startServer } from '../compose/server.ts';
import { layoutOf } from '../cluster/layout.ts';
import { untilStopped } from '../until-stopped.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './index.ts';

export const DEFAULTS = { port: 6443, nodeIP: '10.95.0.1', serviceCidr: '10.96.0.0/16', clusterCidr: '10.244.0.0/16', clusterDns: '10.96.0.10', clusterDomain: 'cluster.local' } as const;

export const declareServer: Declare = (program) => {
  program.command('server')
    .description('Run the control plane in the foreground: API server, controllers, scheduler, on one embedded store')
    .option('--name <cluster>', 'name of the cluster', 'navarch')
    .option('--data-dir <folder>', 'where the store, the certificates and the logs are kept (default: by cluster name)')
    .option('--bind-address <address...>', 'addresses to listen on; 0.0.0.0 lets other machines join', ['127.0.0.1'])
    .option('--port <port>', 'port of the API server', String(DEFAULTS.port))
    .option('--advertise-address <address>', 'address at which pods and other machines reach this server', DEFAULTS.nodeIP)
    .option('--service-cidr <cidr>', 'range of cluster IPs', DEFAULTS.serviceCidr)
    .option('--cluster-cidr <cidr>', 'range of pod addresses', DEFAULTS.clusterCidr)
    .option('--node-name <name>', 'node that gets an identity on this machine', 'navarch')
    .action(async (options: Record<string, string> & { bindAddress: string[] }) => {
      const port = portOf(options['port'] ?? '');
      const dataDir = options['dataDir'] ?? layoutOf(options['name'] ?? '').dir;
      const log = systemLogger('info');
      await untilStopped(async (signal) => {
        await using server = await startServer({
          dataDir, bindAddresses: options.bindAddress, port, advertiseAddress: options['advertiseAddress'] ?? '', serviceCidr: options['serviceCidr'] ?? '',
          nodePorts: [30_000, 32_767], nodeName: options['nodeName'] ?? '', log,
        }, signal);
        log.info('API server ready', { port: server.port });
        await ensureClusterDns(server.as(systemUser), { address: DEFAULTS.clusterDns, nodeIP: options['advertiseAddress'] ?? '' });
        await runControlPlane({
          as: (user) => server.as(user), clock: systemClock, random: systemRandom(), log, clusterCidr: options['clusterCidr'] ?? '',
          rootCertificate: readFileSync(join(dataDir, 'pki', 'ca.crt'), 'utf8'), housekeep: (until) => server.served.housekeep(until),
        }, signal);
      });
    });
};

export function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new UserError(`${JSON.stringify(text)} is not a port: give a number from 0 to 65535`);
  return port;
}
