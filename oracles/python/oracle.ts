import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withSimulatedCluster } from '../cluster.ts';
import { finished } from '../go.ts';
import { LeftOut, type Oracle, type Tally } from '../oracle.ts';

const RELEASE = '37.0.2';
const SCRIPT = join(import.meta.dirname, 'client.py');

/** The official Python client, unmodified, from PyPI. */
export const pythonOracle: Oracle = {
  name: 'python',
  async run({ cases, say }) {
    if (cases < 1000) throw new LeftOut('it needs a cluster of its own: ./navarch test --oracles');
    const python = await pythonWithClient();
    let tally: Tally = { passed: 0, failed: 0 };
    await withSimulatedCluster(async (kubeconfig) => {
      tally = await asked(python, [kubeconfig], say);
    });
    const { KUBECONFIG: running, STREAMS_POD: pod } = process.env;
    if (!running || !pod) return tally;
    const streams = await asked(python, [running, pod], say);
    return { passed: tally.passed + streams.passed, failed: tally.failed + streams.failed };
  },
};

async function asked(python: string, args: readonly string[], say: (line: string) => void): Promise<Tally> {
  const { code, output } = await finished(python, [SCRIPT, ...args]);
  const lines = output.split('\n').filter((line) => /^(?:ok {3}|FAIL )/.test(line));
  for (const line of lines) say(line);
  const failed = lines.filter((line) => line.startsWith('FAIL')).length;
  if (failed > 0 || code !== 0 || lines.length === 0) say(output);
  return { passed: lines.length - failed, failed: failed > 0 ? failed : code === 0 && lines.length > 0 ? 0 : 1 };
}

/** An interpreter with the client, in a folder that is kept. Throws LeftOut where there can be none. */
async function pythonWithClient(): Promise<string> {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'navarch', 'python', RELEASE);
  const python = join(folder, 'bin/python');
  const hasClient = async (): Promise<boolean> =>
    existsSync(python) && (await finished(python, ['-c', 'import kubernetes'])).code === 0;
  if (await hasClient()) return python;
  const made = await finished('python3', ['-m', 'venv', folder]);
  if (made.code !== 0) throw new LeftOut(`there is no Python 3 with venv: ${made.output.trim()}`);
  const installed = await finished(python, ['-m', 'pip', 'install', '--quiet', `kubernetes==${RELEASE}`]);
  if (!(await hasClient()))
    throw new LeftOut(`the Python client ${RELEASE} cannot be fetched: ${installed.output.trim()}`);
  return python;
}
