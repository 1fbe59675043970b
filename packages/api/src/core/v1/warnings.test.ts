import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warned } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;

test('volumes are warned of what is deprecated', () => {
  for (const [next, before, ...expected] of [
    [
      { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'a' } } },
      undefined,
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    ],
    [
      { metadata: { annotations: { 'volume.beta.kubernetes.io/mount-options': 'a' } } },
      undefined,
      'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
    ],
    [
      { spec: { persistentVolumeReclaimPolicy: 'Recycle' } },
      undefined,
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    ],
    [
      { spec: { hostPath: null, cephfs: { monitors: ['a'] } } },
      undefined,
      'spec.cephfs: deprecated in v1.28, non-functional in v1.31+',
    ],
    [
      { spec: { capacity: { storage: '1500m' } } },
      undefined,
      'spec.capacity[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ],
    [
      {
        spec: {
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }] }],
            },
          },
        },
      },
      undefined,
      'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
    ],
  ] satisfies readonly (readonly [Json, Json | undefined, ...string[]])[])
    assert.deepEqual(warned('/v1.PersistentVolume', next, before), expected, JSON.stringify(next));
});

test('claims are warned of what is deprecated', () => {
  for (const [next, before, ...expected] of [
    [
      { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'a' } } },
      undefined,
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    ],
    [
      { spec: { resources: { requests: { storage: '1500m' } } } },
      undefined,
      'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ],
  ] satisfies readonly (readonly [Json, Json | undefined, ...string[]])[])
    assert.deepEqual(warned('/v1.PersistentVolumeClaim', next, before), expected, JSON.stringify(next));
});

test('nodes are warned of what is deprecated', () => {
  for (const [next, before, ...expected] of [
    [
      { spec: { configSource: {}, externalID: 'a' } },
      undefined,
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
    ],
    [
      { spec: { podCIDR: 'FE80::/64', podCIDRs: ['FE80::/64'] } },
      undefined,
      'spec.podCIDRs[0]: IPv6 CIDR value "FE80::/64" should be in RFC 5952 canonical format ("fe80::/64")',
    ],
  ] satisfies readonly (readonly [Json, Json | undefined, ...string[]])[])
    assert.deepEqual(warned('/v1.Node', next, before), expected, JSON.stringify(next));
});

test('accounts are warned of secrets that are enforced, once', () => {
  for (const [next, before, ...expected] of [
    [
      { metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } } },
      undefined,
      'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
    ],
    [
      { metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } } },
      { metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'false' } } },
    ],
  ] satisfies readonly (readonly [Json, Json | undefined, ...string[]])[])
    assert.deepEqual(warned('/v1.ServiceAccount', next, before), expected, JSON.stringify(next));
});

test('secrets are warned of pairs that are none', () => {
  for (const [next, before, ...expected] of [
    [
      { type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } },
      undefined,
      'tls: failed to find any PEM data in certificate input',
    ],
    [
      {
        type: 'kubernetes.io/tls',
        data: {
          'tls.crt': 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=',
          'tls.key': 'eA==',
        },
      },
      undefined,
      'tls: failed to find any PEM data in key input',
    ],
  ] satisfies readonly (readonly [Json, Json | undefined, ...string[]])[])
    assert.deepEqual(warned('/v1.Secret', next, before), expected, JSON.stringify(next));
});

test('endpoints are warned of unusual addresses', () => {
  for (const [next, before, ...expected] of [
    [
      { subsets: [{ addresses: [{ ip: 'FE80::1' }] }] },
      undefined,
      'subsets[0].addresses[0].ip: IPv6 address "FE80::1" should be in RFC 5952 canonical format ("fe80::1")',
    ],
  ] satisfies readonly (readonly [Json, Json | undefined, ...string[]])[])
    assert.deepEqual(warned('/v1.Endpoints', next, before), expected, JSON.stringify(next));
});

test('services are warned of what is ignored or deprecated', () => {
  for (const [next, before, ...expected] of [
    [
      { spec: { loadBalancerIP: '1.1.1.1', type: 'LoadBalancer', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] } },
      undefined,
    ],
    [
      { spec: { externalIPs: ['1.1.1.1'] } },
      undefined,
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    ],
    [{ metadata: { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } }, undefined],
    [
      { metadata: { annotations: { 'service.kubernetes.io/topology-aware-hints': 'Auto' } } },
      undefined,
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    ],
    [
      { spec: { trafficDistribution: 'PreferClose' } },
      undefined,
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
    [
      { spec: { type: 'ExternalName', externalName: 'a.b', externalIPs: ['1.1.1.1'] } },
      undefined,
      'spec.externalIPs is ignored when spec.type is "ExternalName"',
    ],
    [
      { spec: { loadBalancerSourceRanges: ['FE80::/64'] } },
      undefined,
      'spec.loadBalancerSourceRanges[0]: IPv6 CIDR value "FE80::/64" should be in RFC 5952 canonical format ("fe80::/64")',
    ],
  ] satisfies readonly (readonly [Json, Json | undefined, ...string[]])[])
    assert.deepEqual(warned('/v1.Service', next, before), expected, JSON.stringify(next));
});
