import type { PolicyRule } from '@navarch/api';
import { can, eventsRule, READ } from './policy-rule.ts';

export interface NamespaceRole {
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  readonly binding: string;
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  /** Service accounts of kube-system. */
  readonly accounts?: readonly string[];
}

const leaderLocking = [
  can('create get list update watch', 'coordination.k8s.io', 'leases'),
  can('create get list update watch', 'coordination.k8s.io', 'leasecandidates'),
];

/** Roles of single namespaces, with the bindings that come with them. */
export const namespaceRoles: readonly NamespaceRole[] = [
  {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication-reader',
    binding: 'system::extension-apiserver-authentication-reader',
    rules: [can(READ, 'core', 'configmaps', 'extension-apiserver-authentication')],
    users: ['system:kube-controller-manager', 'system:kube-scheduler'],
  },
  {
    // How cluster DNS answers is told to every node.
    namespace: 'kube-system',
    name: 'navarch:node-dns',
    binding: 'navarch:node-dns',
    rules: [can(READ, 'core', 'configmaps', 'coredns')],
    groups: ['system:nodes'],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-controller-manager',
    binding: 'system::leader-locking-kube-controller-manager',
    rules: leaderLocking,
    users: ['system:kube-controller-manager'],
    accounts: ['kube-controller-manager'],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-scheduler',
    binding: 'system::leader-locking-kube-scheduler',
    rules: leaderLocking,
    users: ['system:kube-scheduler'],
    accounts: ['kube-scheduler'],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:bootstrap-signer',
    binding: 'system:controller:bootstrap-signer',
    rules: [can(READ, 'core', 'secrets')],
    accounts: ['bootstrap-signer'],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:cloud-provider',
    binding: 'system:controller:cloud-provider',
    rules: [can(`create ${READ}`, 'core', 'configmaps')],
    accounts: ['cloud-provider'],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:token-cleaner',
    binding: 'system:controller:token-cleaner',
    rules: [can(`delete ${READ}`, 'core', 'secrets'), eventsRule],
    accounts: ['token-cleaner'],
  },
  {
    namespace: 'kube-public',
    name: 'system:controller:bootstrap-signer',
    binding: 'system:controller:bootstrap-signer',
    rules: [can(READ, 'core', 'configmaps'), can('update', 'core', 'configmaps', 'cluster-info'), eventsRule],
    accounts: ['bootstrap-signer'],
  },
];
