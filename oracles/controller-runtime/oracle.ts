import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { finished, goProgram, moduleFolder } from '../go.ts';
import { LeftOut, type Oracle, type Tally } from '../oracle.ts';
import { countsOf, type Row, showTable } from './report.ts';

const MODULE = 'sigs.k8s.io/controller-runtime@v0.25.2';
const MAIN = join(import.meta.dirname, '..', '..', 'apps', 'navarch', 'src', 'main.ts');
/** Whoever asks for fewer cases wants to be done in a minute: the suites take several, and as long to build. */
const CASES_MIN = 10_000;
/** The release whose executables one suite would fetch: it finds ours under that name and asks them for lists. */
const OLD_RELEASE = '1.28.0';

/**
 * controller-runtime's own suites, each package's, unchanged, on the executables of `navarch envtest`. The module is
 * fetched by the Go client; it is copied to a folder that can be written, since zips of modules lose the right to run scripts.
 */
export const controllerRuntimeOracle: Oracle = {
  name: 'controller-runtime',
  async run({ cases, say }) {
    if (cases < CASES_MIN) throw new LeftOut('it takes minutes: node oracles/main.ts --only controller-runtime');
    const source = await moduleFolder(MODULE);
    const folder = mkdtempSync(join(tmpdir(), 'navarch-controller-runtime-'));
    try {
      const suites = new Suites(folder);
      await suites.prepare(source);
      const rows: Row[] = [];
      for (const name of suites.packages) {
        const row = await suites.run(name);
        rows.push(row);
        say(`${row.counts.failed > 0 ? 'FAIL' : 'ok  '} ${name} ${row.seconds.toFixed(1)} s${row.output ? `\n${row.output}` : ''}`);
      }
      for (const line of showTable(rows)) say(line);
      return tallyOf(rows);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

class Suites {
  readonly #folder: string;
  readonly #module: string;
  readonly #assets: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#module = join(folder, 'module');
    this.#assets = join(folder, 'assets');
  }

  /** Folders with tests, in order. */
  get packages(): readonly string[] {
    return [...new Set(globSync('pkg/**/*_test.go', { cwd: this.#module }).map((file) => dirname(file)))].toSorted();
  }

  async prepare(source: string): Promise<void> {
    cpSync(source, this.#module, { recursive: true });
    for (const path of globSync('**/*', { cwd: this.#module, withFileTypes: true })) {
      const isRun = path.isDirectory() || path.name.endsWith('.sh');
      if (!path.isSymbolicLink()) chmodSync(join(path.parentPath, path.name), isRun ? 0o755 : 0o644);
    }
    const old = join(this.#folder, 'kubebuilder-envtest', 'k8s', `${OLD_RELEASE}-linux-${arch() === 'arm64' ? 'arm64' : 'amd64'}`);
    mkdirSync(old, { recursive: true });
    for (const assets of [this.#assets, old]) {
      const { code, output } = await finished(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'envtest', assets]);
      if (code !== 0) throw new Error(`navarch envtest failed:\n${output}`);
    }
  }

  /** Builds and runs the tests of a package; the time is that of the run alone. */
  async run(name: string): Promise<Row> {
    const program = join(this.#folder, 'suite.test');
    const built = await finished(goProgram(), ['test', '-c', '-o', program, `./${name}`], { cwd: this.#module, env: { GOFLAGS: '-mod=mod' } });
    if (built.code !== 0) return { name, counts: { passed: 0, failed: 1, pending: 0 }, seconds: 0, output: built.output };
    const started = performance.now();
    const { code, output } = await finished(program, ['-test.v', '-test.timeout=10m'], {
      cwd: join(this.#module, name), env: { KUBEBUILDER_ASSETS: this.#assets, XDG_DATA_HOME: this.#folder, GINKGO_NO_COLOR: 'TRUE' },
    });
    const counts = countsOf(output, code);
    return { name, counts, seconds: (performance.now() - started) / 1000, output: counts.failed > 0 ? output : '' };
  }
}

const tallyOf = (rows: readonly Row[]): Tally => ({
  passed: rows.reduce((sum, { counts }) => sum + counts.passed, 0), failed: rows.reduce((sum, { counts }) => sum + counts.failed, 0),
});
