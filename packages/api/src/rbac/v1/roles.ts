import { type Kind, pathSegmentErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { each } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { ClusterRole, Role } from '../../generated/types/rbac-v1.ts';
import { validateRule } from './rules.ts';

export const role: Kind<Role> = builtIn<Role>('rbac.authorization.k8s.io/v1.Role', {
  columns: columnsOf('rbac.authorization.k8s.io/Role', {}),
  behaviour: {
    createsOnUpdate: true,
    desired: false,
    validateName: pathSegmentErrors,
    validate: ({ rules }, at) => each(rules, at.at('rules'), (rule, here) => validateRule(rule, true, here)),
  },
});

export const clusterRole: Kind<ClusterRole> = builtIn<ClusterRole>('rbac.authorization.k8s.io/v1.ClusterRole', {
  columns: columnsOf('rbac.authorization.k8s.io/ClusterRole', {}),
  behaviour: {
    createsOnUpdate: true,
    desired: false,
    validateName: pathSegmentErrors,
    validate({ rules, aggregationRule }, at) {
      each(rules, at.at('rules'), (rule, here) => validateRule(rule, false, here));
      if (!aggregationRule) return;
      const here = at.at('aggregationRule', 'clusterRoleSelectors');
      if (!aggregationRule.clusterRoleSelectors?.length)
        here.required('at least one clusterRoleSelector required if aggregationRule is non-nil');
      each(aggregationRule.clusterRoleSelectors, here, (selector, place) => {
        const before = at.errors.length;
        labelSelector(selector, place);
        // Upstream makes the selector as well, and has nothing to show then.
        if (at.errors.length > before) place.invalid(undefined, 'invalid label selector.');
      });
    },
  },
});
