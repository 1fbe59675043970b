import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, kindOf, partRefusals, table, updateRefusals } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const spec = (fields: Json): Json => ({ spec: fields });
const IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const RANGE = 'must be between 1 and 65535, inclusive';
const KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

test('config maps: keys, sizes, and what is immutable', () => {
  table('/v1.ConfigMap', [
    [{ data: { 'a b': '' } }, `data[a b]: Invalid value: "a b": ${KEY}`],
    [{ data: { a: '' }, binaryData: { a: '' } }, 'data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    [{ data: { a: 'x'.repeat(1024 * 1024 + 1) } }, '[]: Too long: may not be more than 1048576 bytes'],
    [
      { metadata: { name: 'A' } },
      "metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
  ]);
  const held = { immutable: true, data: { a: '1' } };
  assert.deepEqual(
    updateRefusals('/v1.ConfigMap', { immutable: false, data: { a: '2' }, binaryData: { b: '' } }, held),
    [
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
      'binaryData: Forbidden: field is immutable when `immutable` is set',
    ],
  );
});

test('secrets: what each type must have, and what is immutable', () => {
  table('/v1.Secret', [
    [{ type: 'kubernetes.io/tls' }, 'data[tls.crt]: Required value', 'data[tls.key]: Required value'],
    [{ type: 'kubernetes.io/basic-auth' }, 'data[username]: Required value', 'data[password]: Required value'],
    [{ type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } }, 'data[ssh-privatekey]: Required value'],
    [
      { type: 'kubernetes.io/service-account-token' },
      'metadata.annotations[kubernetes.io/service-account.name]: Required value',
    ],
    [
      { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'x' } },
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character \'x\' looking for beginning of value',
    ],
  ]);
  assert.deepEqual(updateRefusals('/v1.Secret', { type: 'other' }), [
    'type: Invalid value: "other": field is immutable',
  ]);
});

test('services: ports, types, addresses, policies', () => {
  const port = (fields: Json): Json => spec({ ports: [{ port: 80, ...fields }] });
  table('/v1.Service', [
    [spec({ ports: [] }), 'spec.ports: Required value'],
    [spec({ clusterIP: 'None', clusterIPs: ['None'], ports: [] })],
    [
      port({ port: 0 }),
      `spec.ports[0].port: Invalid value: 0: ${RANGE}`,
      `spec.ports[0].targetPort: Invalid value: 0: ${RANGE}`,
    ],
    [port({ protocol: 'X' }), 'spec.ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"'],
    [port({ nodePort: 30_000 }), "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    [
      spec({ ports: [{ port: 1 }, { port: 1 }] }),
      'spec.ports[0].name: Required value',
      'spec.ports[1].name: Required value',
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":1,"TargetPort":0,"NodePort":0}',
    ],
    [
      spec({
        ports: [
          { name: 'a', port: 1 },
          { name: 'a', port: 2 },
        ],
      }),
      'spec.ports[1].name: Duplicate value: "a"',
    ],
    [
      spec({ type: 'X' }),
      'spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
    [spec({ type: 'ExternalName' }), 'spec.externalName: Required value'],
    [
      spec({ type: 'NodePort', clusterIP: 'None', clusterIPs: ['None'] }),
      'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
    ],
    [
      spec({ sessionAffinity: 'X' }),
      'spec.sessionAffinity: Unsupported value: "X": supported values: "ClientIP", "None"',
    ],
    [
      spec({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 90_000 } } }),
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and less than 86400',
    ],
    [
      spec({ externalIPs: ['127.0.0.1', 'x'] }),
      'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      `spec.externalIPs[1]: Invalid value: "x": ${IP}`,
    ],
    [
      spec({ loadBalancerClass: 'a' }),
      "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
    ],
    [
      spec({ externalTrafficPolicy: 'Local' }),
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ],
    [
      spec({ healthCheckNodePort: 1 }),
      "spec.healthCheckNodePort: Invalid value: 1: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    ],
    [
      spec({ trafficDistribution: 'X' }),
      'spec.trafficDistribution: Unsupported value: "X": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"',
    ],
  ]);
  const held = spec({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] });
  assert.deepEqual(updateRefusals('/v1.Service', spec({ clusterIP: '10.0.0.2' }), held), [
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
  ]);
  const headless = created(
    '/v1.Service',
    spec({
      clusterIP: 'None',
      clusterIPs: ['None'],
      sessionAffinity: 'ClientIP',
      externalName: 'a',
      externalIPs: ['1.2.3.4'],
    }),
  );
  assert.deepEqual(kindOf('/v1.Service').behaviour.warnings?.(headless, undefined), [
    'spec.externalIPs is ignored for headless services',
    'spec.SessionAffinity is ignored for headless services',
    'spec.externalName is ignored when spec.type is not "ExternalName"',
  ]);
});

test('persistent volumes: one source, one capacity', () => {
  const key = '/v1.PersistentVolume';
  table(key, [
    [spec({ accessModes: [] }), 'spec.accessModes: Required value'],
    [
      spec({ accessModes: ['X', 'ReadWriteOncePod'] }),
      'spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    ],
    [spec({ capacity: { storage: '0' } }), 'spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
    [spec({ hostPath: null }), 'spec: Required value: must specify a volume type'],
    [spec({ nfs: { server: 's', path: '/' } }), 'spec.nfs: Forbidden: may not specify more than 1 volume type'],
    [
      spec({ hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' }),
      "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
    ],
    [
      spec({ persistentVolumeReclaimPolicy: 'X' }),
      'spec.persistentVolumeReclaimPolicy: Unsupported value: "X": supported values: "Delete", "Recycle", "Retain"',
    ],
    [spec({ nodeAffinity: {} }), 'spec.nodeAffinity.required: Required value: must specify required node constraints'],
    [spec({ hostPath: null, csi: { driver: 'd.io', volumeHandle: '' } }), 'spec.csi.volumeHandle: Required value'],
  ]);
  assert.deepEqual(updateRefusals(key, spec({ hostPath: { path: '/b' }, volumeMode: 'Block' })), [
    'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n@@ -2,7 +2,7 @@\n  "GCEPersistentDisk": null,\n  "AWSElasticBlockStore": null,\n  "HostPath": {\n-  "Path": "/tmp",\n+  "Path": "/b",\n   "Type": ""\n  },\n  "Glusterfs": null,\n',
    'volumeMode: Invalid value: "Block": field is immutable',
  ]);
  const csi = { driver: 'd.io', volumeHandle: 'h' };
  const secret = { controllerExpandSecretRef: { name: 's', namespace: 'n' } };
  assert.deepEqual(updateRefusals(key, spec({ csi: secret }), spec({ hostPath: null, csi })), []);
  assert.equal(updateRefusals(key, spec({ csi: { volumeHandle: 'i' } }), spec({ hostPath: null, csi })).length, 1);
});

test('persistent volumes of older drivers', () => {
  const of = (source: Json): Json => spec({ hostPath: null, ...source });
  table('/v1.PersistentVolume', [
    [
      of({ nfs: { server: 's' } }),
      'spec.nfs.path: Required value',
      'spec.nfs.path: Invalid value: "": must be an absolute path',
    ],
    [
      of({ gcePersistentDisk: { pdName: '', partition: 256 } }),
      'spec.persistentDisk.pdName: Required value',
      'spec.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive',
    ],
    [
      of({ rbd: {}, cephfs: {} }),
      'spec.rbd.monitors: Required value',
      'spec.rbd.image: Required value',
      'spec.cephFS: Forbidden: may not specify more than 1 volume type',
    ],
    [of({ cinder: { volumeID: 'v', secretRef: { name: 's' } } }), 'spec.cinder.secretRef.namespace: Required value'],
    [of({ fc: { targetWWNs: ['1'] } }), 'spec.fc.lun: Required value: lun is required if targetWWNs is specified'],
    [
      of({ flexVolume: { driver: 'd', options: { 'Kubernetes.io/x': '' } } }),
      'spec.flexVolume.options[Kubernetes.io/x]: Invalid value: "Kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved',
    ],
    [
      of({ azureDisk: { diskName: 'd', diskURI: 'u', kind: 'Managed' } }),
      'spec.azureDisk.diskURI: Unsupported value: "u": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
    ],
    [
      of({ iscsi: { targetPortal: '10.0.0.1:3260', iqn: 'iqn.2001-04.com.example:a', lun: 0, initiatorName: 'x' } }),
      'spec.iscsi.initiatorname: Invalid value: "x": must be valid format',
    ],
    [of({ local: { path: '/a' } }), 'spec.nodeAffinity: Required value: Local volume requires node affinity'],
  ]);
});

test('claims: what is asked for, and what a bound one may still change', () => {
  const key = '/v1.PersistentVolumeClaim';
  const more = (storage: string): Json => spec({ resources: { requests: { storage } } });
  table(key, [
    [spec({ accessModes: [] }), 'spec.accessModes: Required value: at least 1 access mode is required'],
    [
      spec({ accessModes: ['ReadWriteOnce', 'ReadWriteOncePod'] }),
      'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
    ],
    [spec({ resources: { requests: null } }), 'spec.resources[storage]: Required value'],
    [
      spec({ dataSource: { kind: 'X', name: 'x' }, dataSourceRef: { kind: 'X', name: 'x' } }),
      ...['dataSource', 'dataSourceRef'].map(
        (name) =>
          `spec.${name}: Invalid value: "X": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
      ),
    ],
    [more('0'), 'spec.resources[storage]: Invalid value: "0": must be greater than zero'],
    [spec({ volumeMode: 'X' }), 'spec.volumeMode: Unsupported value: "X": supported values: "Block", "Filesystem"'],
  ]);
  const fixed = (...change: readonly string[]): string =>
    [
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ...change,
      '',
    ].join('\n');
  assert.deepEqual(updateRefusals(key, more('2Gi')), [
    fixed(
      '@@ -6,7 +6,7 @@',
      '  "Resources": {',
      '   "Limits": null,',
      '   "Requests": {',
      '-   "storage": "1Gi"',
      '+   "storage": "2Gi"',
      '   }',
      '  },',
      '  "VolumeName": "",',
    ),
  ]);
  assert.deepEqual(updateRefusals(key, spec({ volumeName: 'v' })), []);
  assert.deepEqual(updateRefusals(key, { ...more('2Gi'), status: { phase: 'Bound' } }), []);
  assert.deepEqual(
    updateRefusals(key, { ...more('500Mi'), status: { phase: 'Bound', capacity: { storage: '1Gi' } } }),
    ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
  );
  assert.deepEqual(updateRefusals(key, spec({ storageClassName: 's' })), []);
  assert.deepEqual(updateRefusals(key, spec({ storageClassName: 't' }), spec({ storageClassName: 's' })), [
    fixed(
      '@@ -10,7 +10,7 @@',
      '   }',
      '  },',
      '  "VolumeName": "",',
      '- "StorageClassName": "s",',
      '+ "StorageClassName": "t",',
      '  "VolumeMode": "Filesystem",',
      '  "DataSource": null,',
      '  "DataSourceRef": null,',
    ),
  ]);
  const classed = (volumeAttributesClassName: string | null): Json => spec({ volumeAttributesClassName });
  assert.deepEqual(updateRefusals(key, { ...classed('b'), status: { phase: 'Bound' } }, classed('a')), []);
  assert.deepEqual(updateRefusals(key, classed('b'), classed('a')), [
    fixed(
      '@@ -14,5 +14,5 @@',
      '  "VolumeMode": "Filesystem",',
      '  "DataSource": null,',
      '  "DataSourceRef": null,',
      '- "VolumeAttributesClassName": "a"',
      '+ "VolumeAttributesClassName": "b"',
      ' }',
    ),
  ]);
  assert.deepEqual(updateRefusals(key, classed(null), classed('a')), [
    fixed(
      '@@ -14,5 +14,5 @@',
      '  "VolumeMode": "Filesystem",',
      '  "DataSource": null,',
      '  "DataSourceRef": null,',
      '- "VolumeAttributesClassName": "a"',
      '+ "VolumeAttributesClassName": null',
      ' }',
    ),
    'spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden',
  ]);
});

test('limit ranges and quotas: names, order, scopes', () => {
  const item = (fields: Json): Json => spec({ limits: [{ type: 'Container', ...fields }] });
  table('/v1.LimitRange', [
    [
      spec({ limits: [{ type: 'X' }] }),
      'spec.limits[0].type: Invalid value: "X": must be a standard limit type or fully qualified',
    ],
    [spec({ limits: [{ type: 'Pod' }, { type: 'Pod' }] }), 'spec.limits[1].type: Duplicate value: "Pod"'],
    [
      spec({ limits: [{ type: 'Pod', default: { cpu: '1' } }] }),
      "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
    ],
    [
      spec({ limits: [{ type: 'PersistentVolumeClaim' }] }),
      'spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
    ],
    [
      item({ min: { cpu: '2' }, max: { cpu: '1' }, default: { cpu: '1' }, defaultRequest: { cpu: '1' } }),
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
      'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
    ],
    [
      item({ maxLimitRequestRatio: { cpu: '500m' } }),
      'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
    ],
  ]);
  table('/v1.ResourceQuota', [
    [
      spec({ hard: { x: '1' } }),
      'spec.hard[x]: Invalid value: "x": must be a standard resource type or fully qualified',
      'spec.hard[x]: Invalid value: "x": must be a standard resource for quota',
    ],
    [spec({ hard: { pods: '1500m' } }), 'spec.hard[pods]: Invalid value: "1500m": must be an integer'],
    [spec({ hard: { 'count/deployments.apps': '1' } })],
    [
      spec({ hard: { pods: '1' }, scopes: ['BestEffort', 'NotBestEffort'] }),
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
    ],
    [
      spec({ hard: { cpu: '1' }, scopes: ['BestEffort'] }),
      'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
    ],
    [
      spec({ scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In' }] } }),
      "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
    ],
  ]);
  assert.deepEqual(updateRefusals('/v1.ResourceQuota', spec({ scopes: ['Terminating'] })), [
    'spec.scopes: Invalid value: ["Terminating"]: field is immutable',
  ]);
});

test('nodes, namespaces, endpoints, events, controllers', () => {
  table('/v1.Node', [
    [
      spec({ taints: [{ key: 'a', effect: 'X' }] }),
      'metadata.taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
    [
      spec({ podCIDRs: ['x'] }),
      'spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
    [
      spec({ podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] }),
      'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family',
    ],
  ]);
  assert.deepEqual(updateRefusals('/v1.Node', spec({ providerID: 'b' }), spec({ providerID: 'a' })), [
    'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
  ]);
  table('/v1.Namespace', [
    [
      spec({ finalizers: ['x'] }),
      'spec.finalizers: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ],
  ]);
  table('/v1.Endpoints', [
    [{ subsets: [{}] }, 'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'],
    [
      { subsets: [{ addresses: [{ ip: 'x', hostname: '_' }], ports: [{ port: 1 }, { port: 0, name: 'a' }] }] },
      `subsets[0].addresses[0].ip: Invalid value: "x": ${IP}`,
      "subsets[0].addresses[0].hostname: Invalid value: \"_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address',
      'subsets[0].ports[0].name: Required value',
      `subsets[0].ports[1].port: Invalid value: 0: ${RANGE}`,
    ],
  ]);
  table('/v1.Event', [
    [
      { involvedObject: { namespace: 'other' } },
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ],
    [
      { eventTime: '2026-11-21T12:00:00.000000Z' },
      'reportingComponent: Required value',
      `reportingComponent: Invalid value: "": name part must be non-empty`,
      `reportingComponent: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
      'reportingInstance: Required value',
      'action: Required value',
      'reason: Required value',
    ],
  ]);
  assert.deepEqual(updateRefusals('/v1.Event', { reason: 'Other', count: 3 }), []);
  table('events.k8s.io/v1.Event', [
    [
      { reportingController: 'a b' },
      `reportingController: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    ],
    [{ eventTime: null, type: 'Odd' }, 'eventTime: Required value', 'type: Invalid value: "": has invalid value: Odd'],
    [
      { deprecatedCount: 2, deprecatedSource: { host: 'h' } },
      'count: Invalid value: "": needs to be unset',
      'source: Invalid value: "": needs to be unset',
    ],
    [
      { series: { count: 1 } },
      'series.count: Invalid value: "": should be at least 2',
      'series.lastObservedTime: Required value',
    ],
  ]);
  assert.deepEqual(
    updateRefusals('events.k8s.io/v1.Event', { series: { count: 2, lastObservedTime: '2026-11-21T12:00:00.000000Z' } }),
    [],
  );
  assert.deepEqual(updateRefusals('events.k8s.io/v1.Event', { series: { count: 1 }, note: 'n', action: 'b' }), [
    'series.count: Invalid value: "": should be at least 2',
    'series.lastObservedTime: Required value',
    'message: Invalid value: "n": field is immutable',
    'action: Invalid value: "b": field is immutable',
  ]);
  table('/v1.ReplicationController', [
    [
      spec({ selector: { b: 'c' } }),
      'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`',
    ],
    [spec({ template: null }), 'spec.selector: Required value', 'spec.template: Required value'],
  ]);
  assert.deepEqual(partRefusals('/v1.ReplicationController', 'status', { status: { readyReplicas: 2 } }), [
    'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
  ]);
});

test('services keep their addresses', () => {
  const key = '/v1.Service';
  const one = spec({
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
  });
  const two = spec({
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1', 'fd00::1'],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'RequireDualStack',
  });
  assert.deepEqual(updateRefusals(key, two, one), []);
  assert.deepEqual(updateRefusals(key, one, two), []);
  assert.deepEqual(updateRefusals(key, spec({ clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv4'] }), two), [
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be set to \'SingleStack\' when releasing the secondary clusterIP',
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": must be set to \'SingleStack\' when releasing the secondary ipFamily',
  ]);
  assert.deepEqual(updateRefusals(key, spec({ clusterIPs: ['10.0.0.2'], clusterIP: '10.0.0.2' }), one), [
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
  ]);
  table(key, [
    [
      spec({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2'] }),
      'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family',
    ],
    [
      spec({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv6'] }),
      'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
    ],
  ]);
  const balanced = spec({
    type: 'LoadBalancer',
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 30_001,
    loadBalancerClass: 'a/b',
    ports: [{ port: 80, nodePort: 30_000 }],
  });
  for (const type of ['NodePort', 'ClusterIP'])
    assert.deepEqual(updateRefusals(key, spec({ type }), balanced), [], type);
  assert.deepEqual(updateRefusals(key, spec({ type: 'ExternalName', externalName: 'a.b' }), balanced), []);
  assert.deepEqual(
    updateRefusals(
      key,
      spec({ type: 'ExternalName', externalName: 'a.b', clusterIPs: ['10.0.0.9'], clusterIP: '10.0.0.9' }),
      balanced,
    ),
    ['spec.clusterIPs: Forbidden: may not be set for ExternalName services'],
  );
  assert.deepEqual(updateRefusals(key, spec({ type: 'ClusterIP', externalTrafficPolicy: 'Cluster' }), balanced), [
    'spec.externalTrafficPolicy: Invalid value: "Cluster": may only be set for externally-accessible services',
  ]);
});
