import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from './benchmark.ts';
import { ROOT } from './machine.ts';
import { freePorts } from './ports.ts';
import { nodeFlags, type RunningServer, untilReady } from './running-server.ts';

/** A `navarch server` process (API server, controllers, scheduler) with an empty durable store. */
export async function startNavarchServer(context: Context, flags: readonly string[] = []): Promise<RunningServer> {
  const { processes, dir } = context;
  const [port = 0] = await freePorts(1);
  const dataDir = join(dir, 'server');
  mkdirSync(dataDir, { recursive: true });
  const log = join(dir, 'server.log');
  // Room for 16,384 nodes: the range of a fresh cluster has it for 256.
  const child = processes.start(
    process.execPath,
    [
      ...nodeFlags(),
      join(ROOT, 'apps/navarch/src/main.ts'),
      'server',
      '--data-dir',
      dataDir,
      '--port',
      String(port),
      '--cluster-cidr',
      '10.128.0.0/10',
      '--node-name',
      'bench',
      ...flags,
    ],
    { log },
  );
  return untilReady({ child, port, kubeconfig: join(dataDir, 'admin.kubeconfig'), dataDir, log }, context);
}
