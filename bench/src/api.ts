import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Measures the API server beside a peer (upstream's API server library on etcd) in one run:
// node bench/src/api.ts [both|url]. NAVARCH_BENCH names the folder of the load generator and the peer;
// RUNS, PODS, OPS, LISTED and WORKLOADS are its own settings. Needs Go.

const root = join(import.meta.dirname, '../..');
const tools = process.env['NAVARCH_BENCH'] ?? join(root, '../shared/bench');
const mode = process.argv[2] ?? 'both';

if (!existsSync(join(tools, 'run.sh'))) {
  process.stderr.write(`bench: there is no load generator in ${tools}; name its folder with NAVARCH_BENCH\n`);
  process.exit(1);
}
const dataDir = mkdtempSync(join(tmpdir(), 'navarch-bench-'));
const port = await freePort();
const main = join(root, 'apps/navarch/src/main.ts');
const args = ['server', '--data-dir', dataDir, '--port', String(port), '--advertise-address', '127.0.0.1', '--node-name', 'bench'];
const server = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
try {
  for (let waited = 0; !existsSync(join(dataDir, 'admin.kubeconfig')) && waited < 10_000; waited += 50) await sleep(50);
  await sleep(500);
  const flags = ['--kubeconfig', join(dataDir, 'admin.kubeconfig'), '--pid', `server=${server.pid}`];
  const load = spawn('bash', [join(tools, 'run.sh'), mode, `https://127.0.0.1:${port}`, ...flags], { stdio: 'inherit' });
  process.exitCode = await new Promise<number>((resolve) => load.on('close', (code) => resolve(code ?? 1)));
} finally {
  server.kill('SIGTERM');
  await new Promise((resolve) => server.on('close', resolve));
  rmSync(dataDir, { recursive: true, force: true });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
