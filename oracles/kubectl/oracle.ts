import { randomBytes } from 'node:crypto';
import { withSimulatedCluster } from '../cluster.ts';
import { finished } from '../go.ts';
import { LeftOut, type Oracle } from '../oracle.ts';
import { builtKubectl, RELEASES } from './build.ts';
import { type Kubectl, kubectlAt } from './command.ts';
import { shownAsBefore } from './shown.ts';
import { type Step, step } from './step.ts';
import { walk } from './walk.ts';

/** Who asks for fewer is in a hurry. */
const CASES_MIN = 1000;

const readThrough = step('one object of each kind, in columns and described', shownAsBefore);

/** Unmodified kubectl of several releases, doing what people do with it. */
export const kubectlOracle: Oracle = {
  name: 'kubectl',
  isNamedWithin: true,
  async run({ only, cases, say }) {
    if (cases < CASES_MIN)
      throw new LeftOut('building and walking three kubectls takes minutes: ./navarch test --oracles');
    let [passed, failed] = [0, 0];
    const programs = new Map<string, string>();
    for (const release of RELEASES) programs.set(release, await builtKubectl(release));
    await withSimulatedCluster(async (kubeconfig) => {
      for (const [release, program] of programs) {
        const steps: readonly Step[] = release === RELEASES.at(-1) ? [...walk, readThrough] : walk;
        for (const { name, run } of steps) {
          if (only.length > 0 && !only.includes(name)) continue;
          try {
            await inNamespace(program, kubeconfig, run);
            passed += 1;
            say(`ok   kubectl ${release}: ${name}`);
          } catch (error) {
            failed += 1;
            say(`FAIL kubectl ${release}: ${name}: ${(error as Error).message}`);
          }
        }
      }
    });
    return { passed, failed };
  },
};

async function inNamespace(
  program: string,
  kubeconfig: string,
  run: (kubectl: Kubectl) => Promise<void>,
): Promise<void> {
  const namespace = `walk-${randomBytes(4).toString('hex')}`;
  const admin = ['--kubeconfig', kubeconfig];
  await finished(program, [...admin, 'create', 'namespace', namespace]);
  try {
    await finished(program, [...admin, 'wait', '--for=create', '-n', namespace, 'sa/default', '--timeout=30s']);
    await run(kubectlAt(program, kubeconfig, namespace));
  } finally {
    await finished(program, [...admin, 'delete', 'namespace', namespace, '--wait=false']);
  }
}
