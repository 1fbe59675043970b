import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { Field } from '../../packages/machinery/src/field.ts';
import { equalJson } from '../../packages/machinery/src/equality.ts';
import { applyDefaults, prune, pruneNulls } from '../../packages/machinery/src/structural/values.ts';
import { StructuralValidator, validateListTypes } from '../../packages/machinery/src/structural/validate.ts';
import { customCase } from './cases.ts';

const onlyIn = (a: any, b: any): unknown => (a.errors ? a.errors.filter((error: string) => !b.errors.includes(error)) : a);

// go build -o custom-resources . && node compare.ts ./custom-resources [cases] [seed]

const [program = './custom-resources', count = '10000', seed = '1'] = process.argv.slice(2);
const oracle = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
const answers = createInterface({ input: oracle.stdout })[Symbol.asyncIterator]();

async function ask(question: unknown): Promise<any> {
  oracle.stdin.write(`${JSON.stringify(question)}\n`);
  const { value } = await answers.next();
  return JSON.parse(String(value));
}

const patterns = { compile: (pattern: string) => (text: string) => new RegExp(pattern, 'u').test(text) };
type Case = { readonly schema: any; readonly value: any };
const ours: Readonly<Record<string, (c: Case) => unknown>> = {
  prune({ schema, value }) {
    const copy = structuredClone(value);
    const unknown = prune(copy, schema, true);
    return { value: copy, unknown: unknown.toSorted() };
  },
  default({ schema, value }) {
    const copy = structuredClone(value);
    applyDefaults(copy, schema);
    pruneNulls(copy, schema);
    return { value: copy };
  },
  validate({ schema, value }) {
    const at = new Field();
    new StructuralValidator(schema, patterns).validate(value, at);
    validateListTypes(value, schema, at);
    return { errors: at.errors.map(({ field, message }) => `${field === '' ? '<nil>' : field}: ${message}`).toSorted() };
  },
};
const theirs = (op: string, { value, unknown = [], errors = [] }: any): unknown =>
  (op === 'prune' ? { value, unknown: unknown.toSorted() } : op === 'default' ? { value } : { errors: errors.toSorted() });

let failed = 0;
for (const op of Object.keys(ours)) {
  let differ = 0;
  for (const one of fc.sample(customCase, { numRuns: Number(count), seed: Number(seed) })) {
    const reply = await ask({ op, ...one });
    if (reply.error) continue;
    const [left, right] = [theirs(op, reply), ours[op]?.(one)];
    if (equalJson(left, right)) continue;
    if (differ++ < 12) console.log(`${op}\n  schema ${JSON.stringify(one.schema)}\n  value  ${JSON.stringify(one.value)}\n  theirs ${JSON.stringify(onlyIn(left, right))}\n  ours   ${JSON.stringify(onlyIn(right, left))}`);
  }
  console.log(`${op}: ${differ} of ${count} differ`);
  failed += differ;
}
oracle.stdin.end();
process.exitCode = failed === 0 ? 0 : 1;
