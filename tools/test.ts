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
// `--walker [N]` is only packets through random clusters, N histories each of services and of policies, 10,000 unless it is said.
// `--oracles` is only the comparison with the official Go code, with 10,000 cases each instead of a few hundred.

interface Result {
  readonly passed: number;
  readonly failed: number;
}
type Print = (text: string) => void;
interface Part {
  readonly name: string;
  run(print: Print): Promise<Result>;
}

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    oracles: { type: 'boolean', default: false },
    seed: { type: 'string' },
    fuzz: { type: 'string' },
    walker: { type: 'string' },
  },
});
const alone = (['oracles', 'fuzz', 'walker'] as const).find(
  (name) => values[name] !== undefined && values[name] !== false,
);
const only = alone === undefined ? values.only : [alone];
/** Tests that are named with their time, of those of a part. */
const SLOWEST = 10;
/** Of each comparison: as many as the whole takes a minute for, or as issue and design ask for. */
const CASES = values.oracles ? 10_000 : 300;

const all = globSync('{packages,apps,conformance,bench,images}/**/*.test.ts', {
  cwd: root,
  exclude: ['**/node_modules/**'],
}).sort();
const isReal = (path: string): boolean => path.endsWith('.real.test.ts');

const check: Part = {
  name: 'check',
  run: () =>
    commands([
      [bin('tsc'), '-p', 'tsconfig.core.json'],
      [bin('tsc'), '-p', 'tsconfig.edge.json'],
    ]),
};
const lint: Part = {
  name: 'lint',
  run: () => commands([[bin('oxlint'), '--type-aware', '--quiet'], [bin('oxfmt'), '--check', '.'], [bin('knip')]]),
};
const unit: Part = {
  name: 'unit',
  run: () => nodeTests(['tools/tidy.test.ts', 'tools/fuzz/fuzz.test.ts', ...all.filter((path) => !isReal(path))], 2),
};
// Always the same seeds: new ones are looked for with `./navarch sim`.
const sim: Part = { name: 'sim', run: (print) => counted(['tools/sim.ts', '--seeds', '20'], print) };
const oracles: Part = { name: 'oracles', run: oracleTests };
// Each file has machines of its own (namespaces), and waits for most of its time.
const real: Part = { name: 'real', run: realTests };
const fuzz: Part = {
  name: 'fuzz',
  run: (print) =>
    counted(
      [
        'tools/fuzz/main.ts',
        '--requests',
        values.fuzz ?? '',
        ...(values.seed === undefined ? [] : ['--seed', values.seed]),
      ],
      print,
    ),
};

// Of random clusters that change step by step an independent reader of the rules says what becomes of packets.
const walker: Part = {
  name: 'walker',
  run: () => {
    console.log(`-- walker: ${values.walker} histories each, seed ${values.seed ?? 1}`);
    return nodeTests(
      ['packages/proxy/src/service-view.property.test.ts', 'packages/proxy/src/policy/policy.property.test.ts'],
      2,
    );
  },
};

/** One after the other, and what is in one list at once: scenarios have no clock, and oracles wait for most of their time. */
const order: readonly (readonly Part[])[] = [
  [check],
  [lint],
  [unit],
  [sim, oracles],
  [real],
  ...(values.fuzz === undefined ? [] : [[fuzz]]),
  ...(values.walker === undefined ? [] : [[walker]]),
];

let passed = 0;
let failed = 0;
for (const parts of order) {
  for await (const result of together(parts.filter(({ name }) => !only || only.includes(name)))) {
    passed += result.passed;
    failed += result.failed;
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

/** What a part prints is shown as it comes, once those before it in the list are done. */
async function* together(parts: readonly Part[]): AsyncGenerator<Result> {
  const running = parts.map((part) => {
    const [started, held] = [performance.now(), [] as string[]];
    let print: Print = (text) => void held.push(text);
    const show = (): void => {
      print = (text) => void process.stdout.write(text);
      for (const text of held.splice(0)) print(text);
    };
    const result = part
      .run((text) => print(text))
      .then(({ passed: passes, failed: failures }) => {
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        print(`-- ${part.name}: ${passes} passed, ${failures} failed, ${seconds} s\n`);
        return { passed: passes, failed: failures };
      });
    return { result, show };
  });
  for (const { result, show } of running) {
    show();
    yield await result;
  }
}

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
  if (report.canRunContainers) return nodeTests(all.filter(isReal), 2);
  console.log(
    `-- real: left out: this machine cannot run containers: ${report.missing.map((m) => `${m.what}: ${m.why}`).join('; ')}`,
  );
  return { passed: 0, failed: 0 };
}

/** What the official Go code says of the same questions; where Go is. */
async function oracleTests(print: Print): Promise<Result> {
  if (!(await hasGo())) {
    print('-- oracles: left out: Go is not installed\n');
    return { passed: 0, failed: 0 };
  }
  // Of a few cases always the same ones: new ones are looked for with --oracles.
  return counted(
    [
      'oracles/main.ts',
      '--cases',
      String(CASES),
      ...(values.oracles && values.seed === undefined ? [] : ['--seed', values.seed ?? '1']),
    ],
    print,
  );
}

/** A script whose last line is `N passed, N failed`. */
async function counted(script: readonly string[], print: Print): Promise<Result> {
  const { code, output } = await run([process.execPath, '--disable-warning=ExperimentalWarning', ...script], { print });
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
    { collects: 'errors' },
  );
  const count = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const failures = count('fail') + count('cancelled');
  for (const { name, seconds } of slowest(output)) console.log(`   ${seconds.toFixed(1).padStart(6)} s  ${name}`);
  return { passed: count('pass'), failed: code !== 0 && failures === 0 ? 1 : failures };
}

/** The tests that a run waits for longest, by what the runner says of each file's own tests. */
function slowest(tap: string): readonly { readonly name: string; readonly seconds: number }[] {
  const tests = [...tap.matchAll(/^(?:not )?ok \d+ - (.*)\n {2}---\n {2}duration_ms: ([\d.]+)/gm)];
  return tests
    .map(([, name = '', ms]) => ({ name, seconds: Number(ms) / 1000 }))
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST);
}

interface Collected {
  /** What is taken from the one stream, and not shown; the other one is. */
  readonly collects?: 'errors';
  /** Shows what the output stream says, which is taken as well. */
  readonly print?: Print;
}

function run(
  [command = '', ...args]: readonly string[],
  { collects, print }: Collected = {},
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: {
        ...process.env,
        ...(values.seed === undefined ? {} : { NAVARCH_SEED: values.seed }),
        ...(values.walker === undefined ? {} : { NAVARCH_RUNS: values.walker }),
      },
      stdio: ['ignore', print ? 'pipe' : 'inherit', collects === 'errors' ? 'pipe' : 'inherit'],
    });
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      print?.(chunk.toString());
    });
    child.on('error', (error) => resolve({ code: 1, output: `${output}${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
