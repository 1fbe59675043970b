import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf } from '../../columns.ts';
import type { ServiceAccount } from '../../generated/types/core-v1.ts';

const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';
const DEPRECATION = `metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`;

export const serviceAccount: Kind<ServiceAccount> = builtIn<ServiceAccount>('/v1.ServiceAccount', {
  columns: columnsOf('/ServiceAccount', {}),
  behaviour: {
    answersDeletion: true,
    desired: false,
    prepareCreate: nameSecrets,
    prepareUpdate: nameSecrets,
    warnings: ({ metadata }, previous) => {
      const isNew =
        metadata.annotations?.[MOUNTABLE] !== undefined && previous?.metadata.annotations?.[MOUNTABLE] === undefined;
      return isNew ? [DEPRECATION] : [];
    },
  },
});

/** Of secrets an account knows the names: they are in its own namespace. */
function nameSecrets(account: { secrets?: { name?: string }[] }): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}
