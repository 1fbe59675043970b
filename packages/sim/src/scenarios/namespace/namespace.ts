import assert from 'node:assert/strict';
import { configMap, namespace, pod, role, secret, serviceAccount } from '@navarch/api';
import { namespaceController, rootCaController, serviceAccountController } from '@navarch/controllers';
import { conditionOf, named, podTemplate } from '../drafts.ts';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { World } from '../world.ts';

const KINDS = [configMap, secret, pod, serviceAccount, role];
const NAME = 'team';
const inTeam = (name: string) => ({ ...named(name), namespace: NAME });

/** What is in a namespace goes before it does. */
const emptyFirst: Property = defineProperty({
  name: 'nothing outlives its namespace',
  of: [namespace],
  begin: () => (view) => {
    const there = new Set(view.list(namespace).map((n) => n.metadata.name));
    const left = KINDS.flatMap((kind) => view.list<any>(kind)).find(
      (object: { readonly metadata: { readonly namespace?: string } }) => !there.has(object.metadata.namespace ?? ''),
    );
    return left && `${left.metadata.name} does`;
  },
});

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({ controllers: () => [namespaceController(() => KINDS)], always: [emptyFirst], ...scenario });

async function furnish(world: World): Promise<void> {
  await world.create(namespace, { metadata: { name: NAME } });
  await world.create(serviceAccount, { metadata: inTeam('default') });
  for (const name of ['a', 'b', 'c']) await world.create(configMap, { metadata: inTeam(name) });
  await world.create(secret, { metadata: inTeam('key') });
}

export const namespaceScenarios: readonly Scenario[] = [
  about({
    name: 'service-account/made-again',
    says: 'Every namespace has an account `default`, made anew when somebody deletes it; others stay away.',
    controllers: () => [serviceAccountController],
    always: [],
    async act(world) {
      const key = `${NAME}/default`;
      await world.create(namespace, { metadata: { name: NAME } });
      await world.until('it is there', (view) => view.get(serviceAccount, key) !== undefined);
      await world.create(serviceAccount, { metadata: inTeam('other') });
      await world.change(serviceAccount, key, (a) => ({ ...a, metadata: { ...a.metadata, labels: { age: 'old' } } }));
      await world.remove(serviceAccount, `${NAME}/other`);
      await world.remove(serviceAccount, key);
    },
    end: (view) =>
      assert.deepEqual(
        view.list(serviceAccount, NAME).map(({ metadata }) => [metadata.name, metadata.labels]),
        [['default', undefined]],
      ),
  }),
  about({
    name: 'namespace/emptied',
    says: 'A deleted namespace goes when everything in it has gone, whatever happens in between.',
    async act(world) {
      await furnish(world);
      await world.create(pod, { metadata: inTeam('p'), spec: podTemplate('x').spec });
      await world.pass(world.random.uint32() % 3000);
      await world.remove(namespace, NAME);
    },
    end(view) {
      assert.ok(!view.get(namespace, NAME));
      assert.deepEqual(view.list(configMap, NAME), []);
    },
  }),
  about({
    name: 'namespace/finalizer',
    says: 'What has a finalizer keeps it, and the conditions say which.',
    async act(world) {
      await furnish(world);
      await world.change(configMap, `${NAME}/a`, (c) => ({
        ...c,
        metadata: { ...c.metadata, finalizers: ['example.com/hold'] },
      }));
      await world.remove(namespace, NAME);
      await world.until(
        'it is told',
        (view) => conditionOf(view.get(namespace, NAME), 'NamespaceFinalizersRemaining')?.status === 'True',
      );
      assert.match(
        conditionOf(world.view.get(namespace, NAME), 'NamespaceFinalizersRemaining')?.message ?? '',
        /example\.com\/hold in 1 resource instances/,
      );
      await world.unhold(configMap, `${NAME}/a`);
    },
    end: (view) => assert.ok(!view.get(namespace, NAME)),
  }),
  about({
    name: 'namespace/pods-first',
    says: 'Pods go before the roles and policies that they live under.',
    pods: { stopMs: () => 5000 },
    always: [
      emptyFirst,
      defineProperty({
        name: 'roles stay while pods are there',
        of: [role],
        begin() {
          let wasThere = false;
          return (view) => {
            const isThere = view.get(role, `${NAME}/reader`) !== undefined;
            wasThere ||= isThere;
            return wasThere && !isThere && view.list(pod, NAME).length > 0 ? 'a role went first' : undefined;
          };
        },
      }),
    ],
    async act(world) {
      await furnish(world);
      await world.create(role, { metadata: inTeam('reader'), rules: [] });
      await world.create(pod, { metadata: inTeam('p'), spec: podTemplate('x').spec });
      await world.until('it runs', (view) => view.get(pod, `${NAME}/p`)?.status.phase === 'Running');
      await world.pass('5s');
      await world.remove(namespace, NAME);
    },
    end: (view) => assert.ok(!view.get(namespace, NAME)),
  }),
  about({
    name: 'namespace/nothing-new',
    says: 'Nothing can be made in a namespace that is going.',
    async act(world) {
      await furnish(world);
      await world.change(configMap, `${NAME}/a`, (c) => ({
        ...c,
        metadata: { ...c.metadata, finalizers: ['example.com/hold'] },
      }));
      await world.remove(namespace, NAME);
      const refused = await world.refusal((api) => api.of(configMap).create({ metadata: inTeam('late') }));
      assert.equal(refused, 'Forbidden');
      await world.unhold(configMap, `${NAME}/a`);
    },
    end: (view) => assert.ok(!view.get(namespace, NAME)),
  }),
  about({
    name: 'namespace/made-again',
    says: 'A namespace may be made again under its name, and is empty.',
    async act(world) {
      await furnish(world);
      await world.remove(namespace, NAME);
      await world.until('it is gone', (view) => view.get(namespace, NAME) === undefined);
      await world.create(namespace, { metadata: { name: NAME } });
    },
    end(view) {
      assert.equal(view.get(namespace, NAME)?.status.phase, 'Active');
      assert.deepEqual(view.list(configMap, NAME), []);
    },
  }),
  about({
    name: 'namespace/furnished',
    says: 'Every namespace has its service account and the certificate of the server, again when they are deleted or changed.',
    controllers: () => [serviceAccountController, rootCaController('PEM')],
    async act(world) {
      await world.create(namespace, { metadata: { name: NAME } });
      await world.until('it is furnished', (view) => view.get(configMap, `${NAME}/kube-root-ca.crt`) !== undefined);
      // As upstream: what comes and goes while a watch is broken leaves no trace in the list that follows.
      await world.pass('1m');
      await world.remove(configMap, `${NAME}/kube-root-ca.crt`);
      await world.remove(serviceAccount, 'default/default');
      await world.until('it is again', (view) => view.get(configMap, `${NAME}/kube-root-ca.crt`) !== undefined);
      await world.change(configMap, `${NAME}/kube-root-ca.crt`, (c) => ({ ...c, data: { 'ca.crt': 'forged' } }));
    },
    end(view) {
      for (const { metadata } of view.list(namespace)) {
        assert.ok(view.get(serviceAccount, `${metadata.name}/default`), metadata.name);
        assert.deepEqual(view.get(configMap, `${metadata.name}/kube-root-ca.crt`)?.data, { 'ca.crt': 'PEM' });
      }
    },
  }),
];
