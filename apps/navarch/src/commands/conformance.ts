import { delimiter, dirname, join } from 'node:path';
import { importIntoAll } from '@navarch/node/containerd';
import { buildImage } from '../../../../images/build.ts';
import { layoutOf } from '../cluster/layout.ts';
import { localRuntimes } from '../cluster/local-nodes.ts';
import { clusterOption } from '../cluster/usual-cluster.ts';
import { flagsOf, runScript } from '../run-program.ts';
import type { Declare } from './declare.ts';
import { bundledKubectl, programsOf } from './kubectl.ts';

interface TestImage {
  readonly name: string;
  /** The only test that runs it, by a word of its name. Absent: most do. */
  readonly test?: string;
}

/** What the tests run in pods. */
const TEST_IMAGES: readonly TestImage[] = [
  { name: 'navarch-testhost' },
  { name: 'etcd', test: 'Aggregator' },
  // Compiled by the Go of this machine.
  { name: 'sample-apiserver', test: 'Aggregator' },
];
const SCRIPT = join(import.meta.dirname, '../../../../conformance/src/main.ts');

export const declareConformance: Declare = (program, exit) => {
  program
    .command('conformance')
    .description('Run the conformance tests against a cluster. Nodes of this machine are given the image they need')
    .addOption(clusterOption('the cluster of this machine, if it is one'))
    .option('--kubeconfig <file>', 'how to reach the cluster; absent: as kubectl does')
    .option('--group <name>', 'only tests of this group, such as apps')
    .option('--focus <pattern>', 'only tests whose name matches')
    .option('--procs <count>', 'tests at a time')
    .option('--junit <file>', 'write the results as JUnit XML')
    .action(async ({ name = '', ...options }: Readonly<Record<string, string>>) => {
      await bringTestImages(name, options);
      // A kubectl that is installed comes first.
      const kubectl = dirname(await bundledKubectl(programsOf(layoutOf(name))));
      const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}${delimiter}${kubectl}` };
      exit(await runScript(SCRIPT, flagsOf(options), env));
    });
};

/** Whether the tests that are asked for may be with one that has this word in its name. */
const mayRun = (word: string, { group = 'api-machinery', focus = '' }: Readonly<Record<string, string>>): boolean =>
  group === 'api-machinery' && (focus === '' || focus.includes(word));

async function bringTestImages(cluster: string, options: Readonly<Record<string, string>>): Promise<void> {
  const [first, ...others] = localRuntimes(cluster);
  if (!first) return;
  const { signal } = new AbortController();
  for (const { name, test } of TEST_IMAGES) {
    if (test !== undefined && !mayRun(test, options)) continue;
    try {
      const { archive } = await buildImage(name, layoutOf(cluster).images, signal);
      await importIntoAll([first, ...others], archive, signal);
    } catch (error) {
      if (test === undefined) throw error;
      process.stderr.write(
        `The test with ${test} in its name will fail: its image ${name} cannot be built: ${(error as Error).message}\n`,
      );
    }
  }
}
