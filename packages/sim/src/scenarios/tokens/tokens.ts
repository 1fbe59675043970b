import assert from 'node:assert/strict';
import { configMap, pod, secret, type Secret, serviceAccount } from '@navarch/api';
import {
  bootstrapSignerController,
  legacyTokenCleanerController,
  serviceAccountTokenController,
  tokenCleanerController,
} from '@navarch/controllers';
import type { Draft } from '@navarch/machinery';
import { named, names } from '../drafts.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const INFO = 'kube-public/cluster-info';

const encoded = (fields: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, btoa(value)]));

const signature = (id: string, text = 'K') => ({ [`jws-kubeconfig-${id}`]: `${id}:0123456789abcdef:${text}` });
const infoOf = (view: View) => view.get(configMap, INFO)?.data;
const writeInfo = (world: World, data: Readonly<Record<string, string>> = { kubeconfig: 'K' }) =>
  world.create(configMap, { metadata: { namespace: 'kube-public', name: 'cluster-info' }, data });
const addBootstrap = (world: World, id: string, fields: Readonly<Record<string, string>> = {}): Promise<Secret> =>
  world.create(secret, {
    metadata: { namespace: 'kube-system', name: `bootstrap-token-${id}` },
    type: 'bootstrap.kubernetes.io/token',
    data: encoded({
      'token-id': id,
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-signing': 'true',
      ...fields,
    }),
  });
const bootstrapKey = (id: string): string => `kube-system/bootstrap-token-${id}`;

const bootstrapping = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    controllers: () => [bootstrapSignerController((text, id, key) => `${id}:${key}:${text}`), tokenCleanerController],
    pods: 'none',
    ...scenario,
  });

const bootstrap: readonly Scenario[] = [
  bootstrapping({
    name: 'bootstrap-signer/signs',
    says: 'cluster-info has a signature of every token that may sign, and of no other.',
    async act(world) {
      await writeInfo(world, { kubeconfig: 'K', 'jws-kubeconfig-forged': 'x' });
      for (const id of ['aaaaaa', 'bbbbbb']) await addBootstrap(world, id);
      await addBootstrap(world, 'cccccc', { 'usage-bootstrap-signing': 'false' });
      await addBootstrap(world, 'dddddd', { 'token-secret': 'short' });
    },
    end: (view) => assert.deepEqual(infoOf(view), { ...signature('aaaaaa'), ...signature('bbbbbb'), kubeconfig: 'K' }),
  }),
  bootstrapping({
    name: 'bootstrap-signer/follows',
    says: 'Signatures follow what is signed, and go with their tokens.',
    async act(world) {
      for (const id of ['aaaaaa', 'bbbbbb']) await addBootstrap(world, id);
      await writeInfo(world);
      await world.until('both sign', (view) => Object.keys(infoOf(view) ?? {}).length === 3);
      await world.remove(secret, bootstrapKey('bbbbbb'));
      await world.change(configMap, INFO, (info) => ({ ...info, data: { ...info.data, kubeconfig: 'L' } }));
    },
    end: (view) => assert.deepEqual(infoOf(view), { ...signature('aaaaaa', 'L'), kubeconfig: 'L' }),
  }),
  bootstrapping({
    name: 'token-cleaner/expired',
    says: 'A bootstrap token that has expired is deleted and signs no more; not before, and no other.',
    spares: ['clock jumps'],
    always: [
      invariantOf('no token goes before its time', [secret], (view) =>
        view.get(configMap, INFO) && !view.get(secret, bootstrapKey('bbbbbb')) ? 'one did' : undefined,
      ),
    ],
    async act(world) {
      for (const id of ['bbbbbb', 'cccccc']) await addBootstrap(world, id);
      await addBootstrap(world, 'dddddd', { expiration: 'whenever' });
      await addBootstrap(world, 'aaaaaa', { expiration: new Date(world.clock.now() + HOUR_MS).toISOString() });
      await writeInfo(world);
      await world.pass('55m');
      assert.ok(world.view.get(secret, bootstrapKey('aaaaaa')), 'too early');
      await world.pass('6m');
    },
    end(view) {
      assert.deepEqual(names(view.list(secret, 'kube-system')), ['bootstrap-token-bbbbbb', 'bootstrap-token-cccccc']);
      assert.deepEqual(Object.keys(infoOf(view) ?? {}).length, 3);
    },
  }),
  bootstrapping({
    name: 'token-cleaner/prolonged',
    says: 'A token that is prolonged before it expires lives for as long as it says then.',
    spares: ['clock jumps'],
    async act(world) {
      const until = (ms: number): Readonly<Record<string, string>> => ({
        expiration: new Date(world.clock.now() + ms).toISOString(),
      });
      await addBootstrap(world, 'aaaaaa', until(10 * 60_000));
      await world.pass('5m');
      await world.change(secret, bootstrapKey('aaaaaa'), (held) => ({
        ...held,
        data: { ...held.data, ...encoded(until(HOUR_MS)) },
      }));
      await world.pass('50m');
      assert.ok(world.view.get(secret, bootstrapKey('aaaaaa')), 'too early');
      await world.pass('11m');
    },
    end: (view) => assert.deepEqual(view.list(secret, 'kube-system'), []),
  }),
];

const TYPE = 'kubernetes.io/service-account-token';
const ACCOUNT = 'kubernetes.io/service-account.name';
const ACCOUNT_UID = 'kubernetes.io/service-account.uid';
const addToken = (world: World, name: string, account: string, more: Partial<Draft<Secret>['metadata']> = {}) =>
  world.create(secret, {
    metadata: { ...named(name), ...more, annotations: { [ACCOUNT]: account, ...more.annotations } },
    type: TYPE,
    data: { token: btoa(name) },
  });
const tokensOf = (view: View): readonly string[] => names(view.list(secret, 'default'));

/** What people keep in secrets is not for controllers to delete. */
const plainStays: Property = defineProperty({
  name: 'no secret of somebody else goes',
  of: [secret],
  begin() {
    let wasThere = false;
    return (view) => {
      const isThere = view.get(secret, 'default/plain') !== undefined;
      wasThere ||= isThere;
      return wasThere && !isThere ? 'one did' : undefined;
    };
  },
});

const accounts = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end' | 'spares'>): Scenario =>
  defineScenario({
    controllers: () => [serviceAccountTokenController],
    pods: 'none',
    always: [plainStays],
    ...scenario,
  });

const inSecrets: readonly Scenario[] = [
  accounts({
    name: 'service-account-token/account-gone',
    says: 'Tokens in secrets go with their account, and those of accounts that never were; no other secret does.',
    async act(world) {
      await world.create(serviceAccount, { metadata: named('builder') });
      await world.create(secret, { metadata: named('plain'), data: {} });
      for (const name of ['a', 'b']) await addToken(world, name, 'builder');
      await addToken(world, 'stray', 'nobody');
      await world.until('the stray is gone', (view) => !view.get(secret, 'default/stray'));
      await world.pass('30s');
      assert.deepEqual(tokensOf(world.view), ['a', 'b', 'plain']);
      await world.remove(serviceAccount, 'default/builder');
    },
    end: (view) => assert.deepEqual(tokensOf(view), ['plain']),
  }),
  accounts({
    name: 'service-account-token/other-account',
    says: 'An account that is made again under the name of one that is gone does not take over its tokens.',
    async act(world) {
      const { metadata } = await world.create(serviceAccount, { metadata: named('builder') });
      await addToken(world, 'old', 'builder', { annotations: { [ACCOUNT_UID]: metadata.uid } });
      await world.pass('10s');
      await world.remove(serviceAccount, 'default/builder');
      const again = await world.create(serviceAccount, { metadata: named('builder') });
      await addToken(world, 'new', 'builder', { annotations: { [ACCOUNT_UID]: again.metadata.uid } });
    },
    end: (view) => assert.deepEqual(tokensOf(view), ['new']),
  }),
  accounts({
    name: 'service-account-token/secret-gone',
    says: 'An account no longer names a token that somebody has deleted.',
    // Who leads anew does not hear of a secret that went before. Upstream's does not either.
    spares: ['crashes'],
    async act(world) {
      await world.create(serviceAccount, {
        metadata: named('builder'),
        secrets: [{ name: 'a' }, { name: 'b' }],
      });
      for (const name of ['a', 'b']) await addToken(world, name, 'builder');
      await world.pass('10s');
      await world.remove(secret, 'default/a');
    },
    end: (view) => assert.deepEqual(view.get(serviceAccount, 'default/builder')?.secrets, [{ name: 'b' }]),
  }),
];

const INVALID = 'kubernetes.io/legacy-token-invalid-since';
const USED = 'kubernetes.io/legacy-token-last-used';
const TRACKING = 'kube-apiserver-legacy-service-account-token-tracking';
const marksOf = (view: View): readonly string[] =>
  view.list(secret, 'default').map(({ metadata: { name, labels } }) => `${name} ${labels?.[INVALID] ?? '-'}`);

async function beginLegacy(world: World, since: string): Promise<void> {
  const key = `kube-system/${TRACKING}`;
  await world.until('uses are tracked', (view) => view.get(configMap, key) !== undefined);
  await world.change(configMap, key, (map) => ({ ...map, data: { since } }));
  const made = ['idle', 'mounted', 'used'].map((name) => ({ name }));
  await world.create(serviceAccount, { metadata: named('builder'), secrets: made });
  for (const name of ['idle', 'mounted', 'own']) await addToken(world, name, 'builder');
  await addToken(world, 'used', 'builder', { labels: { [USED]: '2026-12-31' } });
  await world.create(pod, {
    metadata: named('p'),
    spec: {
      containers: [{ name: 'c', image: 'v1' }],
      volumes: [{ name: 'v', secret: { secretName: 'mounted' } }],
      automountServiceAccountToken: false,
    },
  });
}

/** The calendar goes on by so many days; of them one passes, so that there is a look. */
async function later(world: World, days: number): Promise<void> {
  world.setClock(world.clock.now() + (days - 1) * DAY_MS);
  await world.pass(DAY_MS + HOUR_MS);
}

const legacy = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({ controllers: () => [legacyTokenCleanerController], pods: 'none', ...scenario });

const unused: readonly Scenario[] = [
  legacy({
    name: 'legacy-token-cleaner/idle',
    says: 'A token that nobody has used for a year is marked, and deleted a year later; what is used, mounted or made by people stays.',
    // It looks once a day: what fails then is done a day later.
    spares: ['network'],
    async act(world) {
      await beginLegacy(world, '2026-01-01');
      await later(world, 363);
      assert.deepEqual(marksOf(world.view), ['idle -', 'mounted -', 'own -', 'used -'], 'not a whole year yet');
      await later(world, 4);
      assert.match(marksOf(world.view).join('; '), /^idle 2027-01-0\d; mounted -; own -; used -$/);
      await later(world, 356);
      assert.equal(tokensOf(world.view).length, 4, 'who misses it has a year');
      await later(world, 10);
    },
    end: (view) => assert.match(marksOf(view).join('; '), /^mounted -; own -; used 2028-01-0\d$/),
  }),
  legacy({
    name: 'legacy-token-cleaner/not-tracked',
    says: 'Nothing is taken away while nobody knows since when uses are written down.',
    // A server that begins anew writes down that it is from then on.
    spares: ['crashes'],
    async act(world) {
      await beginLegacy(world, 'whenever');
      await later(world, 800);
    },
    end: (view) => assert.deepEqual(marksOf(view), ['idle -', 'mounted -', 'own -', 'used -']),
  }),
];

export const tokenScenarios: readonly Scenario[] = [...bootstrap, ...inSecrets, ...unused];
