import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { countsOf } from '../controller-runtime/report.ts';
import { builtTool, finished } from '../go.ts';
import { LeftOut, type Oracle } from '../oracle.ts';

const DRIVER = join(import.meta.dirname, '../../images/csi-driver/main.ts');
const SANITY = 'github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity';
const START_MS = 10_000;

/** csi-test's sanity suite, which holds a driver to the CSI specification call by call, on the example driver. */
export const csiOracle: Oracle = {
  name: 'csi',
  async run({ say }) {
    if (process.getuid?.() !== 0) throw new LeftOut('mounting needs root');
    const program = await builtTool('csi', SANITY);
    const folder = mkdtempSync(join(tmpdir(), 'navarch-csi-'));
    const endpoint = join(folder, 'csi.sock');
    const driver = spawn(process.execPath, [DRIVER, '--endpoint', endpoint, '--data-dir', join(folder, 'volumes')], {
      stdio: 'inherit',
    });
    try {
      await whenThere(endpoint);
      const { code, output } = await finished(program, [
        '-ginkgo.no-color',
        `-csi.endpoint=unix://${endpoint}`,
        `-csi.stagingdir=${join(folder, 'staging')}`,
        `-csi.mountdir=${join(folder, 'mount')}`,
        // What the controller says of another size is tried with this much.
        '-csi.testvolumesize=1073741824',
        '-csi.testvolumeexpandsize=2147483648',
      ]);
      const counts = countsOf(output, code);
      if (counts.failed > 0 || counts.passed === 0) say(output);
      return counts.passed === 0 ? { passed: 0, failed: 1 } : counts;
    } finally {
      await ended(driver);
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function whenThere(path: string): Promise<void> {
  for (const until = performance.now() + START_MS; !existsSync(path); await sleep(20))
    if (performance.now() > until) throw new Error(`the driver made no ${path}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
