import { cpSync, globSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { leftovers } from '../testing/leftovers.ts';
import { type RealCluster, startRealCluster } from '../testing/real-cluster.ts';
import { stories } from './stories/index.ts';

// node main.ts [STORY...] [--seed 1] [--minutes 2]: faults on real containers, each story on a cluster of two nodes of its
// own. The last line is `N passed, N failed`.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, minutes: { type: 'string', default: '2' } },
});
const unknown = positionals.filter((name) => !stories.has(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no story ${unknown.join(', ')}; there are ${[...stories.keys()].join(', ')}\n`);
  process.exit(1);
}
const chosen = positionals.length > 0 ? positionals : [...stories.keys()];
let passed = 0;
for (const name of chosen) {
  process.stdout.write(`-- ${name}, seed ${values.seed}\n`);
  if (await isWell(name)) passed += 1;
}
process.stdout.write(`${passed} passed, ${chosen.length - passed} failed\n`);
process.exitCode = passed === chosen.length ? 0 : 1;

async function isWell(story: string): Promise<boolean> {
  await using cluster = await startRealCluster({ mark: 'x', flags: ['--nodes', '2'] });
  const { seed, minutes } = values;
  const script = join(import.meta.dirname, 'inside.ts');
  const flags = ['--disable-warning=ExperimentalWarning', script, story, cluster.name, seed, minutes];
  const code = await cluster.machine.show(process.execPath, ...flags);
  if (code !== 0) keepLogs(cluster, join(tmpdir(), `navarch-faults-${story}-${seed}`));
  await cluster.navarch('down');
  const left = await leftovers(cluster.machine, cluster.home, cluster.name);
  if (left !== '') process.stdout.write(`WRONG left after down:\n${left}\n`);
  return code === 0 && left === '';
}

/** What server, agents and containerds said, for whoever wants to know why. */
function keepLogs({ home, name }: RealCluster, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const from = join(home, name);
  for (const log of globSync('{,nodes/*/}{logs/*.log,containerd/containerd.log}', { cwd: from }))
    cpSync(join(from, log), join(folder, log));
  process.stdout.write(`logs: ${folder}\n`);
}
