import { type Kind, pathSegmentErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { validateConditions } from '../../checks/conditions.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { shown } from '../../checks/shown.ts';
import { atMostWhole, countOrPercent, notNegative, supportedValue } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { PodDisruptionBudget } from '../../generated/types/policy-v1.ts';
import { statusPart } from '../../parts.ts';

const shareText = (share: number | string | undefined): string => (share === undefined ? 'N/A' : String(share));

export const podDisruptionBudget: Kind<PodDisruptionBudget> = builtIn<PodDisruptionBudget>(
  'policy/v1.PodDisruptionBudget',
  {
    columns: columnsOf('policy/PodDisruptionBudget', {
      'Min Available': (b) => shareText(b.spec.minAvailable),
      'Max Unavailable': (b) => shareText(b.spec.maxUnavailable),
      'Allowed Disruptions': (b) => b.status.disruptionsAllowed,
    }),
    behaviour: {
      updatesUnconditionally: false,
      prepareCreate(b) {
        b.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
      },
      desired: (b) => [b.spec],
      // Upstream asks no more of its name than of any object's.
      validateName: pathSegmentErrors,
      validate({ spec }, at) {
        const here = at.at('spec');
        if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
          here.invalid(
            shown('policy.v1.PodDisruptionBudgetSpec', spec),
            'minAvailable and maxUnavailable cannot be both set',
          );
        for (const name of ['minAvailable', 'maxUnavailable'] as const) {
          countOrPercent(spec[name], here.at(name));
          atMostWhole(spec[name], here.at(name));
        }
        labelSelector(spec.selector, here.at('selector'));
        if (spec.unhealthyPodEvictionPolicy !== undefined) {
          supportedValue(
            spec.unhealthyPodEvictionPolicy,
            ['AlwaysAllow', 'IfHealthyBudget'],
            here.at('unhealthyPodEvictionPolicy'),
          );
        }
      },
      parts: {
        status: statusPart({
          validate({ status }, _previous, at) {
            validateConditions(status.conditions, at.at('status', 'conditions'));
            for (const name of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const)
              notNegative(status[name], at.at('status', name));
          },
        }),
      },
    },
  },
);
