import { type Kind, pathSegmentErrors } from '@navarch/machinery';
import { builtIn } from './built-in.ts';
import { ageColumn, createdColumn, nameColumn, text } from './columns.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, RoleRef, Subject } from './generated/types/rbac-v1.ts';

const common = { desired: false, validateName: pathSegmentErrors } as const;
const roleText = (ref: RoleRef): string => `${ref.kind}/${ref.name}`;

export const role: Kind<Role> = builtIn<Role>('rbac.authorization.k8s.io/v1.Role', { columns: [nameColumn, createdColumn], behaviour: common });
export const clusterRole: Kind<ClusterRole> = builtIn<ClusterRole>('rbac.authorization.k8s.io/v1.ClusterRole', { columns: [nameColumn, createdColumn], behaviour: common });

export const roleBinding: Kind<RoleBinding> = builtIn<RoleBinding>('rbac.authorization.k8s.io/v1.RoleBinding', {
  columns: [nameColumn, text('Role', (b) => roleText(b.roleRef)), ageColumn],
  behaviour: {
    ...common,
    complete: (b) => completeBinding(b),
    validateUpdate: (next, previous, at) => at.at('roleRef').immutable(next.roleRef, previous.roleRef),
  },
});

export const clusterRoleBinding: Kind<ClusterRoleBinding> = builtIn<ClusterRoleBinding>('rbac.authorization.k8s.io/v1.ClusterRoleBinding', {
  columns: [nameColumn, text('Role', (b) => roleText(b.roleRef)), ageColumn],
  behaviour: {
    ...common,
    complete: (b) => completeBinding(b),
    validateUpdate: (next, previous, at) => at.at('roleRef').immutable(next.roleRef, previous.roleRef),
  },
});

type Loose<T> = { -readonly [K in keyof T]: T[K] };

/** Service accounts are of the core group, users and groups of RBAC's own. */
function completeBinding(binding: { roleRef: Loose<RoleRef>; subjects?: Loose<Subject>[] }): void {
  binding.roleRef.apiGroup ||= 'rbac.authorization.k8s.io';
  for (const subject of binding.subjects ?? []) {
    if (subject.kind !== 'ServiceAccount') subject.apiGroup ||= 'rbac.authorization.k8s.io';
  }
}
