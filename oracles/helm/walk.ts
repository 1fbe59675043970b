import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Finished } from '../go.ts';
import type { Kubectl } from '../kubectl/command.ts';

/** Helm in a namespace of its own, and kubectl to look at what it did. */
export interface Release {
  readonly kubectl: Kubectl;
  run(...args: readonly string[]): Promise<Finished>;
  /** Must succeed; gives all that it wrote. */
  ok(...args: readonly string[]): Promise<string>;
  /** Must fail; gives all that it wrote. */
  fails(...args: readonly string[]): Promise<string>;
}

interface Step {
  readonly name: string;
  run(release: Release): Promise<void>;
}

const CHART = join(import.meta.dirname, 'chart');
const WAIT = ['--wait', '--timeout', '60s'];

const step = (name: string, run: (release: Release) => Promise<void>): Step => ({
  name,
  run: async (release) => {
    try {
      await run(release);
    } finally {
      await release.kubectl.run([
        'delete',
        'namespace',
        release.kubectl.namespace,
        '--ignore-not-found',
        '--wait=false',
      ]);
    }
  },
});

const install = ({ ok }: Release, ...args: readonly string[]): Promise<string> =>
  ok('install', 'shop', CHART, '--create-namespace', ...WAIT, ...args);
const data = async ({ kubectl }: Release, name: string): Promise<Readonly<Record<string, string>>> =>
  JSON.parse(await kubectl.ok(['get', 'configmap', name, '-o', 'jsonpath={.data}'])) as Readonly<
    Record<string, string>
  >;
const states = async ({ ok }: Release): Promise<readonly string[]> =>
  (
    JSON.parse(await ok('history', 'shop', '-o', 'json')) as readonly {
      readonly revision: number;
      readonly status: string;
    }[]
  ).map(({ revision, status }) => `${revision} ${status}`);

export const walk: readonly Step[] = [
  step('install of a chart with custom resources and hooks, waiting for all of it', async (release) => {
    assert.match(await install(release), /STATUS: deployed\nREVISION: 1\n/);
    const { kubectl } = release;
    const { kubernetes, knowsWidgets, ...others } = await data(release, 'shop');
    assert.deepEqual(others, { revision: '1', defaultNamespace: 'Active' });
    assert.match(kubernetes ?? '', /^v1\.37\./);
    assert.equal(knowsWidgets, 'true');
    assert.equal(await kubectl.ok(['get', 'deployment', 'shop', '-o', 'jsonpath={.status.availableReplicas}']), '1');
    assert.equal(await kubectl.ok(['get', 'widget', 'shop', '-o', 'jsonpath={.spec}']), '{"parts":["a","b"],"size":1}');
    assert.deepEqual(await data(release, 'shop-before'), { revision: '1' });
    assert.equal(
      await kubectl.ok([
        'get',
        'secret',
        'sh.helm.release.v1.shop.v1',
        '-o',
        'jsonpath={.type} {.metadata.labels.status}',
      ]),
      'helm.sh/release.v1 deployed',
    );
    const owners = await kubectl.ok([
      'get',
      'widget,service',
      'shop',
      '--show-managed-fields',
      '-o',
      'jsonpath={.items[*].metadata.managedFields[?(@.operation=="Apply")].manager}',
    ]);
    assert.equal(owners, 'helm helm');
    assert.match(
      await release.ok('status', 'shop'),
      /==> v1\/Deployment\nNAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\nshop\s+1\/1\s+1\s+1\s/,
    );
    assert.match(await release.ok('get', 'manifest', 'shop'), /kind: Widget/);
    assert.match(await release.ok('get', 'hooks', 'shop'), /name: shop-test/);
  }),
  step('upgrade, rollback and history', async (release) => {
    await install(release);
    const seen = (): Promise<string> =>
      release.kubectl.ok([
        'get',
        'deployment',
        'shop',
        '-o',
        'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image} {.status.updatedReplicas} {.metadata.generation}',
      ]);
    assert.match(
      await release.ok('upgrade', 'shop', CHART, '--set', 'replicas=2,image=i:2,size=5', ...WAIT),
      /has been upgraded\. Happy Helming!/,
    );
    assert.equal(await seen(), '2 i:2 2 2');
    assert.equal((await data(release, 'shop-before'))['revision'], '2');
    assert.match(await release.ok('rollback', 'shop', '1', ...WAIT), /Rollback was a success! Happy Helming!/);
    assert.equal(await seen(), '1 i:1 1 3');
    assert.equal(await release.kubectl.ok(['get', 'widget', 'shop', '-o', 'jsonpath={.spec.size}']), '1');
    assert.deepEqual(await states(release), ['1 superseded', '2 superseded', '3 deployed']);
  }),
  step('an upgrade that is refused, and one that takes itself back', async (release) => {
    await install(release);
    const refused = await release.fails('upgrade', 'shop', CHART, '--set', 'replicas=many,size=0');
    assert.ok(refused.includes('apps/v1, Kind=Deployment: failed to create typed patch object'), refused);
    assert.ok(refused.includes('.spec.replicas: expected numeric (int or float), got string'), refused);
    assert.ok(
      refused.includes(
        'Widget.shop.navarch.dev "shop" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
      ),
      refused,
    );
    assert.deepEqual(await states(release), ['1 deployed', '2 failed']);
    await release.fails(
      'upgrade',
      'shop',
      CHART,
      '--set',
      'image=i:3,size=0',
      '--rollback-on-failure',
      '--timeout',
      '60s',
    );
    assert.deepEqual(await states(release), ['1 superseded', '2 failed', '3 failed', '4 deployed']);
    assert.equal(
      await release.kubectl.ok([
        'get',
        'deployment',
        'shop',
        '-o',
        'jsonpath={.spec.template.spec.containers[0].image}',
      ]),
      'i:1',
    );
  }),
  step('fields that others have taken are conflicts, unless by force', async (release) => {
    await install(release);
    const { kubectl } = release;
    await kubectl.ok(['patch', 'deployment', 'shop', '--type=merge', '-p', '{"spec":{"replicas":3}}']);
    const conflict = await release.fails('upgrade', 'shop', CHART, '--set', 'replicas=2');
    assert.ok(
      conflict.includes('Apply failed with 1 conflict: conflict with "kubectl-patch" using apps/v1: .spec.replicas'),
      conflict,
    );
    await release.ok('upgrade', 'shop', CHART, '--set', 'replicas=2', '--force-conflicts', ...WAIT);
    assert.equal(await kubectl.ok(['get', 'deployment', 'shop', '-o', 'jsonpath={.spec.replicas}']), '2');
  }),
  step('install and upgrade as helm 3 did, by patches of its own', async (release) => {
    await install(release, '--server-side=false');
    const { kubectl } = release;
    await kubectl.ok(['annotate', 'deployment', 'shop', 'kept=yes']);
    await release.ok('upgrade', 'shop', CHART, '--server-side=false', '--set', 'image=i:2,size=3', ...WAIT);
    assert.equal(
      await kubectl.ok([
        'get',
        'deployment',
        'shop',
        '-o',
        'jsonpath={.spec.template.spec.containers[0].image} {.metadata.annotations.kept}',
      ]),
      'i:2 yes',
    );
    assert.equal(await kubectl.ok(['get', 'widget', 'shop', '-o', 'jsonpath={.spec.size}']), '3');
  }),
  step('a test, which ends as its pod does', async (release) => {
    await install(release);
    const { kubectl } = release;
    const testing = release.ok('test', 'shop', '--timeout', '60s');
    await kubectl.ok(['wait', '--for=create', 'pod/shop-test', '--timeout=30s']);
    await kubectl.ok(['wait', '--for=condition=Ready', 'pod/shop-test', '--timeout=30s']);
    await kubectl.ok(['patch', 'pod', 'shop-test', '--subresource=status', '-p', '{"status":{"phase":"Succeeded"}}']);
    assert.match(await testing, /TEST SUITE: +shop-test\n(?:.*\n){2}Phase: +Succeeded/);
  }),
  step('a dry run on the server writes nothing; a list has what is there', async (release) => {
    const { kubectl } = release;
    await kubectl.ok(['create', 'namespace', kubectl.namespace]);
    assert.match(await release.ok('install', 'shop', CHART, '--dry-run=server'), /defaultNamespace: "Active"/);
    assert.deepEqual(JSON.parse(await release.ok('list', '-o', 'json')), []);
    await install(release);
    const [listed] = JSON.parse(await release.ok('list', '-o', 'json')) as readonly {
      readonly name: string;
      readonly status: string;
      readonly chart: string;
    }[];
    assert.deepEqual([listed?.name, listed?.status, listed?.chart], ['shop', 'deployed', 'shop-1.0.0']);
    assert.match(
      await release.fails('install', 'shop', CHART),
      /cannot reuse a name that is still in use|cannot re-use a name that is still in use/,
    );
  }),
  step('uninstall takes all but the definitions', async (release) => {
    await install(release);
    const { kubectl } = release;
    assert.match(
      await release.ok('uninstall', 'shop', '--cascade', 'foreground', ...WAIT),
      /release "shop" uninstalled/,
    );
    for (const what of ['deployment,service,widget', 'replicaset,pod', 'secret'])
      assert.equal(await kubectl.ok(['get', what, '-o', 'name']), '', what);
    assert.equal(
      await kubectl.ok(['get', 'crd', 'widgets.shop.navarch.dev', '-o', 'name']),
      'customresourcedefinition.apiextensions.k8s.io/widgets.shop.navarch.dev\n',
    );
    assert.match(await release.fails('status', 'shop'), /release: not found/);
  }),
];
