import { parseArgs } from 'node:util';
import { apiExtensionsOracle } from './api-extensions/oracle.ts';
import { celOracle } from './cel/oracle.ts';
import { clientOracle } from './client/oracle.ts';
import { controllerRuntimeOracle } from './controller-runtime/oracle.ts';
import { csiOracle } from './csi/oracle.ts';
import { customResourcesOracle } from './custom-resources/oracle.ts';
import { definitionsOracle } from './definitions/oracle.ts';
import { dnsOracle } from './dns/oracle.ts';
import { devicesOracle } from './devices/oracle.ts';
import { documentsOracle } from './documents/oracle.ts';
import { finished } from './go.ts';
import { gatewayOracle } from './gateway/oracle.ts';
import { helmOracle } from './helm/oracle.ts';
import { http2Oracle } from './http2/oracle.ts';
import { javaOracle } from './java/oracle.ts';
import { javascriptOracle } from './javascript/oracle.ts';
import { kubectlOracle } from './kubectl/oracle.ts';
import { machineryOracle } from './machinery/oracle.ts';
import { LeftOut, type Oracle, type Tally } from './oracle.ts';
import { pythonOracle } from './python/oracle.ts';
import { schedulerOracle } from './scheduler/oracle.ts';
import { cborServerOracle } from './server/cbor-oracle.ts';
import { customServerOracle } from './server/custom-oracle.ts';
import { serverOracle } from './server/oracle.ts';
import { randomObjectsOracle } from './server/random-objects.ts';
import { streamsOracle } from './streams/oracle.ts';
import { switchesOracle } from './switches/oracle.ts';
import { testdataOracle } from './testdata/oracle.ts';

// node oracles/main.ts [--cases 10000] [--seed N] [--only ORACLE|COMPARISON ...]: compares with the official Go code.
// Its last line is `N passed, N failed`. Of several oracles two are asked at a time, each in a process of its own: one that
// thinks does not hold up another's clocks.

/** Those that take long come first: nobody waits for them in the end. */
const oracles: readonly Oracle[] = [
  serverOracle,
  cborServerOracle,
  testdataOracle,
  machineryOracle,
  customResourcesOracle,
  celOracle,
  definitionsOracle,
  clientOracle,
  devicesOracle,
  streamsOracle,
  http2Oracle,
  csiOracle,
  gatewayOracle,
  switchesOracle,
  schedulerOracle,
  dnsOracle,
  documentsOracle,
  customServerOracle,
  randomObjectsOracle,
  kubectlOracle,
  helmOracle,
  javascriptOracle,
  pythonOracle,
  javaOracle,
  apiExtensionsOracle,
  controllerRuntimeOracle,
];

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
  },
});
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const AT_ONCE = 2;
const TALLY = /^(\d+) passed, (\d+) failed$/;
const NOTHING: Tally = { passed: 0, failed: 0 };
const say = (line: string): void => console.log(line);
const isOracle = (name: string): boolean => oracles.some((oracle) => oracle.name === name);
const named = values.only.filter(isOracle);
const only = values.only.filter((name) => !isOracle(name));

const chosen = oracles.filter(
  ({ name, isNamedWithin }) =>
    values.only.length === 0 || named.includes(name) || (named.length === 0 && only.length > 0 && isNamedWithin),
);

say(`seed ${seed}`);
const tallies = chosen.length > 1 ? await askedApart(chosen) : [await asked(chosen[0])];
const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
const [passed, failed] = [sum((tally) => tally.passed), sum((tally) => tally.failed)];
say(`${passed} passed, ${failed} failed`);
const isNothing = only.length > 0 && passed + failed === 0;
if (isNothing) say(`nothing is named ${only.join(' or ')}`);
process.exitCode = failed > 0 || isNothing ? 1 : 0;

async function asked(oracle: Oracle | undefined): Promise<Tally> {
  if (!oracle) return NOTHING;
  const started = performance.now();
  try {
    const tally = await oracle.run({ cases: Number(values.cases), seed, only, say });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(`-- ${oracle.name}: ${tally.passed} passed, ${tally.failed} failed, ${seconds} s`);
    return tally;
  } catch (error) {
    const isLeftOut = error instanceof LeftOut;
    say(`-- ${oracle.name}: ${isLeftOut ? `left out: ${error.message}` : (error as Error).stack}`);
    return isLeftOut ? NOTHING : { passed: 0, failed: 1 };
  }
}

/** What each says is shown when it is done. */
async function askedApart(several: readonly Oracle[]): Promise<readonly Tally[]> {
  const waiting = [...several];
  const found: Tally[] = [];
  const work = async (): Promise<void> => {
    for (let oracle = waiting.shift(); oracle; oracle = waiting.shift()) found.push(await askedInProcess(oracle));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

async function askedInProcess({ name }: Oracle): Promise<Tally> {
  const given = ['--cases', values.cases, '--seed', String(seed), ...[name, ...only].flatMap((one) => ['--only', one])];
  const { code, output } = await finished(process.execPath, [...process.execArgv, import.meta.filename, ...given]);
  const lines = output.trimEnd().split('\n');
  const [, passes, failures] = TALLY.exec(lines.findLast((line) => TALLY.test(line)) ?? '') ?? [];
  const tally = { passed: Number(passes ?? 0), failed: Number(failures ?? (code === 0 ? 0 : 1)) };
  const isOwn = (line: string): boolean => !TALLY.test(line) && !line.startsWith('seed ');
  for (const line of lines.filter(isOwn)) say(line);
  return tally;
}
