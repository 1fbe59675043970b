import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { installPackages, packagesFor, probeHost } from '@navarch/node';

// Everything that must hold, by one command: `./navarch test [--only NAME]`. Last line: `N passed, N failed`.
// Parts: check (types), lint, unit (core, tools), real (containers; needs root on Linux).

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
const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });

const all = globSync('{packages,apps,conformance,bench,images}/**/*.test.ts', { cwd: root, exclude: ['**/node_modules/**'] }).sort();
const isReal = (path: string): boolean => path.endsWith('.real.test.ts');

const parts: readonly Part[] = [
  { name: 'check', run: () => commands([[bin('tsc'), '-p', 'tsconfig.core.json'], [bin('tsc'), '-p', 'tsconfig.edge.json']]) },
  { name: 'lint', run: () => commands([[bin('oxlint'), '--type-aware', '--quiet']]) },
  { name: 'unit', run: () => nodeTests(['tools/tidy.test.ts', ...all.filter((path) => !isReal(path))], 2) },
  // Real containers share one machine: one file at a time.
  { name: 'real', run: realTests },
];

let passed = 0;
let failed = 0;
for (const part of parts) {
  if (values.only && !values.only.includes(part.name)) continue;
  const started = performance.now();
  const result = await part.run();
  passed += result.passed;
  failed += result.failed;
  console.log(`-- ${part.name}: ${result.passed} passed, ${result.failed} failed, ${((performance.now() - started) / 1000).toFixed(1)} s`);
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
  console.log(`-- real: left out: this machine cannot run containers: ${report.missing.map((m) => `${m.what}: ${m.why}`).join('; ')}`);
  return { passed: 0, failed: 0 };
}

async function commands(list: readonly (readonly string[])[]): Promise<Result> {
  let failures = 0;
  for (const command of list) if ((await run(command)).code !== 0) failures += 1;
  return { passed: list.length - failures, failed: failures };
}

/** Runs node's own test runner and reads its closing counts; a runner that died counts as one failure. */
async function nodeTests(files: readonly string[], concurrency: number): Promise<Result> {
  if (files.length === 0) return { passed: 0, failed: 0 };
  const { code, output } = await run([
    process.execPath, '--disable-warning=ExperimentalWarning', '--test', `--test-concurrency=${concurrency}`, '--test-reporter=dot',
    '--test-reporter-destination=stdout', '--test-reporter=tap', '--test-reporter-destination=stderr', ...files,
  ], true);
  const count = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const failures = count('fail') + count('cancelled');
  return { passed: count('pass'), failed: code !== 0 && failures === 0 ? 1 : failures };
}

/** With `quietErrors` the standard error stream is collected and not shown. */
function run([command = '', ...args]: readonly string[], quietErrors = false): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', quietErrors ? 'pipe' : 'inherit'] });
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => { output += chunk.toString(); });
    child.on('error', (error) => resolve({ code: 1, output: `${output}${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
