import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, Pod } from '@navarch/api';
import { rejectionOf } from './admission.ts';

const podOf = (spec: object): Pod =>
  ({ metadata: { name: 'web' }, spec: { containers: [{ name: 'c' }], ...spec }, status: {} }) as unknown as Pod;
const nodeOf = (features?: object): Node =>
  ({ metadata: { name: 'n' }, spec: {}, status: { allocatable: { pods: '10' }, features } }) as unknown as Node;

/** Why a node that lacks everything, or has everything, turns the pod away. */
function why(spec: object, hasAll = false): string | undefined {
  const found = rejectionOf(podOf(spec), nodeOf(hasAll ? { supplementalGroupsPolicy: true } : undefined), [], {
    hasAppArmor: hasAll,
  });
  return found && `${found.reason}: ${found.message}`;
}

test('rejectionOf() turns away what kernel and runtime have not', () => {
  const confined = { containers: [{ name: 'c', securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }] };
  assert.equal(why(confined), 'AppArmor: Cannot enforce AppArmor: AppArmor is not enabled on the host');
  assert.equal(
    why({ securityContext: { supplementalGroupsPolicy: 'Strict' } }),
    'SupplementalGroupsPolicyNotSupported: SupplementalGroupsPolicy=Strict is not supported in this node',
  );
  assert.equal(
    why({ securityContext: { sysctls: [{ name: 'vm.swappiness', value: '1' }] } }),
    'SysctlForbidden: forbidden sysctl: "vm.swappiness" not allowlisted',
  );
  for (const spec of [confined, { securityContext: { supplementalGroupsPolicy: 'Strict' } }])
    assert.equal(why(spec, true), undefined);
  for (const spec of [
    {},
    { securityContext: { appArmorProfile: { type: 'Unconfined' }, supplementalGroupsPolicy: 'Merge' } },
  ])
    assert.equal(why(spec), undefined);
});

test('rejectionOf() turns away a pod that needs what the node does not declare', () => {
  const restarting = { containers: [{ name: 'c', restartPolicyRules: [{ action: 'RestartAllContainers' }] }] };
  assert.equal(why(restarting, true), undefined);
  assert.equal(
    why({ hostNetwork: true, hostUsers: false }, true),
    'PodFeatureUnsupported: Pod requires node features that are not available: UserNamespacesHostNetworkSupport',
  );
});
