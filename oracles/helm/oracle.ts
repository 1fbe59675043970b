import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withSimulatedCluster } from '../cluster.ts';
import { finished, goProgram, hasGo } from '../go.ts';
import { builtKubectl, RELEASES } from '../kubectl/build.ts';
import { kubectlAt } from '../kubectl/command.ts';
import { LeftOut, type Oracle } from '../oracle.ts';
import { type Release, walk } from './walk.ts';

const HELM = '4.3.1';
/** Who asks for fewer cases is in a hurry. */
const CASES_MIN = 1000;

/** Unmodified helm with a chart that has custom resources, hooks and a test. */
export const helmOracle: Oracle = {
  name: 'helm',
  isNamedWithin: true,
  async run({ only, cases, say }) {
    if (cases < CASES_MIN) throw new LeftOut('building helm takes minutes: ./navarch test --oracles');
    const helm = await builtHelm();
    const kubectl = await builtKubectl(RELEASES.at(-1) as string);
    let [passed, failed] = [0, 0];
    await withSimulatedCluster(async (kubeconfig) => {
      for (const { name, run } of walk) {
        if (only.length > 0 && !only.includes(name)) continue;
        try {
          await run(releaseIn(`helm-${randomBytes(4).toString('hex')}`, { helm, kubectl, kubeconfig }));
          passed += 1;
          say(`ok   helm ${HELM}: ${name}`);
        } catch (error) {
          failed += 1;
          say(`FAIL helm ${HELM}: ${name}: ${(error as Error).message}`);
        }
      }
    });
    return { passed, failed };
  },
};

function releaseIn(
  namespace: string,
  { helm, kubectl, kubeconfig }: Readonly<Record<'helm' | 'kubectl' | 'kubeconfig', string>>,
): Release {
  const run: Release['run'] = (...args) =>
    finished(helm, [...args, '--kubeconfig', kubeconfig, '--namespace', namespace]);
  return {
    run,
    kubectl: kubectlAt(kubectl, kubeconfig, namespace),
    async ok(...args) {
      const { code, output } = await run(...args);
      if (code !== 0) throw new Error(`helm ${args.join(' ')} ended with ${code}:\n${output}`);
      return output;
    },
    async fails(...args) {
      const { code, output } = await run(...args);
      if (code === 0) throw new Error(`helm ${args.join(' ')} should have failed, but wrote:\n${output}`);
      return output;
    },
  };
}

/** Builds helm from its module, or finds it built. Throws LeftOut without Go or the module. */
async function builtHelm(): Promise<string> {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'navarch', 'helm', HELM);
  const program = join(folder, 'helm');
  if (existsSync(program)) return program;
  if (!(await hasGo())) throw new LeftOut('Go is not installed');
  const { code, output } = await finished(goProgram(), ['install', `helm.sh/helm/v4/cmd/helm@v${HELM}`], {
    env: { GOBIN: folder },
  });
  if (code !== 0) throw new LeftOut(`helm ${HELM} cannot be built: ${output.trim().split('\n').at(-1)}`);
  return program;
}
