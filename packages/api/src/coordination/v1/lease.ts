import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf } from '../../columns.ts';
import type { Lease } from '../../generated/types/coordination-v1.ts';
import { leaseStrategy } from './lease-strategy.ts';

export const lease: Kind<Lease> = builtIn<Lease>('coordination.k8s.io/v1.Lease', {
  columns: columnsOf('coordination.k8s.io/Lease', { Holder: (l) => l.spec.holderIdentity ?? '' }),
  behaviour: {
    desired: false,
    createsOnUpdate: true,
    updatesUnconditionally: false,
    validate({ spec }, at) {
      const here = at.at('spec');
      const { leaseDurationSeconds: seconds, leaseTransitions: transitions, strategy, preferredHolder } = spec;
      if (seconds !== undefined && seconds <= 0)
        here.at('leaseDurationSeconds').invalid(seconds, 'must be greater than 0');
      if (transitions !== undefined && transitions < 0)
        here.at('leaseTransitions').invalid(transitions, 'must be greater than or equal to 0');
      if (strategy !== undefined) leaseStrategy(strategy, here.at('strategy'));
      if (preferredHolder && !strategy)
        here.at('preferredHolder').forbidden('may only be specified if `strategy` is defined');
    },
  },
});
