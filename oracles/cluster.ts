import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from './go.ts';

const NAVARCH = join(import.meta.dirname, '../apps/navarch/src/main.ts');

/** Runs with the kubeconfig of a whole cluster whose pods are simulated, and takes it away afterwards. */
export async function withSimulatedCluster(work: (kubeconfig: string) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'navarch-clients-'));
  const kubeconfig = join(home, 'kubeconfig');
  const env = { NAVARCH_HOME: home, KUBECONFIG: kubeconfig };
  const navarch = (...args: readonly string[]) =>
    finished(process.execPath, [NAVARCH, ...args, '--name', 'clients'], { env });
  try {
    const { code, output } = await navarch('up', '--runtime', 'sim', '--port', String(await freePort()));
    if (code !== 0) throw new Error(`Cannot start a cluster:\n${output}`);
    await work(kubeconfig);
  } finally {
    await navarch('down');
    rmSync(home, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .on('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
      });
  });
}
