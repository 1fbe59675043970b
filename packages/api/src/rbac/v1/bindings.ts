import {
  dnsSubdomainErrors,
  equalJson,
  type Field,
  type Kind,
  type Mutable,
  pathSegmentErrors,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { shown } from '../../checks/shown.ts';
import { each, named } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { ClusterRoleBinding, RoleBinding, RoleRef, Subject } from '../../generated/types/rbac-v1.ts';

const GROUP = 'rbac.authorization.k8s.io';
type Binding = RoleBinding | ClusterRoleBinding;

const names = (b: Binding, kind: string): string =>
  (b.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map((subject) => (kind === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name))
    .join(', ');

const cells = {
  Role: ({ roleRef }: Binding) => `${roleRef.kind}/${roleRef.name}`,
  Users: (b: Binding) => names(b, 'User'),
  Groups: (b: Binding) => names(b, 'Group'),
  ServiceAccounts: (b: Binding) => names(b, 'ServiceAccount'),
};

export const roleBinding: Kind<RoleBinding> = builtIn<RoleBinding>(`${GROUP}/v1.RoleBinding`, {
  columns: columnsOf('rbac.authorization.k8s.io/RoleBinding', cells),
  behaviour: {
    createsOnUpdate: true,
    desired: false,
    validateName: pathSegmentErrors,
    complete,
    validateUpdate,
    validate: (b, at) => validate(b, ['Role', 'ClusterRole'], at, true),
  },
});

export const clusterRoleBinding: Kind<ClusterRoleBinding> = builtIn<ClusterRoleBinding>(
  `${GROUP}/v1.ClusterRoleBinding`,
  {
    columns: columnsOf('rbac.authorization.k8s.io/ClusterRoleBinding', cells),
    behaviour: {
      createsOnUpdate: true,
      desired: false,
      validateName: pathSegmentErrors,
      complete,
      validateUpdate,
      validate: (b, at) => validate(b, ['ClusterRole'], at, false),
    },
  },
);

/** Service accounts are of the core group, users and groups of RBAC's own. */
function complete(b: Mutable<Binding>): void {
  b.roleRef.apiGroup ||= GROUP;
  for (const subject of b.subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= GROUP;
}

function validate({ roleRef, subjects }: Binding, kinds: readonly string[], at: Field, isNamespaced: boolean): void {
  validateReference(roleRef, kinds, at.at('roleRef'));
  each(subjects, at.at('subjects'), (subject, here) => validateSubject(subject, here, isNamespaced));
}

function validateReference({ apiGroup, kind, name }: RoleRef, kinds: readonly string[], at: Field): void {
  if (apiGroup !== GROUP) at.at('apiGroup').notSupported(apiGroup, [GROUP]);
  if (!kinds.includes(kind)) at.at('kind').notSupported(kind, kinds);
  if (!name) at.at('name').required();
  else named(name, pathSegmentErrors, at.at('name'));
}

function validateSubject({ kind, name, namespace, apiGroup = '' }: Subject, at: Field, isNamespaced: boolean): void {
  if (!name) at.at('name').required();
  switch (kind) {
    case 'ServiceAccount':
      if (name) named(name, dnsSubdomainErrors, at.at('name'));
      if (apiGroup !== '') at.at('apiGroup').notSupported(apiGroup, ['']);
      // Of a binding with a namespace, that one is meant.
      if (!namespace && !isNamespaced) at.at('namespace').required();
      break;
    case 'User':
    case 'Group':
      // Their names are whatever authenticators say.
      if (apiGroup !== GROUP) at.at('apiGroup').notSupported(apiGroup, [GROUP]);
      break;
    default:
      at.at('kind').notSupported(kind, ['ServiceAccount', 'User', 'Group']);
  }
}

function validateUpdate(next: Binding, previous: Binding, at: Field): void {
  if (!equalJson(next.roleRef, previous.roleRef))
    at.at('roleRef').invalid(shown('rbac.v1.RoleRef', next.roleRef), 'cannot change roleRef');
}
