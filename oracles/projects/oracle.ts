import { chmodSync, cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Row, showRow, showTable, tallyOf } from '../controller-runtime/report.ts';
import { moduleFolder } from '../go.ts';
import { ModuleSuites } from '../module-suites.ts';
import { LeftOut, type Oracle, type OracleContext } from '../oracle.ts';
import { type Project, PROJECTS } from './projects.ts';

const CASES_MIN = 10_000;

/** The integration tests of projects that people run on Kubernetes, unchanged, on the executables of `navarch envtest`. */
export const projectsOracle: Oracle = {
  name: 'projects',
  isNamedWithin: true,
  async run({ cases, only, say }) {
    const asked = PROJECTS.filter(({ name }) => only.length === 0 || only.includes(name));
    if (cases < CASES_MIN) throw new LeftOut('it takes many minutes: node oracles/main.ts --only projects');
    const rows: Row[] = [];
    for (const project of asked) rows.push(...(await rowsOf(project, say)));
    if (rows.length > 0) for (const line of showTable(rows)) say(line);
    return tallyOf(rows);
  },
};

async function rowsOf(project: Project, say: OracleContext['say']): Promise<readonly Row[]> {
  const { name, module, packages, folderVariable, leftOut = {} } = project;
  using suites = new ModuleSuites(name, await moduleFolder(module));
  await copyOthers(project, suites.module);
  await suites.writeExecutables();
  for (const [why, specs] of Object.entries(leftOut)) say(`not run of ${name}, since ${why}: ${specs.join(', ')}`);
  const env = folderVariable ? { [folderVariable]: `${suites.module}/` } : {};
  const rows: Row[] = [];
  for (const path of packages) {
    const row = await suites.run(path, { leftOutSpecs: Object.values(leftOut).flat(), env });
    const named = { ...row, name: `${name} ${path}` };
    rows.push(named);
    say(showRow(named));
  }
  return rows;
}

async function copyOthers({ copied = [] }: Project, folder: string): Promise<void> {
  for (const { module, from, to, without } of copied) {
    const source = join(await moduleFolder(module), from);
    const target = join(folder, to);
    cpSync(source, target, { recursive: true, filter: (path) => without === undefined || !path.endsWith(without) });
    // What the Go client fetches may not be written, and goes with the folder it is copied to.
    for (const entry of readdirSync(target, { recursive: true, withFileTypes: true }))
      chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
    chmodSync(target, 0o755);
  }
}
