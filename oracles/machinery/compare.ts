/**
 * Compares the pure parts of @navarch/machinery with the official Go libraries on random inputs.
 *   go build -o oracle . && node compare.ts ./oracle [cases per part] [seed]
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { protobuf, protobufEncoder, schemas, typeFacts } from '@navarch/api';
import { apiCases } from './api-cases.ts';
import { applyCases } from './apply-cases.ts';
import { textCases } from './text-cases.ts';
import { patchCases } from './patch-cases.ts';
import { protobufCases } from './protobuf-cases.ts';
import type { Answer, Case } from './case.ts';

const [oracle = './oracle', count = '2000', seed = '1', only = ''] = process.argv.slice(2);
const makers: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  ...textCases, ...apiCases, ...patchCases(schemas), ...applyCases(schemas),
  ...protobufCases({ schemas, facts: typeFacts, encoder: protobufEncoder, decoder: protobuf }),
};

let failures = 0;
for (const [name, arbitrary] of Object.entries(makers)) {
  if (only && only !== name) continue;
  const cases = fc.sample(arbitrary, { numRuns: Number(count), seed: Number(seed) });
  const answers = await ask(cases);
  let different = 0;
  cases.forEach((one, i) => {
    const theirs = normal(one.theirs ? one.theirs(answers[i] as Answer) : answers[i]);
    const ours = normal(one.ours());
    if (theirs === ours) return;
    different += 1;
    if (different <= 5) console.log(`${name}: ${JSON.stringify(one.request)}\n  theirs ${theirs}\n  ours   ${ours}\n  first difference ${firstDifference(theirs, ours)}`);
  });
  failures += different;
  console.log(`${name}: ${different} of ${cases.length} differ`);
}
process.exitCode = failures === 0 ? 0 : 1;

async function ask(cases: readonly Case[]): Promise<readonly unknown[]> {
  const child = spawn(oracle, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: unknown[] = [];
  const read = (async () => {
    for await (const line of createInterface(child.stdout)) lines.push(JSON.parse(line));
  })();
  for (const { request } of cases) child.stdin.write(`${JSON.stringify(request)}\n`);
  child.stdin.end();
  await read;
  return lines;
}

/** JSON with sorted keys; owners in any order, since times decide it. */
function normal(value: unknown): string {
  return JSON.stringify(value, (name, part: unknown) => {
    if (name === 'owners') return ((part ?? []) as readonly unknown[]).map(normal).sort();
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Where two long texts part, with what is before. */
function firstDifference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return `...${a.slice(Math.max(0, at - 120), at)} | ${a.slice(at, at + 120)} | ${b.slice(at, at + 120)}`;
}
