import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { installPackages, packagesFor, probeHost } from '@navarch/node/host';
import { hasGo } from '../oracles/go.ts';

// Everything that must hold, by one command: `./navarch test [--only NAME]`. Last line: `N passed, N failed`.
// Parts: check (types), lint (rules, layout, what nobody uses), unit (core, tools), sim (scenarios on simulated time), oracles (needs Go), real (containers; needs root on Linux).
// `--seed N`: other random cases than those of every run, for properties, questions and requests.
// `--fuzz [N]` is only mutated requests against a server in this process, 100,000 unless it is said.
// `--oracles` is only the comparison with the official Go code, with 10,000 cases each instead of a few hundred.

interface Result {
  readonly passed: number;
  readonly failed: number;
}
interface Part {
  readonly name: string;
  run(): Promise<Result>;
}

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    oracles: { type: 'boolean', default: false },
    seed: { type: 'string' },
    fuzz: { type: 'string' },
  },
});
const only = values.oracles ? ['oracles'] : values.fuzz === undefined ? values.only : ['fuzz'];
/** Of each comparison: as many as the whole takes a minute for, or as issue and design ask for. */
const CASES = values.oracles ? 10_000 : 300;

const all = globSync('{packages,apps,conformance,bench,images}/**/*.test.ts', {
  cwd: root,
  exclude: ['**/node_modules/**'],
}).sort();
const isReal = (path: string): boolean => path.endsWith('.real.test.ts');

const parts: readonly Part[] = [
  {
    name: 'check',
    run: () =>
      commands([
        [bin('tsc'), '-p', 'tsconfig.core.json'],
        [bin('tsc'), '-p', 'tsconfig.edge.json'],
      ]),
  },
  {
    name: 'lint',
    run: () => commands([[bin('oxlint'), '--type-aware', '--quiet'], [bin('oxfmt'), '--check', '.'], [bin('knip')]]),
  },
  {
    name: 'unit',
    run: () => nodeTests(['tools/tidy.test.ts', 'tools/fuzz/fuzz.test.ts', ...all.filter((path) => !isReal(path))], 2),
  },
  // Always the same seeds: new ones are looked for with `./navarch sim`.
  { name: 'sim', run: () => counted(['tools/sim.ts', '--seeds', '20']) },
  { name: 'oracles', run: oracleTests },
  // Real containers share one machine: one file at a time.
  { name: 'real', run: realTests },
  ...(values.fuzz === undefined
    ? []
    : [
        {
          name: 'fuzz',
          run: () =>
            counted([
              'tools/fuzz/main.ts',
              '--requests',
              values.fuzz ?? '',
              ...(values.seed === undefined ? [] : ['--seed', values.seed]),
            ]),
        },
      ]),
];

let passed = 0;
let failed = 0;
for (const part of parts) {
  if (only && !only.includes(part.name)) continue;
  const started = performance.now();
  const result = await part.run();
  passed += result.passed;
  failed += result.failed;
  console.log(
    `-- ${part.name}: ${result.passed} passed, ${result.failed} failed, ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

/** Containers need root on Linux, and packages that are installed here when they are missing. */
async function realTests(): Promise<Result> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    console.log('-- real: left out: containers need root on Linux');
    return { passed: 0, failed: 0 };
  }
  const { signal } = new AbortController();
  const packages = packagesFor(await probeHost(tmpdir(), signal));
  if (packages.length > 0) {
    console.log(`-- real: installing ${packages.join(', ')}`);
    await installPackages(packages, { say: (line) => console.log(`   ${line}`) }, signal);
  }
  const report = await probeHost(tmpdir(), signal);
  if (report.canRunContainers) return nodeTests(all.filter(isReal), 1);
  console.log(
    `-- real: left out: this machine cannot run containers: ${report.missing.map((m) => `${m.what}: ${m.why}`).join('; ')}`,
  );
  return { passed: 0, failed: 0 };
}

/** What the official Go code says of the same questions; where Go is. */
async function oracleTests(): Promise<Result> {
  if (!(await hasGo())) {
    console.log('-- oracles: left out: Go is not installed');
    return { passed: 0, failed: 0 };
  }
  // Of a few cases always the same ones: new ones are looked for with --oracles.
  return counted([
    'oracles/main.ts',
    '--cases',
    String(CASES),
    ...(values.oracles && values.seed === undefined ? [] : ['--seed', values.seed ?? '1']),
  ]);
}

/** A script whose last line is `N passed, N failed`. */
async function counted(script: readonly string[]): Promise<Result> {
  const { code, output } = await run([process.execPath, '--disable-warning=ExperimentalWarning', ...script], 'output');
  const [, passes, failures] = /(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [];
  return { passed: Number(passes ?? 0), failed: Number(failures ?? (code === 0 ? 0 : 1)) };
}

async function commands(list: readonly (readonly string[])[]): Promise<Result> {
  let failures = 0;
  for (const command of list) if ((await run(command)).code !== 0) failures += 1;
  return { passed: list.length - failures, failed: failures };
}

/** Runs node's own test runner and reads its closing counts; a runner that died counts as one failure. */
async function nodeTests(files: readonly string[], concurrency: number): Promise<Result> {
  if (files.length === 0) return { passed: 0, failed: 0 };
  const { code, output } = await run(
    [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      `--import=${join(root, 'tools/seeded.ts')}`,
      '--test',
      `--test-concurrency=${concurrency}`,
      '--test-reporter=dot',
      '--test-reporter-destination=stdout',
      '--test-reporter=tap',
      '--test-reporter-destination=stderr',
      ...files,
    ],
    'errors',
  );
  const count = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const failures = count('fail') + count('cancelled');
  return { passed: count('pass'), failed: code !== 0 && failures === 0 ? 1 : failures };
}

/** Collects the standard error stream, not shown, or what is shown on the other one. */
function run(
  [command = '', ...args]: readonly string[],
  collected?: 'errors' | 'output',
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...(values.seed === undefined ? {} : { NAVARCH_SEED: values.seed }) },
      stdio: ['ignore', collected === 'output' ? 'pipe' : 'inherit', collected === 'errors' ? 'pipe' : 'inherit'],
    });
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    });
    child.on('error', (error) => resolve({ code: 1, output: `${output}${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
