import { installPackages, packagesFor, probeHost } from '@navarch/node/host';
import { sentenceOf, UserError } from '../user-error.ts';
import type { Layout } from './layout.ts';
import type { ClusterState } from './state.ts';
import type { Steps } from './steps.ts';

/** Says what is missing and installs what it may; where containers cannot run, nodes are simulated, unless containers were asked for. */
export async function chooseRuntime(
  layout: Layout,
  asked: 'auto' | 'containerd' | 'sim',
  known: ClusterState | undefined,
  steps: Steps,
  signal: AbortSignal,
): Promise<ClusterState['runtime']> {
  const wanted = asked === 'auto' ? (known?.runtime ?? 'auto') : asked;
  if (known && wanted !== known.runtime) {
    throw new UserError(
      `cluster ${layout.name} was begun with ${known.runtime === 'sim' ? 'simulated nodes' : 'containers'}: run \`navarch down\` first, or give the new one another --name`,
    );
  }
  if (wanted === 'sim') return 'sim';
  let report = await probeHost(layout.dir, signal);
  const packages = packagesFor(report);
  if (!report.canRunContainers && packages.length > 0 && process.getuid?.() === 0) {
    steps.say(`This machine lacks: ${report.missing.map((m) => `${m.what} (${m.why})`).join('; ')}`);
    const failure = await install(packages, steps, signal);
    report = await probeHost(layout.dir, signal);
    if (failure !== undefined && wanted === 'containerd')
      throw new UserError(
        `cannot install ${packages.join(', ')}: ${failure}; connect this machine to its package archive, or install them by other means`,
      );
    if (failure !== undefined) steps.say(`They could not be installed: ${failure}`);
  }
  if (report.canRunContainers) return 'containerd';
  const why = report.missing.map((m) => `${m.what}: ${m.why}`).join('; ');
  if (wanted === 'containerd') throw new UserError(`this machine cannot run containers: ${why}`);
  steps.say(
    `This machine cannot run containers (${why}).\nStarting the same control plane with a simulated node: pods become Ready, but no process runs.`,
  );
  return 'sim';
}

/** What the package manager said when it could not; undefined when it could. */
async function install(packages: readonly string[], steps: Steps, signal: AbortSignal): Promise<string | undefined> {
  try {
    await steps.step(`Installing ${packages.join(', ')}`, () =>
      installPackages(packages, { say: (line) => steps.say(`   ${line}`) }, signal),
    );
    return undefined;
  } catch (error) {
    return sentenceOf(error);
  }
}
