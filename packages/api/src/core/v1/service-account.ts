import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf } from '../../columns.ts';
import type { ServiceAccount } from '../../generated/types/core-v1.ts';

export const serviceAccount: Kind<ServiceAccount> = builtIn<ServiceAccount>('/v1.ServiceAccount', {
  columns: columnsOf('/ServiceAccount', {}),
  behaviour: { answersDeletion: true, desired: false },
});
