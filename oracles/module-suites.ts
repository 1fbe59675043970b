import { chmodSync, cpSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { finished, goProgram } from './go.ts';
import { countsOf, type Row } from './controller-runtime/report.ts';

const MAIN = join(import.meta.dirname, '..', 'apps', 'navarch', 'src', 'main.ts');

interface RunOptions {
  /** Tests that are not run, by expressions. */
  readonly leftOut?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The test suites of a Go module, run on the executables of `navarch envtest`, in a folder that goes with them. */
export class ModuleSuites implements Disposable {
  readonly folder: string;
  readonly module: string;
  readonly #assets: string;

  /** Copies the source to a folder that can be written: zips of modules lose the right to run scripts. */
  constructor(name: string, source: string) {
    this.folder = mkdtempSync(join(tmpdir(), `navarch-${name}-`));
    this.module = join(this.folder, 'module');
    this.#assets = join(this.folder, 'assets');
    cpSync(source, this.module, { recursive: true });
    for (const path of globSync('**/*', { cwd: this.module, withFileTypes: true })) {
      const isRun = path.isDirectory() || path.name.endsWith('.sh');
      if (!path.isSymbolicLink()) chmodSync(join(path.parentPath, path.name), isRun ? 0o755 : 0o644);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Folders with tests below one, in order. */
  packagesIn(folder: string): readonly string[] {
    return [
      ...new Set(globSync(`${folder}/**/*_test.go`, { cwd: this.module }).map((file) => dirname(file))),
    ].toSorted();
  }

  async writeExecutables(assets = this.#assets): Promise<void> {
    const { code, output } = await finished(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      MAIN,
      'envtest',
      assets,
    ]);
    if (code !== 0) throw new Error(`navarch envtest failed:\n${output}`);
  }

  /** Builds and runs the tests of a package; the time is that of the run alone. */
  async run(name: string, { leftOut = [], env = {} }: RunOptions = {}): Promise<Row> {
    // Some tests ask how the program is called that they are in.
    const program = join(this.folder, `${name.slice(name.lastIndexOf('/') + 1)}.test`);
    const built = await finished(goProgram(), ['test', '-c', '-o', program, `./${name}`], {
      cwd: this.module,
      env: { GOFLAGS: '-mod=mod' },
    });
    if (built.code !== 0)
      return { name, counts: { passed: 0, failed: 1, pending: 0 }, seconds: 0, output: built.output };
    const started = performance.now();
    const skip = leftOut.length > 0 ? [`-test.skip=${leftOut.map(exactly).join('|')}`] : [];
    const { code, output } = await finished(program, ['-test.v', '-test.timeout=30m', ...skip], {
      cwd: join(this.module, name),
      env: { KUBEBUILDER_ASSETS: this.#assets, GINKGO_NO_COLOR: 'TRUE', ...env },
    });
    const counts = countsOf(output, code);
    return { name, counts, seconds: (performance.now() - started) / 1000, output: counts.failed > 0 ? output : '' };
  }
}

/** Of a test within others each name is an expression of its own. */
const exactly = (test: string): string =>
  test
    .split('/')
    .map((name) => `^${name}$`)
    .join('/');
