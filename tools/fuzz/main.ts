import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

// node tools/fuzz/main.ts [--requests 100000] [--seed N] [--at NUMBER]: mutated requests against an API server in this
// process. The same seed sends the same requests. Its last line is `N passed, N failed`.

/** What a heap may grow by in a whole run: tables that fill up to their bounds. */
const GROWTH_BYTES_MAX = 40e6;

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string' }, at: { type: 'string' } },
});
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
console.log(`seed ${seed}`);
const { problems, statuses, growthBytes } = await fuzz({
  requests: Number(values.requests),
  seed,
  ...(values.at === undefined ? {} : { at: Number(values.at) }),
  say: (line) => console.log(line),
});
console.log(
  `answers ${[...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status === 0 ? 'closed' : status}: ${count}`)
    .join(', ')}`,
);
console.log(`heap ${growthBytes < 0 ? 'shrank' : 'grew'} by ${(Math.abs(growthBytes) / 1e6).toFixed(1)} MB`);
const failed = problems.length + (growthBytes > GROWTH_BYTES_MAX ? 1 : 0);
console.log(`${failed === 0 ? 1 : 0} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
