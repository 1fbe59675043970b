#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { kubeconfigFile } from '@navarch/node/client';
import { contexts } from './context.ts';
import { officialNames } from './names.ts';
import { junit, table } from './report.ts';
import { runTests } from './runner.ts';
import { tests } from './tests/index.ts';

const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string', default: kubeconfigFile() },
    group: { type: 'string' },
    focus: { type: 'string' },
    procs: { type: 'string', default: '4' },
    junit: { type: 'string' },
  },
});
const procs = Number(values.procs);
if (!Number.isInteger(procs) || procs < 1) throw new Error(`--procs takes a whole number from 1, not ${values.procs}`);
const focus = new RegExp(values.focus ?? '');
const names = officialNames().filter(
  (name) => focus.test(name.plain) && (values.group === undefined || name.group === values.group),
);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('interrupted')));

const results = await runTests(names, tests, {
  procs,
  signal: stop.signal,
  inContext: contexts(values.kubeconfig),
  onResult({ test, verdict, seconds, failure, log }) {
    const details = verdict === 'failed' ? `${failure ?? ''}\n${log.join('\n')}`.trim().replace(/^/gm, '    ') : '';
    process.stdout.write(`${verdict} ${test.plain} (${seconds.toFixed(1)} s)\n${details === '' ? '' : `${details}\n`}`);
  },
});
if (values.junit !== undefined) writeFileSync(values.junit, junit(results));
const passed = results.filter((r) => r.verdict === 'passed').length;
const failed = results.filter((r) => r.verdict === 'failed').length;
process.stdout.write(`\n${table(results)}\n${passed} passed, ${failed} failed\n`);
// A run of nothing has shown nothing; an interrupted one not all it was asked.
process.exitCode = failed > 0 || passed === 0 || stop.signal.aborted ? 1 : 0;
