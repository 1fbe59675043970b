import { type ConfigMap, configMap, namespace } from '@navarch/api';
import { equalJson, hasReason } from '@navarch/machinery';
import { type Context, type Controller, defineController, self, type Watch } from '../controller.ts';
import { isNamespaceTerminating } from '../shared/pods.ts';
import { countedSyncs } from './measures.ts';

const NAME = 'kube-root-ca.crt';
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

const copies: Watch<ConfigMap> = {
  kind: configMap,
  *keys({ current, previous }) {
    const copy = current ?? previous;
    if (copy?.metadata.name === NAME) yield copy.metadata.namespace ?? '';
  },
};

const counted = countedSyncs('root_ca_cert_publisher', 'namespace syncs of the root certificate');

/** Every namespace has the certificate by which its pods know the API server. `certificate` is PEM. */
export const rootCaController = (certificate: string): Controller =>
  defineController({
    name: 'root-ca-certificate-publisher-controller',
    queueName: 'root_ca_cert_publisher',
    watches: [self(namespace, ({ current }) => current !== undefined), copies],

    async reconcile(key, context) {
      const found = context.cache.get(namespace, key);
      if (!found || found.status.phase !== 'Active' || found.metadata.deletionTimestamp) return undefined;
      await counted(() => publish(key, certificate, context), context);
      return undefined;
    },
  });

async function publish(key: string, certificate: string, { api, cache }: Context): Promise<void> {
  const held = cache.get(configMap, `${key}/${NAME}`);
  const data = { 'ca.crt': certificate };
  const annotations = { ...held?.metadata.annotations, 'kubernetes.io/description': DESCRIPTION };
  try {
    if (!held) await api.of(configMap).create({ metadata: { namespace: key, name: NAME, annotations }, data });
    else if (!equalJson(held.data, data) || !equalJson(held.metadata.annotations, annotations)) {
      await api.of(configMap).replace({ ...held, metadata: { ...held.metadata, annotations }, data });
    }
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error;
  }
}
