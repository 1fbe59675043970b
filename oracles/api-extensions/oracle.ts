import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Row, showRow, showTable, tallyOf } from '../controller-runtime/report.ts';
import { moduleFolder } from '../go.ts';
import { ModuleSuites } from '../module-suites.ts';
import { LeftOut, type Oracle } from '../oracle.ts';

const MODULE = 'k8s.io/apiextensions-apiserver@v0.37.2';
const CASES_MIN = 10_000;
/** Files of ours in the place of those that start upstream's server within the test, and that read etcd. */
const REPLACED = {
  'server.go': 'test/integration/fixtures/server.go',
  'stored.go': 'test/integration/storage/objectreader.go',
} as const;

interface Suite {
  readonly name: string;
  /** Tests that are not run, by why. */
  readonly leftOut: Readonly<Record<string, readonly string[]>>;
}

const STORE = "they write etcd behind the server's back, or look into it: the store is not etcd";
const OLD = 'they ask for an older release: nothing older than 1.37 is emulated';
const SUITES: readonly Suite[] = [
  {
    name: 'test/integration',
    leftOut: {
      [STORE]: [
        'TestInvalidObjectMetaInStorage',
        'TestEtcdStorage',
        'TestPruningFromStorage',
        'TestCBORStorageEnablement',
        'TestNonStructuralSchemaConditionUpdate',
        'TestNonStructuralSchemaConditionForCRDV1Beta1MigratedData',
      ],
      [OLD]: ['TestFieldSelectorDropFields', 'TestFieldSelectorDisablement', 'TestRatchetingDropFields'],
    },
  },
  {
    name: 'test/integration/conversion',
    leftOut: {
      [STORE]: [
        'TestWebhookConverterWith(?:out)?WatchCache/nontrivial-converter-.*/check-[56]',
        'TestWebhookConversion_WhitespaceCABundleEtcdBypass',
      ],
    },
  },
];

/** The integration tests of upstream's server of custom resources, on the executables of `navarch envtest`. */
export const apiExtensionsOracle: Oracle = {
  name: 'api-extensions',
  async run({ cases, say }) {
    if (cases < CASES_MIN) throw new LeftOut('it takes minutes: node oracles/main.ts --only api-extensions');
    using suites = new ModuleSuites('api-extensions', await moduleFolder(MODULE));
    for (const [own, theirs] of Object.entries(REPLACED))
      copyFileSync(join(import.meta.dirname, own), join(suites.module, theirs));
    await suites.writeExecutables();
    const rows: Row[] = [];
    for (const { name, leftOut } of SUITES) {
      for (const [why, tests] of Object.entries(leftOut)) say(`not run in ${name}, since ${why}: ${tests.join(', ')}`);
      const row = await suites.run(name, { leftOut: Object.values(leftOut).flat() });
      rows.push(row);
      say(showRow(row));
    }
    for (const line of showTable(rows)) say(line);
    return tallyOf(rows);
  },
};
