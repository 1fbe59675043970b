import { clusterTrustBundle } from '@navarch/api';
import { sha256 } from '@navarch/base';
import { hasReason, keyOf, type ObjectOf } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Watch } from '../controller.ts';
import { countedSyncs } from './measures.ts';

const SIGNER = 'kubernetes.io/kube-apiserver-serving';
/** Of the hash that tells one bundle of the signer from the next. */
const HASH_BYTES = 12;
/** There is one thing to look at. */
const ALL = SIGNER;

const counted = countedSyncs('clustertrustbundle_publisher', 'syncs of the trust bundle of the API server');

const bundles: Watch<ObjectOf<typeof clusterTrustBundle>> = {
  kind: clusterTrustBundle,
  keys: ({ current, previous }) => ((current ?? previous)?.spec.signerName === SIGNER ? [ALL] : []),
};

/**
 * Publishes how the API server is known as the one trust bundle of its signer, which pods mount (KEP-3257).
 * `certificate` is PEM.
 */
export function trustBundleController(certificate: string): Controller {
  const name = `${SIGNER.replace('/', ':')}:${hashOf(certificate)}`;
  return defineController({
    name: 'kube-apiserver-serving-clustertrustbundle-publisher-controller',
    watches: [bundles],
    initialKeys: [ALL],
    async reconcile(_, context) {
      await counted(() => publish(name, certificate, context), context);
      return undefined;
    },
  });
}

async function publish(name: string, certificate: string, { api, cache }: Context): Promise<void> {
  const spec = { signerName: SIGNER, trustBundle: certificate };
  const held = cache.get(clusterTrustBundle, name);
  try {
    if (!held) await api.of(clusterTrustBundle).create({ metadata: { name }, spec });
    else if (held.spec.trustBundle !== certificate) await api.of(clusterTrustBundle).replace({ ...held, spec });
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
  for (const old of cache.list(clusterTrustBundle)) {
    if (old.spec.signerName !== SIGNER || old.metadata.name === name) continue;
    await api
      .of(clusterTrustBundle)
      .delete(keyOf(old))
      .catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
  }
}

const hashOf = (text: string): string =>
  Array.from(sha256(new TextEncoder().encode(text)).subarray(0, HASH_BYTES), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
