import { configMap, type ConfigMap, secret, type Secret } from '@navarch/api';
import { equalJson, hasReason } from '@navarch/machinery';
import { type Controller, defineController, type Watch } from '../controller.ts';
import { type BootstrapToken, TOKEN_NAMESPACE, tokenOf } from './token.ts';

/** Signs a text with a token's secret: a JSON web signature (HS256, `kid` is the token's id) without its payload. */
export type TokenSignature = (text: string, id: string, secret: string) => string;

const KEY = 'kube-public/cluster-info';
const SIGNATURE = 'jws-kubeconfig-';

const info: Watch<ConfigMap> = {
  kind: configMap,
  *keys({ current, previous }) {
    const { namespace, name } = (current ?? previous)?.metadata ?? {};
    if (`${namespace}/${name}` === KEY) yield KEY;
  },
};

const tokens: Watch<Secret> = {
  kind: secret,
  *keys({ current, previous }) {
    if ((current && tokenOf(current)) ?? (previous && tokenOf(previous))) yield KEY;
  },
};

/**
 * Signs the kubeconfig in kube-public/cluster-info with every bootstrap token that may, so that whoever knows a token
 * can tell this cluster's answer from another's before it trusts any certificate.
 */
export const bootstrapSignerController = (sign: TokenSignature): Controller =>
  defineController({
    name: 'bootstrap-signer-controller',
    queueName: 'bootstrap_signer_queue',
    watches: [info, tokens],
    workers: 1,
    async reconcile(_, { api, cache, clock }) {
      const found = cache.get(configMap, KEY);
      if (!found) return undefined;
      const now = clock.now();
      const signing = cache
        .list(secret, TOKEN_NAMESPACE)
        .flatMap((s) => tokenOf(s) ?? [])
        .filter(({ signs, expiresAt }) => signs && (expiresAt === undefined || expiresAt > now));
      if (!equalJson(withSignatures(found, signing, sign).data, found.data)) {
        await orGone(api.of(configMap).update(KEY, (current) => withSignatures(current, signing, sign)));
      }
      const next = Math.min(...signing.flatMap(({ expiresAt }) => expiresAt ?? []));
      return Number.isFinite(next) ? { requeueAfterMs: next - now } : undefined;
    },
  });

function withSignatures(map: ConfigMap, signing: readonly BootstrapToken[], sign: TokenSignature): ConfigMap {
  const kept = Object.entries(map.data ?? {}).filter(([name]) => !name.startsWith(SIGNATURE));
  const text = map.data?.['kubeconfig'];
  const signatures =
    text === undefined ? [] : signing.map(({ id, secret: key }) => [`${SIGNATURE}${id}`, sign(text, id, key)] as const);
  const data = Object.fromEntries([...signatures, ...kept].sort(([a], [b]) => (a < b ? -1 : 1)));
  return equalJson(data, map.data) ? map : { ...map, data };
}

async function orGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
