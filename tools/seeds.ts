import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { rollout } from '../packages/testing/src/scenarios/rollout.ts';

// node tools/seeds.ts [--first 1] [--count 100] [--procs N]: the rollout scenario with many seeds, each twice. Its last
// line is `N passed, N failed`, also when it is interrupted; how far it is, every hundred seeds, goes to stderr. Takes about half a second per seed and processor.

interface Verdict {
  readonly seed: number;
  readonly error?: string;
}

if (isMainThread) await main();
else await work();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      first: { type: 'string', default: '1' },
      count: { type: 'string', default: '100' },
      procs: { type: 'string' },
    },
  });
  const [first, count, procs] = [
    Number(values.first),
    Number(values.count),
    Number(values.procs ?? availableParallelism()),
  ];
  let [passed, failed] = [0, 0];
  const end = (): void => {
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    process.exitCode = failed === 0 ? 0 : 1;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      end();
      process.exit(1);
    });
  }
  await Promise.all(
    Array.from(
      { length: Math.min(procs, count) },
      (_, i) =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), {
            workerData: { first: first + i, end: first + count, step: procs },
          });
          worker.on('message', ({ seed, error }: Verdict) => {
            if (error === undefined) passed += 1;
            else failed += 1;
            if (error !== undefined) process.stdout.write(`seed ${seed}: ${error}\n`);
            if ((passed + failed) % 100 === 0)
              process.stderr.write(`${passed + failed} of ${count} seeds, ${failed} failed\n`);
          });
          worker.on('error', reject);
          worker.on('exit', () => resolve());
        }),
    ),
  );
  end();
}

async function work(): Promise<void> {
  const { first, end, step } = workerData as { readonly first: number; readonly end: number; readonly step: number };
  for (let seed = first; seed < end; seed += step) parentPort?.postMessage(await judge(seed));
}

async function judge(seed: number): Promise<Verdict> {
  try {
    return (await rollout(seed)) === (await rollout(seed))
      ? { seed }
      : { seed, error: 'two runs of this seed have different histories' };
  } catch (error) {
    return { seed, error: (error as Error).message };
  }
}
