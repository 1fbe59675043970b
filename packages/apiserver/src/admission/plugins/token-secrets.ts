import { configMap, type Secret, serviceAccount, tokenSecret } from '@navarch/api';
import { randomUid } from '@navarch/base';
import type { TokenKeys } from '../../auth/service-account-tokens.ts';
import { type AdmissionPlugin, defineAdmissionPlugin } from '../admission.ts';

/** As good as for ever: such a token ends with its secret or its account. */
const LIFETIME_SECONDS = 100 * 365 * 24 * 3600;

export interface TokenIssuer {
  readonly tokens: TokenKeys;
  readonly issuer: string;
  readonly audiences: readonly string[];
}

/**
 * A secret of the type for tokens gets a token of the account that it names, for clients that know no other way. Upstream
 * does it a moment later by a controller; here it is there at once, and bound to the secret like any other token.
 */
export const tokenSecrets = ({ tokens, issuer, audiences }: TokenIssuer): AdmissionPlugin =>
  defineAdmissionPlugin<Secret>({
    name: 'ServiceAccountTokenSecret',
    on: { resources: ['/secrets'], operations: ['CREATE', 'UPDATE'] },
    async mutate(draft, { namespace, isDryRun, name }, { registry, now }) {
      if (draft.type !== tokenSecret.type || draft.data?.['token']) return false;
      const account = registry
        .of(serviceAccount)
        .find(namespace, draft.metadata.annotations?.[tokenSecret.accountName] ?? '');
      if (!account) return false;
      const { name: accountName, uid } = account.metadata;
      const seconds = Math.floor(now / 1000);
      const claims = {
        iss: issuer,
        aud: audiences,
        exp: seconds + LIFETIME_SECONDS,
        iat: seconds,
        nbf: seconds,
        jti: randomUid(registry.deps.random),
        sub: `system:serviceaccount:${namespace}:${accountName}`,
        'kubernetes.io': {
          namespace,
          serviceaccount: { name: accountName, uid },
          secret: { name, uid: draft.metadata.uid },
        },
      };
      const authority = registry.of(configMap).find(namespace, 'kube-root-ca.crt')?.data?.['ca.crt'];
      draft.data = {
        ...draft.data,
        token: btoa(isDryRun ? '' : await tokens.sign(claims)),
        namespace: btoa(namespace),
        ...(authority ? { 'ca.crt': btoa(authority) } : {}),
      };
      draft.metadata.annotations = { ...draft.metadata.annotations, [tokenSecret.accountUid]: uid };
      return true;
    },
  });
