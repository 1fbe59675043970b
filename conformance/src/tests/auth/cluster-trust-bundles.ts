import assert from 'node:assert/strict';
import { clusterTrustBundle, type ClusterTrustBundle, type PodSpec, type VolumeProjection } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { authority } from '../../certificates.ts';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, getPod, logsOf, outputOf } from '../../pods.ts';
import { checkLifecycle } from '../../resource-lifecycle.ts';
import { testhost } from '../../testhost.ts';

const FOLDER = '/var/run/ctbtest';
const PREFIX = '[sig-auth]';
type Projection = NonNullable<Draft<VolumeProjection>['clusterTrustBundle']>;

interface Bundle {
  readonly pem: string;
  /** Without what makes it unlike those of other tests. */
  readonly signer: 'one' | 'two' | undefined;
  readonly alive: 'true' | 'false' | undefined;
}

/** Names that no other test uses. */
interface Names {
  readonly one: string;
  readonly two: string;
  /** Of the bundle that belongs to no signer. */
  readonly free: string;
}

const namesOf = ({ unique }: TestContext): Names => ({
  one: `test.test/signer-one${unique}`,
  two: `test.test/signer-two${unique}`,
  free: `test.test.signer-one.4${unique}`,
});

async function createBundle(
  context: TestContext,
  name: string,
  draft: Draft<ClusterTrustBundle>['spec'],
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  context.cleanup(() => context.api.of(clusterTrustBundle).delete(name));
  await context.api
    .of(clusterTrustBundle)
    .create({ metadata: { name, labels }, ...(draft ? { spec: draft } : {}) } as Draft<ClusterTrustBundle>);
}

/** Ten bundles: eight of signer one, of whom three live and two are dead; one of signer two; one of nobody. */
async function tenBundles(context: TestContext): Promise<readonly Bundle[]> {
  const names = namesOf(context);
  const bundles = Array.from({ length: 10 }, (_, i): Bundle => ({
    pem: authority(`root${i}`, context.clock.now()).certificate,
    signer: i === 4 ? undefined : i === 5 ? 'two' : 'one',
    alive: [1, 2, 3, 4, 5].includes(i) ? 'true' : [6, 7].includes(i) ? 'false' : undefined,
  }));
  for (const [i, { pem, signer, alive }] of bundles.entries()) {
    const labels = alive ? { 'signer.alive': alive } : {};
    if (signer)
      await createBundle(
        context,
        `${names[signer].replace('/', ':')}:${i}`,
        { signerName: names[signer], trustBundle: pem },
        labels,
      );
    else await createBundle(context, names.free, { trustBundle: pem }, labels);
  }
  return bundles;
}

const pemsOf = (bundles: readonly Bundle[], isIt: (bundle: Bundle) => boolean): readonly string[] =>
  bundles.filter(isIt).map(({ pem }) => pem);

/** A container for each projection, which shows its file. */
const showing = (...projections: readonly Projection[]): Draft<PodSpec> => ({
  restartPolicy: 'Never',
  containers: projections.map((projection, i) => ({
    ...testhost('mounttest', `--file_content=${FOLDER}/${projection.path}`, `--file_mode=${FOLDER}/${projection.path}`),
    name: `projected-ctb-volume-test-${i}`,
    volumeMounts: [{ name: `ctb-volume-${i}`, mountPath: FOLDER }],
  })),
  volumes: projections.map((clusterTrustBundle, i) => ({
    name: `ctb-volume-${i}`,
    projected: { sources: [{ clusterTrustBundle }] },
  })) as NonNullable<Draft<PodSpec>['volumes']>,
});

/** The output tells a file with these certificates in some order, and its mode. */
function shows(output: string, path: string, pems: readonly string[]): void {
  if (pems.length === 0) assert.match(output, /content of file "[^"]*": \n$/m);
  for (const pem of pems) assert.ok(output.includes(pem), `a certificate is missing in ${output}`);
  assert.equal(output.match(/BEGIN CERTIFICATE/g)?.length ?? 0, pems.length);
  assert.ok(output.includes(`mode of file "${path}": -rw-r--r--`), output);
}

async function bySigner(
  context: TestContext,
  projection: Partial<Projection>,
  isWanted: (bundle: Bundle) => boolean,
): Promise<void> {
  const bundles = await tenBundles(context);
  const output = await outputOf(
    context,
    'reader',
    showing({ path: 'trust-bundle.crt', signerName: namesOf(context).one, ...projection }),
  );
  shows(
    output,
    `${FOLDER}/trust-bundle.crt`,
    pemsOf(bundles, (bundle) => bundle.signer === 'one' && isWanted(bundle)),
  );
}

/** For ten seconds the pod waits for its volume and says so. */
async function neverStarts(context: TestContext, projectionOf: (names: Names) => Projection): Promise<void> {
  await tenBundles(context);
  await createPod(context, 'waiting', showing(projectionOf(namesOf(context))));
  let isWaiting = false;
  for (let second = 0; second < 10; second += 1) {
    const { status } = await getPod(context, 'waiting');
    assert.notEqual(status.phase, 'Running');
    const ready = status.conditions?.find(({ type }) => type === 'Ready');
    isWaiting =
      ready?.status === 'False' &&
      ready.reason === 'ContainersNotReady' &&
      ready.message === 'containers with unready status: [projected-ctb-volume-test-0]';
    await context.clock.sleep(1000, context.signal);
  }
  assert.ok(isWaiting, JSON.stringify((await getPod(context, 'waiting')).status));
}

const MANY = 150;

async function manyBundles(context: TestContext): Promise<void> {
  const signerName = `test.test/signer-hundreds${context.unique}`;
  const pems = Array.from({ length: MANY }, (_, i) => authority(`root${i}`, context.clock.now()).certificate);
  const nameOf = (i: number): string => `${signerName.replace('/', ':')}:${i}`;
  for (const [i, pem] of pems.entries()) await createBundle(context, nameOf(i), { signerName, trustBundle: pem });
  const sources = pems.map((_, i) => ({ clusterTrustBundle: { name: nameOf(i), path: `trust-anchors-${i}.pem` } }));
  const chosen = Number.parseInt(context.unique, 16) % MANY;
  const reader = (
    path: string,
    spec: Pick<Draft<PodSpec>, 'volumes'>,
    volumeMounts: readonly { readonly name: string; readonly mountPath: string }[],
  ): Draft<PodSpec> => ({
    ...spec,
    restartPolicy: 'Never',
    containers: [
      { ...testhost('mounttest', `--file_content=${path}`, `--file_mode=${path}`), volumeMounts: [...volumeMounts] },
    ],
  });
  const inOne = `${FOLDER}/trust-anchors-${chosen}.pem`;
  shows(
    await outputOf(
      context,
      'one-volume',
      reader(inOne, { volumes: [{ name: 'all', projected: { sources } }] }, [{ name: 'all', mountPath: FOLDER }]),
    ),
    inOne,
    [pems[chosen] ?? ''],
  );
  const inMany = `${FOLDER}-${chosen}/trust-anchors-${chosen}.pem`;
  const volumes = sources.map((source, i) => ({ name: `ctb-volume-${i}`, projected: { sources: [source] } }));
  shows(
    await outputOf(
      context,
      'many-volumes',
      reader(
        inMany,
        { volumes },
        volumes.map(({ name }, i) => ({ name, mountPath: `${FOLDER}-${i}` })),
      ),
    ),
    inMany,
    [pems[chosen] ?? ''],
  );
  const joined = await outputOf(
    context,
    'one-file',
    showing({ path: 'trust-anchors.pem', signerName, labelSelector: {} }),
  );
  shows(joined, `${FOLDER}/trust-anchors.pem`, pems);
}

const signers = `${PREFIX} should be capable to mount multiple trust bundles by signer+labels`;
const never = `${PREFIX} should prevent a pod from starting if: sets optional=false and`;
const alive = (value: string): Partial<Projection> => ({ labelSelector: { matchLabels: { 'signer.alive': value } } });

export const clusterTrustBundleTests = [
  conformanceTest(`${PREFIX} CRUD Tests certificates.k8s.io/v1 ClusterTrustBundles`, (context) => {
    const signerName = `test.test/${context.unique}`;
    return checkLifecycle(context, {
      kind: clusterTrustBundle,
      initial: {
        metadata: { name: `${signerName.replace('/', ':')}:crud` },
        spec: { signerName, trustBundle: authority('first', context.clock.now()).certificate },
      },
      change: { spec: { signerName, trustBundle: authority('second', context.clock.now()).certificate } },
    });
  }),

  conformanceTest(`${PREFIX} should be able to mount a single ClusterTrustBundle by name`, async (context) => {
    const bundles = await tenBundles(context);
    const path = `${FOLDER}/trust-anchors.pem`;
    shows(
      await outputOf(context, 'there', showing({ name: namesOf(context).free, path: 'trust-anchors.pem' })),
      path,
      pemsOf(bundles, ({ signer }) => !signer),
    );
    shows(
      await outputOf(
        context,
        'not-there',
        showing({ name: 'does-not-exist.at.all', path: 'trust-anchors.pem', optional: true }),
      ),
      path,
      [],
    );
  }),

  conformanceTest(`${signers} can combine multiple CTBs with signer name and label selector`, (context) =>
    bySigner(context, alive('true'), (bundle) => bundle.alive === 'true'),
  ),
  conformanceTest(`${signers} can combine all signer CTBs with an empty label selector`, (context) =>
    bySigner(context, { labelSelector: {} }, () => true),
  ),
  conformanceTest(`${signers} should start if only signer name and nil label selector + optional=true`, (context) =>
    bySigner(context, { optional: true }, () => false),
  ),
  conformanceTest(
    `${signers} should start if only signer name and explicit label selector matches nothing + optional=true`,
    (context) =>
      bySigner(context, { optional: true, labelSelector: { matchLabels: { thismatches: 'nothing' } } }, () => false),
  ),

  conformanceTest(`${never} no trust bundle matches query`, (context) =>
    neverStarts(context, ({ one }) => ({
      optional: false,
      path: 'trust-bundle.crt',
      signerName: one,
      ...alive('unknown'),
    })),
  ),
  conformanceTest(`${never} the configured CTB does not exist`, (context) =>
    neverStarts(context, () => ({ optional: false, path: 'trust-bundle.crt', name: 'does-not-exist' })),
  ),

  conformanceTest(`${PREFIX} should be able to specify multiple CTB volumes`, async (context) => {
    const bundles = await tenBundles(context);
    const { free, one } = namesOf(context);
    const first = await outputOf(
      context,
      'both',
      showing(
        { name: free, path: 'trust-anchors.pem' },
        { path: 'trust-bundle.crt', signerName: one, ...alive('false') },
      ),
    );
    shows(
      first,
      `${FOLDER}/trust-anchors.pem`,
      pemsOf(bundles, ({ signer }) => !signer),
    );
    const second = await logsOf(context, 'both', { container: 'projected-ctb-volume-test-1' });
    shows(
      second,
      `${FOLDER}/trust-bundle.crt`,
      pemsOf(bundles, ({ signer, alive: is }) => signer === 'one' && is === 'false'),
    );
  }),

  conformanceTest(`${PREFIX} should be able to mount a big number (>100) of CTBs`, manyBundles, 600_000),
];
