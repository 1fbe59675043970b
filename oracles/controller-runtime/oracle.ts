import { mkdirSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { moduleFolder } from '../go.ts';
import { ModuleSuites } from '../module-suites.ts';
import { LeftOut, type Oracle } from '../oracle.ts';
import { type Row, showRow, showTable, tallyOf } from './report.ts';

const MODULE = 'sigs.k8s.io/controller-runtime@v0.25.2';
/** Whoever asks for fewer cases wants to be done in a minute: the suites take several, and as long to build. */
const CASES_MIN = 10_000;
/** The release whose executables one suite would fetch: it finds ours under that name and asks them for lists. */
const OLD_RELEASE = '1.28.0';

/** controller-runtime's own suites, each package's, unchanged and whole, on the executables of `navarch envtest`. */
export const controllerRuntimeOracle: Oracle = {
  name: 'controller-runtime',
  async run({ cases, only, say }) {
    if (cases < CASES_MIN) throw new LeftOut('it takes minutes: node oracles/main.ts --only controller-runtime');
    using suites = new ModuleSuites('controller-runtime', await moduleFolder(MODULE));
    const old = join(
      suites.folder,
      'kubebuilder-envtest',
      'k8s',
      `${OLD_RELEASE}-linux-${arch() === 'arm64' ? 'arm64' : 'amd64'}`,
    );
    mkdirSync(old, { recursive: true });
    await suites.writeExecutables();
    await suites.writeExecutables(old);
    const rows: Row[] = [];
    for (const name of suites.packagesIn('pkg')) {
      if (only.length > 0 && !only.some((folder) => name === folder || name.startsWith(`${folder}/`))) continue;
      const row = await suites.run(name, { env: { XDG_DATA_HOME: suites.folder } });
      rows.push(row);
      say(showRow(row));
    }
    for (const line of showTable(rows)) say(line);
    return tallyOf(rows);
  },
};
