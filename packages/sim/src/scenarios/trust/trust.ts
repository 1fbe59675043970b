import assert from 'node:assert/strict';
import { clusterTrustBundle, configMap, namespace } from '@navarch/api';
import { rootCaController, trustBundleController } from '@navarch/controllers';
import { invariantOf } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
const SIGNER = 'kubernetes.io/kube-apiserver-serving';
const PREFIX = SIGNER.replace('/', ':');
/** By the hash of what it holds. */
const BUNDLE = `${PREFIX}:704bd2ba79e5c2f51ebdbd12`;
const COPY = 'kube-root-ca.crt';

export const trustScenarios: readonly Scenario[] = [
  defineScenario({
    name: 'trust-bundle/published',
    says: 'The trust bundle of the API server is there, again when it is deleted or changed, and the only one of its signer.',
    controllers: () => [trustBundleController(PEM)],
    pods: 'none',
    always: [
      invariantOf('bundles of other people stay', [clusterTrustBundle], (view) =>
        view.get(clusterTrustBundle, `${PREFIX}:old`) && !view.get(clusterTrustBundle, 'mine') ? 'one went' : undefined,
      ),
    ],
    async act(world) {
      await world.create(clusterTrustBundle, { metadata: { name: 'mine' }, spec: { trustBundle: PEM } });
      await world.create(clusterTrustBundle, {
        metadata: { name: `${PREFIX}:old` },
        spec: { signerName: SIGNER, trustBundle: PEM },
      });
      await world.until('the old one is gone', (view) => !view.get(clusterTrustBundle, `${PREFIX}:old`));
      await world.remove(clusterTrustBundle, BUNDLE);
      await world.until('it is there again', (view) => view.get(clusterTrustBundle, BUNDLE) !== undefined);
      await world.change(clusterTrustBundle, BUNDLE, (bundle) => ({
        ...bundle,
        spec: { ...bundle.spec, trustBundle: PEM.replace('AA==', 'AQ==') },
      }));
    },
    end(view) {
      assert.deepEqual(
        view.list(clusterTrustBundle).map(({ metadata }) => metadata.name),
        [BUNDLE, 'mine'],
      );
      assert.equal(view.get(clusterTrustBundle, BUNDLE)?.spec.trustBundle, PEM);
    },
  }),
  defineScenario({
    name: 'root-ca/new-certificate',
    says: 'Where the certificate of the server is another, every namespace gets the new one; a namespace that is going gets none.',
    controllers: () => [rootCaController('NEW')],
    pods: 'none',
    async act(world) {
      await world.create(namespace, { metadata: { name: 'going' } });
      await world.until('it is furnished', (view) => view.get(configMap, `going/${COPY}`) !== undefined);
      await world.remove(namespace, 'going');
      await world.remove(configMap, `going/${COPY}`);
      await world.create(namespace, { metadata: { name: 'stays' } });
      await world.until('it is furnished', (view) => view.get(configMap, `stays/${COPY}`) !== undefined);
      await world.change(configMap, `stays/${COPY}`, (map) => ({ ...map, data: { 'ca.crt': 'OLD', more: 'x' } }));
    },
    end(view) {
      assert.deepEqual(view.get(configMap, `stays/${COPY}`)?.data, { 'ca.crt': 'NEW' });
      assert.equal(view.get(configMap, `going/${COPY}`), undefined);
    },
  }),
];
