import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partRefusals, table, updateRefusals } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

test('volumes say what they are', () => {
  table('/v1.PersistentVolume', [
    [
      { spec: { nodeAffinity: { required: { nodeSelectorTerms: [] } } } },
      'spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term',
    ],
    [
      { spec: { volumeAttributesClassName: 'a' } },
      'spec.csi: Required value: has to be specified when using volumeAttributesClassName',
    ],
    [{ spec: { hostPath: { path: '..' } } }, 'spec.hostPath.path: Invalid value: "..": must not contain \'..\''],
    [{ spec: { claimRef: { name: '_', namespace: 'n' } } }],
    [{ spec: { volumeMode: 'X' } }, 'spec.volumeMode: Unsupported value: "X": supported values: "Block", "Filesystem"'],
    [{ spec: { storageClassName: '_' } }, `spec.storageClassName: Invalid value: "_": ${SUBDOMAIN}`],
    [
      { spec: { hostPath: { path: '/a', type: 'X' } } },
      'spec.hostPath.type: Unsupported value: "X": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
    ],
    [
      {
        spec: {
          hostPath: null,
          csi: {
            driver: '_',
            volumeHandle: 'h',
            controllerPublishSecretRef: { name: 's' },
            nodeExpandSecretRef: { name: 's' },
          },
        },
      },
      `spec.csi.driver: Invalid value: "_": ${SUBDOMAIN}`,
      'spec.csi.controllerPublishSecretRef.namespace: Required value',
      'spec.csi.nodeExpandSecretRef.namespace: Required value',
    ],
  ]);
});

test('volumes stay where they are reached from', () => {
  for (const [next, before, ...expected] of [
    [
      {
        spec: {
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'b', operator: 'Exists' }] }] } },
        },
      },
      {
        spec: {
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] } },
        },
      },
      'nodeAffinity: Invalid value: {"Required":{"NodeSelectorTerms":[{"MatchExpressions":[{"Key":"b","Operator":"Exists","Values":null}],"MatchFields":null}]}}: field is immutable, except for updating from beta label to GA',
    ],
    [
      { spec: { volumeAttributesClassName: null } },
      { spec: { hostPath: null, csi: { driver: 'd', volumeHandle: 'h' }, volumeAttributesClassName: 'a' } },
      'spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden',
    ],
  ] satisfies readonly (readonly [Json, Json, ...string[]])[])
    assert.deepEqual(updateRefusals('/v1.PersistentVolume', next, before), expected, JSON.stringify(next));
});

test('claims say what they want', () => {
  table('/v1.PersistentVolumeClaim', [
    [
      { spec: { dataSourceRef: { kind: 'X', name: '', apiGroup: 'a' } } },
      'spec.dataSource.name: Required value',
      'spec.dataSourceRef.name: Required value',
    ],
    [
      {
        spec: {
          dataSource: { kind: 'VolumeSnapshot', apiGroup: 'snapshot.storage.k8s.io', name: 'x' },
          dataSourceRef: { kind: 'VolumeSnapshot', apiGroup: 'snapshot.storage.k8s.io', name: 'y' },
        },
      },
      'spec: Invalid value: {}: must match dataSourceRef',
    ],
    [{ spec: { volumeAttributesClassName: '_' } }, `spec.volumeAttributesClassName: Invalid value: "_": ${SUBDOMAIN}`],
    [
      { spec: { selector: { matchExpressions: [{ key: 'a', operator: 'X' }] } } },
      'spec.selector.matchExpressions[0].operator: Invalid value: "X": not a valid selector operator',
    ],
    [{ spec: { storageClassName: '_' } }, `spec.storageClassName: Invalid value: "_": ${SUBDOMAIN}`],
    [
      { spec: { accessModes: ['X'] } },
      'spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    ],
    [
      {
        metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'a' } },
        spec: { storageClassName: 'b' },
      },
    ],
  ]);
});

test('statuses of claims: sizes, what is being resized or changed', () => {
  for (const [next, before, ...expected] of [
    [
      { status: { capacity: { storage: '-1' } } },
      {},
      'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
    ],
    [{ status: { allocatedResources: { storage: '1' } } }, {}],
    [
      { status: { allocatedResourceStatuses: { storage: 'X' } } },
      {},
      'status.allocatedResourceStatus: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
    ],
    [
      { status: { allocatedResourceStatuses: { x: 'ControllerResizeInProgress' }, allocatedResources: { x: '1' } } },
      {},
      'status.allocatedResourceStatus: Unsupported value: "x": supported values: "storage"',
      'status.allocatedResources: Unsupported value: "x": supported values: "storage"',
    ],
    [{ status: { modifyVolumeStatus: { status: 'X', targetVolumeAttributesClassName: 'a' } } }, {}],
    [{ status: { conditions: [{ type: 'Resizing', status: 'True' }] } }, {}],
  ] satisfies readonly (readonly [Json, Json, ...string[]])[])
    assert.deepEqual(partRefusals('/v1.PersistentVolumeClaim', 'status', next, before), expected, JSON.stringify(next));
});

test('nodes: taints, ranges, annotations', () => {
  table('/v1.Node', [
    [
      {
        spec: {
          taints: [
            { key: 'a', effect: 'NoSchedule' },
            { key: 'a', effect: 'NoSchedule' },
            { key: '', effect: '' },
          ],
        },
      },
      'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair',
      'metadata.taints[2].key: Invalid value: "": name part must be non-empty',
      `metadata.taints[2].key: Invalid value: "": ${NAME_PART}`,
      'metadata.taints[2].effect: Required value',
    ],
    [
      { spec: { podCIDRs: ['1.1.1.0/24', '1.1.2.0/24', 'fd::/64'] } },
      'spec.podCIDRs: Invalid value: ["1.1.1.0/24","1.1.2.0/24","fd::/64"]: may specify no more than one CIDR for each IP family',
    ],
    [{ spec: { podCIDR: '1.1.1.0/24' } }],
    [{ status: { addresses: [{ type: 'InternalIP', address: '' }] } }],
  ]);
});

test('statuses of nodes: addresses and amounts', () => {
  for (const [next, before, ...expected] of [
    [
      {
        status: {
          addresses: [
            { type: 'InternalIP', address: '1' },
            { type: 'InternalIP', address: '1' },
          ],
        },
      },
      {},
      'status.addresses[1]: Duplicate value: {"Type":"InternalIP","Address":"1"}',
    ],
    [
      { status: { capacity: { x: '1', cpu: '-1' } } },
      {},
      'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.allocatable.cpu: Invalid value: "-1": must be greater than or equal to 0',
    ],
    [{ status: { declaredFeatures: ['b', 'a'] } }, {}],
    [{ status: { images: [{ names: [] }] } }, {}],
  ] satisfies readonly (readonly [Json, Json, ...string[]])[])
    assert.deepEqual(partRefusals('/v1.Node', 'status', next, before), expected, JSON.stringify(next));
});

test('nodes keep their ranges', () => {
  for (const [next, before, ...expected] of [
    [
      { spec: { podCIDR: '1.1.1.0/24', podCIDRs: ['1.1.1.0/24'] } },
      { spec: { podCIDR: '1.1.2.0/24', podCIDRs: ['1.1.2.0/24'] } },
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    ],
    [
      { spec: { taints: [{ key: 'a', effect: 'X' }] } },
      {},
      'metadata.taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
    [{ spec: { podCIDRs: ['1.1.1.0/24'] } }, {}],
  ] satisfies readonly (readonly [Json, Json, ...string[]])[])
    assert.deepEqual(updateRefusals('/v1.Node', next, before), expected, JSON.stringify(next));
});

test('secrets of registries hold JSON', () => {
  table('/v1.Secret', [
    [
      { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '' } },
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input',
    ],
    [
      { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{' } },
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input',
    ],
    [
      { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{"a"' } },
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input',
    ],
    [
      { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'nul' } },
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input',
    ],
    [
      { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '[1,]' } },
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character \']\' looking for beginning of value',
    ],
    [{ type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{"auths":1}' } }],
    [
      { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '"x"' } },
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal string into Go value of type map[string]interface {}',
    ],
    [{ type: 'kubernetes.io/dockercfg' }, 'data[.dockercfg]: Required value'],
    [
      { data: { 'a b': '' } },
      "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ]);
});

test('services: what goes with what', () => {
  table('/v1.Service', [
    [
      { spec: { loadBalancerSourceRanges: ['x'] } },
      "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
      'spec.LoadBalancerSourceRanges[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
    [
      {
        spec: {
          type: 'LoadBalancer',
          loadBalancerSourceRanges: ['x', ' 1.1.1.0/24 '],
          clusterIP: '10.0.0.1',
          clusterIPs: ['10.0.0.1'],
        },
      },
      'spec.LoadBalancerSourceRanges[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
    [
      { spec: { internalTrafficPolicy: 'X' } },
      'spec.internalTrafficPolicy: Unsupported value: "X": supported values: "Cluster", "Local"',
    ],
    [
      { spec: { type: 'ExternalName', externalName: 'A_', clusterIP: '1.1.1.1', clusterIPs: ['1.1.1.1'] } },
      'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
      `spec.externalName: Invalid value: "A_": ${SUBDOMAIN}`,
    ],
    [
      {
        spec: {
          type: 'NodePort',
          ports: [
            { name: 'a', port: 1, nodePort: 30000 },
            { name: 'b', port: 2, nodePort: 30000 },
          ],
        },
      },
      'spec.ports[1].nodePort: Duplicate value: 30000',
    ],
    [
      { spec: { allocateLoadBalancerNodePorts: true } },
      "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
    ],
    [
      { spec: { ports: [{ port: 1, name: 'A_', appProtocol: '_/', targetPort: 'A_' }] } },
      `spec.ports[0].name: Invalid value: "A_": ${LABEL}`,
      'spec.ports[0].targetPort: Invalid value: "A_": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      'spec.ports[0].targetPort: Invalid value: "A_": must contain at least one letter (a-z)',
      `spec.ports[0].appProtocol: Invalid value: "_/": prefix part ${SUBDOMAIN}`,
      'spec.ports[0].appProtocol: Invalid value: "_/": name part must be non-empty',
      `spec.ports[0].appProtocol: Invalid value: "_/": ${NAME_PART}`,
    ],
    [{ spec: { sessionAffinity: 'None', sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } } }],
    [
      { spec: { publishNotReadyAddresses: true, selector: { 'a b': '-' } } },
      `spec.selector: Invalid value: "a b": ${NAME_PART}`,
      "spec.selector: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
  ]);
});
