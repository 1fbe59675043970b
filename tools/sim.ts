import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { play, type Scenario, scenarios, type Verdict } from '@navarch/sim/scenarios';

// node tools/sim.ts [--seeds 20] [--first 1] [--scenario TEXT] [--size N] [--list] [--procs N]: every scenario with every
// seed, each twice; with --size those that may be larger, with so many. A failing seed prints the command that repeats it. The last line is `N passed, N failed`, also when interrupted.

interface Task {
  readonly scenario: string;
  readonly seed: number;
  /** Of what it is about; absent: as many as every run has time for. */
  readonly size?: number;
}

/** A worker takes so many plays at a time: enough that nobody waits, few enough that none is left with the last ones. */
const BATCH = 5;
const MEMORY_MB = 1024;
/** Of a play that is as large as somebody asked for. */
const LARGE_MEMORY_MB = 4096;

if (isMainThread) await main();
else parentPort?.on('message', (tasks: readonly Task[]) => void work(tasks));

async function work(tasks: readonly Task[]): Promise<void> {
  for (const { scenario, seed, size } of tasks) {
    const started = performance.now();
    const found = scenarios.find(({ name }) => name === scenario) as Scenario;
    const verdict = await play(size === undefined ? found : (found.sized?.(size) ?? found), seed);
    parentPort?.postMessage({ ...verdict, ms: performance.now() - started });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '20' },
      first: { type: 'string', default: '1' },
      scenario: { type: 'string' },
      size: { type: 'string' },
      list: { type: 'boolean', default: false },
      procs: { type: 'string', default: String(availableParallelism()) },
      costs: { type: 'boolean', default: false },
    },
  });
  const { scenario } = values;
  const exact = scenarios.filter(({ name }) => name === scenario);
  const named = exact.length > 0 ? exact : scenarios.filter(({ name }) => name.includes(scenario ?? ''));
  const size = values.size === undefined ? undefined : Number(values.size);
  const chosen = size === undefined ? named : named.filter(({ sized }) => sized !== undefined);
  if (chosen.length === 0) {
    const which = size === undefined ? 'no scenario' : 'no scenario that may be larger';
    process.stderr.write(`There is ${which} with ${JSON.stringify(scenario)} in its name: --list shows them all\n`);
    process.exitCode = 1;
    return;
  }
  if (values.list) {
    for (const { name, says } of chosen) process.stdout.write(`${name.padEnd(44)} ${says}\n`);
    process.stdout.write(`${chosen.length} scenarios\n`);
    return;
  }
  const [first, seeds] = [Number(values.first), Number(values.seeds)];
  const tasks = chosen.flatMap(({ name }) =>
    Array.from({ length: seeds }, (_, i): Task => ({
      scenario: name,
      seed: first + i,
      ...(size === undefined ? {} : { size }),
    })),
  );
  await playAll(tasks, Math.min(Number(values.procs), Math.ceil(tasks.length / BATCH)), values.costs);
}

async function playAll(tasks: readonly Task[], procs: number, showsCosts: boolean): Promise<void> {
  let [next, passed, failed] = [0, 0, 0];
  const costs = new Map<string, number>();
  const size = tasks[0]?.size;
  const end = (): void => {
    if (showsCosts)
      for (const [name, ms] of [...costs].sort((a, b) => b[1] - a[1]))
        process.stdout.write(`${String(Math.round(ms)).padStart(8)} ms  ${name}\n`);
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    process.exitCode = failed === 0 ? 0 : 1;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      end();
      process.exit(1);
    });
  const hear = (verdict: Verdict & { readonly ms: number }): void => {
    costs.set(verdict.scenario, (costs.get(verdict.scenario) ?? 0) + verdict.ms);
    if (verdict.error === undefined) passed += 1;
    else {
      failed += 1;
      process.stdout.write(
        `${verdict.scenario}, seed ${verdict.seed}: ${verdict.error}\n  again: ./navarch sim --scenario ${verdict.scenario} --first ${verdict.seed} --seeds 1${size === undefined ? '' : ` --size ${size}`}\n`,
      );
    }
  };
  await Promise.all(
    Array.from(
      { length: procs },
      () =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), {
            resourceLimits: { maxOldGenerationSizeMb: size === undefined ? MEMORY_MB : LARGE_MEMORY_MB },
          });
          let open = 0;
          const give = (): void => {
            const batch = tasks.slice(next, (next += BATCH));
            open = batch.length;
            if (open === 0) void worker.terminate().then(() => resolve(), reject);
            else worker.postMessage(batch);
          };
          worker.on('message', (verdict: Verdict & { readonly ms: number }) => {
            hear(verdict);
            if (--open === 0) give();
          });
          worker.on('error', reject);
          give();
        }),
    ),
  );
  end();
}
