import { parseArgs } from 'node:util';
import { apiExtensionsOracle } from './api-extensions/oracle.ts';
import { celOracle } from './cel/oracle.ts';
import { clientOracle } from './client/oracle.ts';
import { controllerRuntimeOracle } from './controller-runtime/oracle.ts';
import { csiOracle } from './csi/oracle.ts';
import { customResourcesOracle } from './custom-resources/oracle.ts';
import { definitionsOracle } from './definitions/oracle.ts';
import { dnsOracle } from './dns/oracle.ts';
import { documentsOracle } from './documents/oracle.ts';
import { helmOracle } from './helm/oracle.ts';
import { http2Oracle } from './http2/oracle.ts';
import { javascriptOracle } from './javascript/oracle.ts';
import { kubectlOracle } from './kubectl/oracle.ts';
import { machineryOracle } from './machinery/oracle.ts';
import { LeftOut, type Oracle } from './oracle.ts';
import { projectsOracle } from './projects/oracle.ts';
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
// Its last line is `N passed, N failed`.

const oracles: readonly Oracle[] = [
  testdataOracle,
  machineryOracle,
  customResourcesOracle,
  celOracle,
  definitionsOracle,
  clientOracle,
  streamsOracle,
  http2Oracle,
  csiOracle,
  switchesOracle,
  schedulerOracle,
  dnsOracle,
  documentsOracle,
  serverOracle,
  cborServerOracle,
  customServerOracle,
  randomObjectsOracle,
  kubectlOracle,
  helmOracle,
  javascriptOracle,
  pythonOracle,
  apiExtensionsOracle,
  controllerRuntimeOracle,
  projectsOracle,
];

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
  },
});
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const say = (line: string): void => console.log(line);
const isOracle = (name: string): boolean => oracles.some((oracle) => oracle.name === name);
const named = values.only.filter(isOracle);
const only = values.only.filter((name) => !isOracle(name));

say(`seed ${seed}`);
let [passed, failed] = [0, 0];
for (const oracle of oracles) {
  if (
    values.only.length > 0 &&
    !named.includes(oracle.name) &&
    !(named.length === 0 && only.length > 0 && oracle.isNamedWithin)
  )
    continue;
  const started = performance.now();
  try {
    const tally = await oracle.run({ cases: Number(values.cases), seed, only, say });
    passed += tally.passed;
    failed += tally.failed;
    say(
      `-- ${oracle.name}: ${tally.passed} passed, ${tally.failed} failed, ${((performance.now() - started) / 1000).toFixed(1)} s`,
    );
  } catch (error) {
    if (error instanceof LeftOut) say(`-- ${oracle.name}: left out: ${error.message}`);
    else failed += 1;
    if (!(error instanceof LeftOut)) say(`-- ${oracle.name}: ${(error as Error).stack}`);
  }
}
say(`${passed} passed, ${failed} failed`);
const isNothing = only.length > 0 && passed + failed === 0;
if (isNothing) say(`nothing is named ${only.join(' or ')}`);
process.exitCode = failed > 0 || isNothing ? 1 : 0;
