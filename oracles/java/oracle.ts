import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withSimulatedCluster } from '../cluster.ts';
import { finished } from '../go.ts';
import { LeftOut, type Oracle, type Tally } from '../oracle.ts';

const BUILD = join(import.meta.dirname, '..', 'build', 'java');
const CLASSES = join(BUILD, 'classes');
const CLASS_PATH = join(BUILD, 'classpath');
/** A class for each client. */
const CLIENTS = ['Official', 'Fabric8'] as const;

/** The official Java client and fabric8's, unmodified, from Maven's repository. */
export const javaOracle: Oracle = {
  name: 'java',
  async run({ cases, say }) {
    if (cases < 1000) throw new LeftOut('it needs a cluster of its own: ./navarch test --oracles');
    const classPath = await compiled();
    const all = async (args: readonly string[]): Promise<readonly Tally[]> => {
      const tallies: Tally[] = [];
      for (const client of CLIENTS) tallies.push(await asked(classPath, client, args, say));
      return tallies;
    };
    const tallies: Tally[] = [];
    await withSimulatedCluster(async (kubeconfig) => {
      tallies.push(...(await all([kubeconfig])));
    });
    const { KUBECONFIG: running, STREAMS_POD: pod } = process.env;
    if (running && pod) tallies.push(...(await all([running, pod])));
    const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
    return { passed: sum(({ passed }) => passed), failed: sum(({ failed }) => failed) };
  },
};

async function asked(
  classPath: string,
  client: string,
  args: readonly string[],
  say: (line: string) => void,
): Promise<Tally> {
  const { code, output } = await finished('java', ['-cp', classPath, client, ...args]);
  const lines = output.split('\n').filter((line) => /^(?:ok {3}|FAIL )/.test(line));
  for (const line of lines) say(line);
  const failures = lines.filter((line) => line.startsWith('FAIL')).length;
  const isWhole = lines.length > 0 && (code === 0 || failures > 0);
  if (failures > 0 || !isWhole) say(output);
  return { passed: lines.length - failures, failed: isWhole ? failures : failures + 1 };
}

/** Fetches the clients and compiles what is here against them. Throws LeftOut without Java or Maven. */
async function compiled(): Promise<string> {
  mkdirSync(BUILD, { recursive: true });
  const fetched = await finished(
    'mvn',
    ['-q', '-B', 'dependency:build-classpath', `-Dmdep.outputFile=${CLASS_PATH}`, '-Dmdep.includeScope=runtime'],
    { cwd: import.meta.dirname },
  );
  if (fetched.code === 127) throw new LeftOut('Maven is not installed');
  if (fetched.code !== 0) throw new LeftOut(`the Java clients cannot be fetched: ${fetched.output.trim()}`);
  const clients = readFileSync(CLASS_PATH, 'utf8').trim();
  const sources = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.java'));
  const { code, output } = await finished('javac', ['-d', CLASSES, '-cp', clients, ...sources], {
    cwd: import.meta.dirname,
  });
  if (code === 127) throw new LeftOut('no Java compiler is installed');
  if (code !== 0) throw new Error(`Cannot compile oracles/java:\n${output}`);
  return `${CLASSES}:${clients}`;
}
