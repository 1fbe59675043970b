import type { PolicyRule } from '@navarch/api';
import { can, eventsRule, READ } from './policy-rule.ts';

/**
 * What every node may do, as far as rules can say it. The node authorizer narrows secrets, claims and the like to what
 * the node's pods need, and the NodeRestriction plugin what may be written.
 */
export const nodeRules: readonly PolicyRule[] = [
  can('create', 'authentication.k8s.io', 'tokenreviews'),
  can('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
  can(READ, 'core', 'services'),
  can(`create ${READ}`, 'core', 'nodes'),
  can('patch update', 'core', 'nodes/status'),
  can('patch update', 'core', 'nodes'),
  eventsRule,
  can(READ, 'core', 'pods'),
  can('create delete', 'core', 'pods'),
  can('patch update', 'core', 'pods/status'),
  can('create', 'core', 'pods/eviction'),
  can(READ, 'core', 'configmaps secrets'),
  can('get', 'core', 'persistentvolumeclaims persistentvolumes'),
  can('get', 'core', 'endpoints'),
  can(`create ${READ}`, 'certificates.k8s.io', 'certificatesigningrequests'),
  can('create delete get patch update', 'coordination.k8s.io', 'leases'),
  can('get', 'storage.k8s.io', 'volumeattachments'),
  can('create', 'core', 'serviceaccounts/token'),
  can('get patch update', 'core', 'persistentvolumeclaims/status'),
  can(READ, 'storage.k8s.io', 'csidrivers'),
  can('create delete get patch update', 'storage.k8s.io', 'csinodes'),
  can(READ, 'node.k8s.io', 'runtimeclasses'),
  can('get', 'resource.k8s.io', 'resourceclaims'),
  can('deletecollection', 'resource.k8s.io', 'resourceslices'),
  can(READ, 'certificates.k8s.io', 'clustertrustbundles'),
  can('get', 'core', 'serviceaccounts'),
  can(`create ${READ}`, 'certificates.k8s.io', 'podcertificaterequests'),
];
