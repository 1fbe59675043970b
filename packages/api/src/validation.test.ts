import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partRefusals, refusals, table, updateRefusals } from './testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const spec = (fields: Json): Json => ({ spec: fields });

test('roles and bindings', () => {
  const rbac = 'rbac.authorization.k8s.io/v1';
  table(`${rbac}.Role`, [
    [{ metadata: { name: 'system:a/b' } }, 'metadata.name: Invalid value: "system:a/b": may not contain \'/\''],
    [
      { metadata: { name: 'system:a' }, rules: [{}] },
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
      'rules[0].verbs: Required value',
    ],
    [
      { rules: [{ verbs: ['get'], nonResourceURLs: ['/'] }] },
      'rules[0].nonResourceURLs: Invalid value: ["/"]: namespaced rules cannot apply to non-resource URLs',
    ],
  ]);
  table(`${rbac}.ClusterRole`, [
    [
      { rules: [{ verbs: ['get'], nonResourceURLs: ['/'], apiGroups: [''] }] },
      'rules[0].nonResourceURLs: Invalid value: ["/"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
    [
      { aggregationRule: {} },
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ],
    [
      { aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Near' }] }] } },
      'aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
      'aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.',
    ],
  ]);
  table(`${rbac}.RoleBinding`, [
    [
      { roleRef: { apiGroup: 'x', kind: 'X', name: '' } },
      'roleRef.apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"',
      'roleRef.kind: Unsupported value: "X": supported values: "Role", "ClusterRole"',
      'roleRef.name: Required value',
    ],
    [
      {
        subjects: [
          { kind: 'ServiceAccount', name: 'a' },
          { kind: 'User', name: '' },
          { kind: 'X', name: 'x' },
        ],
      },
      'subjects[2].kind: Unsupported value: "X": supported values: "ServiceAccount", "User", "Group"',
      'subjects[1].name: Required value',
    ],
  ]);
  table(`${rbac}.ClusterRoleBinding`, [
    [{ subjects: [{ kind: 'ServiceAccount', name: 'a' }] }, 'subjects[0].namespace: Required value'],
    [{ roleRef: { kind: 'Role' } }, 'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
  ]);
  assert.deepEqual(updateRefusals(`${rbac}.RoleBinding`, { roleRef: { kind: 'Role', name: 'z' } }, {}), [
    'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"z"}: cannot change roleRef',
  ]);
});

test('autoscalers and disruption budgets', () => {
  const metric = (fields: Json): Json => spec({ metrics: [fields] });
  table('autoscaling/v2.HorizontalPodAutoscaler', [
    [
      spec({ minReplicas: -1, maxReplicas: 0 }),
      'spec.minReplicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.maxReplicas: Required value',
    ],
    [
      spec({ minReplicas: 0 }),
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ],
    [
      spec({
        minReplicas: 0,
        metrics: [{ type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '1' } } }],
      }),
    ],
    [spec({ minReplicas: 3 }), 'spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`'],
    [
      spec({ scaleTargetRef: { kind: '', name: '' } }),
      'spec.scaleTargetRef.kind: Required value',
      'spec.scaleTargetRef.name: Required value',
    ],
    [
      metric({ type: 'X' }),
      'spec.metrics[0].type: Unsupported value: "X": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
    ],
    [
      metric({ type: 'Pods' }),
      'spec.metrics[0].pods: Required value: must populate information for the given metric source',
    ],
    [
      metric({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }),
      'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
    ],
    [
      metric({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0 } } }),
      'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
    ],
    [
      spec({
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 4000,
            selectPolicy: 'X',
            policies: [{ type: 'X', value: 0, periodSeconds: 1801 }],
          },
        },
      }),
      'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600',
      'spec.behavior.scaleUp.selectPolicy: Unsupported value: "X": supported values: "Disabled", "Max", "Min"',
      'spec.behavior.scaleUp.policies[0].type: Unsupported value: "X": supported values: "Percent", "Pods"',
      'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
      'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
    ],
  ]);
  table('policy/v1.PodDisruptionBudget', [
    [
      spec({ minAvailable: 1, maxUnavailable: 1 }),
      'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
    ],
    [spec({ minAvailable: '101%' }), 'spec.minAvailable: Invalid value: "101%": must not be greater than 100%'],
    [
      spec({ unhealthyPodEvictionPolicy: 'X' }),
      'spec.unhealthyPodEvictionPolicy: Unsupported value: "X": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ],
  ]);
});

test('priority classes, runtime classes, leases', () => {
  table('scheduling.k8s.io/v1.PriorityClass', [
    [{ value: 1_000_000_001 }, 'value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    [
      { metadata: { name: 'system-x' } },
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class",
    ],
  ]);
  assert.deepEqual(updateRefusals('scheduling.k8s.io/v1.PriorityClass', { value: 2, preemptionPolicy: 'Never' }), [
    'value: Forbidden: may not be changed in an update.',
    'preemptionPolicy: Invalid value: "Never": field is immutable',
  ]);
  assert.deepEqual(updateRefusals('node.k8s.io/v1.RuntimeClass', { handler: 'i' }), [
    'handler: Invalid value: null: field is immutable',
  ]);
  table('coordination.k8s.io/v1.Lease', [
    [
      spec({ leaseDurationSeconds: 0, leaseTransitions: -1 }),
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    ],
  ]);
});

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

test('storage', () => {
  table('storage.k8s.io/v1.StorageClass', [
    [{ provisioner: '' }, 'provisioner: Required value'],
    [
      { reclaimPolicy: 'X', volumeBindingMode: 'Y' },
      'reclaimPolicy: Unsupported value: "X": supported values: "Delete", "Retain"',
      'volumeBindingMode: Unsupported value: "Y": supported values: "Immediate", "WaitForFirstConsumer"',
    ],
  ]);
  assert.deepEqual(
    updateRefusals('storage.k8s.io/v1.StorageClass', {
      parameters: { a: 'b' },
      provisioner: 'x.io',
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    }),
    ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'].map(
      (name) => `${name}: Invalid value: null: field is immutable`,
    ),
  );
  table('storage.k8s.io/v1.StorageClass', [
    [
      { provisioner: 'A B' },
      "provisioner: Invalid value: \"A B\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ]);
  assert.deepEqual(updateRefusals('storage.k8s.io/v1.CSIDriver', spec({ attachRequired: false })), [
    'spec.attachedRequired: Invalid value: false: field is immutable',
  ]);
  assert.deepEqual(
    updateRefusals(
      'storage.k8s.io/v1.CSINode',
      spec({ drivers: [{ name: 'a', nodeID: 'm' }] }),
      spec({ drivers: [{ name: 'a', nodeID: 'n' }] }),
    ).map((text) => text.replace(/\{.*\}/, '...')),
    ['spec.drivers: Invalid value: ...: field is immutable'],
  );
  table('storage.k8s.io/v1.CSIDriver', [
    [
      spec({ fsGroupPolicy: 'X' }),
      'spec.fsGroupPolicy: Unsupported value: "X": supported values: "File", "None", "ReadWriteOnceWithFSType"',
    ],
    [
      spec({ tokenRequests: [{ audience: 'a', expirationSeconds: 5 }, { audience: 'a' }] }),
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
    ],
  ]);
  table('storage.k8s.io/v1.CSINode', [
    [
      spec({
        drivers: [
          { name: 'a', nodeID: '' },
          { name: 'a', nodeID: 'n' },
        ],
      }),
      'spec.drivers[0].nodeID: Required value',
      'spec.drivers[1].name: Duplicate value: "a"',
    ],
  ]);
  table('storage.k8s.io/v1.VolumeAttachment', [
    [
      spec({ source: { persistentVolumeName: null } }),
      'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
    ],
    [spec({ nodeName: 'A' }), `spec.nodeName: Invalid value: "A": ${SUBDOMAIN}`],
    [
      spec({ source: { persistentVolumeName: '' } }),
      'spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName',
      `spec.source.persistentVolumeName: Invalid value: "": ${SUBDOMAIN}`,
    ],
    [
      spec({ source: { inlineVolumeSpec: {} } }),
      'spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
    ],
  ]);
  table('storage.k8s.io/v1.VolumeAttributesClass', [
    [{ parameters: null }, 'parameters: Required value: must contain at least one key/value pair'],
  ]);
});

test('certificates', () => {
  const key = 'certificates.k8s.io/v1.CertificateSigningRequest';
  table(key, [
    [
      spec({ usages: ['x', 'x'] }),
      ...['0', '1'].map(
        (i) =>
          `spec.usages[${i}]: Unsupported value: "x": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"`,
      ),
      'spec.usages[1]: Duplicate value: "x"',
    ],
    [
      spec({ usages: [], expirationSeconds: 5 }),
      'spec.usages: Required value',
      'spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)',
    ],
    [spec({ signerName: '' }), 'spec.signerName: Required value'],
    [
      spec({ signerName: 'a/-' }),
      'spec.signerName: Invalid value: "a": should be a domain with at least two segments separated by dots',
      "spec.signerName: Invalid value: \"-\": validating label \"-\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
    [spec({ request: btoa('x') }), 'spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST'],
    ...Object.entries({
      '': 'asn1: syntax error: sequence truncated',
      MAMA: 'asn1: syntax error: data truncated',
      MAAA: 'asn1: syntax error: sequence truncated',
      'MIA=': 'asn1: syntax error: indefinite length found (not DER)',
      'aGVsbG8=':
        "asn1: structure error: tags don't match (16 vs {class:1 tag:8 length:101 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} certificateRequest @2",
    }).map(([content, problem]): readonly [Json, string] => {
      const request = btoa(`-----BEGIN CERTIFICATE REQUEST-----\n${content}\n-----END CERTIFICATE REQUEST-----\n`);
      return [spec({ request }), `spec.request: Invalid value: "${request}": ${problem}`];
    }),
  ]);
  const decided = (...types: readonly string[]): Json => ({
    status: { conditions: types.map((type) => ({ type, status: 'True' })) },
  });
  assert.deepEqual(partRefusals(key, 'approval', decided('Approved')), []);
  assert.deepEqual(partRefusals(key, 'approval', decided('Approved', 'Denied')), [
    'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
  ]);
  assert.deepEqual(partRefusals(key, 'approval', decided(), decided('Approved')), [
    'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
  ]);
  const status = (fields: Json, before: Json = {}): readonly string[] =>
    partRefusals(key, 'status', { status: fields }, before);
  assert.deepEqual(status({ conditions: [{ type: 'Ready', status: 'yes' }] }), [
    'status.conditions[0].status: Unsupported value: "yes": supported values: "False", "True", "Unknown"',
  ]);
  assert.deepEqual(status({ conditions: [{ type: 'Approved', status: 'True' }] }), [
    'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  ]);
  assert.deepEqual(status({ conditions: [{ type: 'Approved', status: 'False' }] }, decided('Approved')), []);
  const block = (type: string): string => `-----BEGIN ${type}-----\nAA==\n-----END ${type}-----\n`;
  for (const [text, problem] of [
    ['x', 'must contain at least one CERTIFICATE PEM block'],
    [block('CERTIFICATE') + block('PRIVATE KEY'), 'only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"'],
    [block('CERTIFICATE').replace('AA==', 'Kind: x\n\nAA=='), 'no PEM block headers are permitted'],
  ] as const)
    assert.deepEqual(status({ certificate: btoa(text) }), [
      `status.certificate: Invalid value: "<certificate data>": ${problem}`,
    ]);
  assert.deepEqual(status({ certificate: btoa(block('CERTIFICATE')) }), []);
  table('certificates.k8s.io/v1.ClusterTrustBundle', [
    [
      spec({ trustBundle: '' }),
      'spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided',
    ],
  ]);
});

test('flow control', () => {
  table('flowcontrol.apiserver.k8s.io/v1.FlowSchema', [
    [
      spec({ matchingPrecedence: 10_001 }),
      'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
    ],
    [
      spec({ distinguisherMethod: { type: 'ByMood' } }),
      'spec.distinguisherMethod.type: Unsupported value: {"Type":"ByMood"}: supported values: "ByNamespace", "ByUser"',
    ],
    [
      spec({ matchingPrecedence: 1 }),
      "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
    ],
    [
      spec({ rules: [{ subjects: [{ kind: 'User', group: { name: 'g' } }] }] }),
      "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
      "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
      'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
    ],
    [
      spec({
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: '*' } }],
            resourceRules: [{ verbs: ['fly'], apiGroups: ['*', 'a'], resources: [], namespaces: ['*'] }],
          },
        ],
      }),
      'spec.rules[0].resourceRules[0].verbs: Unsupported value: ["fly"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
      'spec.rules[0].resourceRules[0].apiGroups: Invalid value: ["*","a"]: if \'*\' is present, must not specify other api groups',
      'spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at least one resource',
    ],
  ]);
  assert.match(
    refusals('flowcontrol.apiserver.k8s.io/v1.FlowSchema', { metadata: { name: 'catch-all' } }).join(),
    /^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/,
  );
  const account = (serviceAccount: Json): Json =>
    spec({
      rules: [
        {
          subjects: [{ kind: 'ServiceAccount', serviceAccount }],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        },
      ],
    });
  assert.deepEqual(refusals('flowcontrol.apiserver.k8s.io/v1.FlowSchema', account({ name: '*', namespace: '' })), [
    'spec.rules[0].subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account',
  ]);
  assert.match(
    refusals('flowcontrol.apiserver.k8s.io/v1.FlowSchema', account({ name: 'a b', namespace: 'n' })).join(),
    /serviceAccount.name: Invalid value: "a b"/,
  );
  const queue = (queuing: Json): Json => spec({ limited: { limitResponse: { type: 'Queue', queuing } } });
  table('flowcontrol.apiserver.k8s.io/v1.PriorityLevelConfiguration', [
    [
      spec({ type: 'Exempt' }),
      "spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'",
      'spec.limited: Forbidden',
    ],
    [spec({ limited: null }), 'spec.limited: Required value'],
    [
      queue({ handSize: 9, queues: 8 }),
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 9: should not be greater than queues (8)',
    ],
    [
      queue({ handSize: 20, queues: 1000 }),
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 20: required entropy bits of deckSize 1000 and handSize 20 should not be greater than 60',
    ],
  ]);
});

test('admission webhooks and policies', () => {
  const webhook = {
    name: 'a.example.com',
    clientConfig: { url: 'https://example.com/' },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  };
  const hook = (fields: Json): Json => ({ webhooks: [{ ...webhook, ...fields }] });
  table('admissionregistration.k8s.io/v1.ValidatingWebhookConfiguration', [
    [
      hook({ name: 'a' }),
      'webhooks[0].name: Invalid value: "a": should be a domain with at least three segments separated by dots',
    ],
    [
      hook({ sideEffects: 'Some' }),
      'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    ],
    [
      hook({ timeoutSeconds: 31 }),
      'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
    ],
    [hook({ clientConfig: {} }), 'webhooks[0].clientConfig: Required value: exactly one of url or service is required'],
    [
      hook({ clientConfig: { url: 'http://a' } }),
      'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
    ],
    [
      hook({ clientConfig: { service: { name: 's', namespace: '', path: 'x' } } }),
      'webhooks[0].clientConfig.service.name: Required value',
      'webhooks[0].clientConfig.service.path: Invalid value: "x": must start with a \'/\'',
      'webhooks[0].clientConfig.service.path: Invalid value: "x": segment[0] may not be empty',
    ],
    [
      hook({ clientConfig: { url: 'a' } }),
      'webhooks[0].clientConfig.url: Invalid value: "": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
      'webhooks[0].clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]',
    ],
    [
      hook({ clientConfig: { url: 'https://u:p@h/x?a=b#c' } }),
      'webhooks[0].clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "c": fragments are not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL',
    ],
    [
      hook({
        rules: [
          { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods/*', 'pods/status', '*', 'a'] },
        ],
      }),
      'webhooks[0].rules[0].resources[1]: Invalid value: "pods/status": if \'pods/*\' is present, must not specify pods/status',
      'webhooks[0].rules[0].resources: Invalid value: ["pods/*","pods/status","*","a"]: if \'*\' is present, must not specify other resources without subresources',
    ],
    [
      hook({ admissionReviewVersions: ['v1', 'V'] }),
      "webhooks[0].admissionReviewVersions[1]: Invalid value: \"V\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ],
    [
      hook({ admissionReviewVersions: ['v9'] }),
      'webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
    ],
    [
      hook({
        rules: [{ operations: ['*', 'CREATE'], apiGroups: ['*', 'a'], apiVersions: [''], resources: ['*/*', 'a'] }],
      }),
      'webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if \'*\' is present, must not specify other operations',
      'webhooks[0].rules[0].apiGroups: Invalid value: ["*","a"]: if \'*\' is present, must not specify other API groups',
      'webhooks[0].rules[0].apiVersions[0]: Required value',
      'webhooks[0].rules[0].resources: Invalid value: ["*/*","a"]: if \'*/*\' is present, must not specify other resources',
    ],
  ]);
  table('admissionregistration.k8s.io/v1.ValidatingAdmissionPolicy', [
    [
      spec({ validations: [] }),
      ...['validations', 'auditAnnotations'].map(
        (name) => `spec.${name}: Required value: validations or auditAnnotations must contain at least one item`,
      ),
    ],
    [
      spec({ paramKind: { apiVersion: 'a/b/c', kind: '1' } }),
      'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      "spec.paramKind.kind: Invalid value: \"1\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ],
    [
      spec({ validations: [{ expression: 'true', messageExpression: ' ', message: 'a\rb', reason: 'Unauthorized' }] }),
      'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
      'spec.validations[0].message: Invalid value: "a\\rb": message must not contain line breaks',
      'spec.validations[0].reason: Unsupported value: "Unauthorized": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    ],
    [spec({ validations: [{ expression: 'true ||\nfalse' }] })],
    [
      spec({
        auditAnnotations: [
          { key: 'k', valueExpression: '' },
          { key: 'k', valueExpression: "'a'" },
        ],
      }),
      'spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified',
      'spec.auditAnnotations[1].key: Duplicate value: "k"',
    ],
    [
      spec({ auditAnnotations: Array.from({ length: 21 }, () => ({ key: 'k', valueExpression: '1' })) }),
      `spec.auditAnnotations: Invalid value: ${JSON.stringify(Array.from({ length: 21 }, () => ({ Key: 'k', ValueExpression: '1' })))}: must not have more than 20 auditAnnotations`,
      ...Array.from({ length: 20 }, (_, i) => `spec.auditAnnotations[${i + 1}].key: Duplicate value: "k"`),
    ],
    [
      spec({ validations: [{ expression: ' ' }] }),
      'spec.validations[0].expression: Required value: expression is not specified',
    ],
    [spec({ matchConstraints: null }), 'spec.matchConstraints: Required value'],
    [
      spec({ variables: [{ name: 'a-b', expression: '1' }] }),
      'spec.variables[0].name: Invalid value: "a-b": name is not a valid CEL identifier',
    ],
    [
      spec({ variables: [{ name: 'in', expression: '1' }] }),
      'spec.variables[0].name: Invalid value: "in": name is not a valid CEL identifier',
    ],
  ]);
  assert.deepEqual(
    partRefusals('admissionregistration.k8s.io/v1.ValidatingAdmissionPolicy', 'status', {
      status: { typeChecking: { expressionWarnings: [{ fieldRef: '', warning: '' }] } },
    }),
    [
      'status.typeChecking.expressionWarnings[0].warning: Required value',
      'status.typeChecking.expressionWarnings[0].fieldRef: Required value',
    ],
  );
  table('admissionregistration.k8s.io/v1.ValidatingAdmissionPolicyBinding', [
    [spec({ validationActions: [] }), 'spec.validationActions: Required value'],
    [
      spec({ paramRef: { name: 'a', selector: {} } }),
      'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.parameterNotFoundAction: Required value',
    ],
  ]);
});

test('custom resource definitions and API services', () => {
  const key = 'apiextensions.k8s.io/v1.CustomResourceDefinition';
  const version = (schema: Json, fields: Json = {}): Json =>
    spec({ versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...fields }] });
  /** Two versions of one schema, each with what it is selected by. */
  const both = (schema: Json, selected: readonly (readonly string[])[]): Json =>
    spec({
      versions: selected.map((paths, i) => ({
        name: `v${i + 1}`,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema: schema },
        ...(paths.length > 0 ? { selectableFields: paths.map((jsonPath) => ({ jsonPath })) } : {}),
      })),
    });
  const at = 'spec.validation.openAPIV3Schema';
  table(key, [
    [{ metadata: { name: 'x' } }, 'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group'],
    [spec({ scope: 'X' }), 'spec.scope: Unsupported value: "X": supported values: "Cluster", "Namespaced"'],
    [version({ type: 'string' }), `${at}.type: Invalid value: "string": must be object at the root`],
    [
      version({ type: 'object', properties: { a: {} } }),
      `${at}.properties[a].type: Required value: must not be empty for specified object fields`,
    ],
    [
      version({ type: 'object', properties: { a: { type: 'array' } } }),
      `${at}.properties[a].items: Required value: must be specified`,
    ],
    [version({ type: 'object', properties: { a: { type: 'object', properties: {}, additionalProperties: true } } })],
    [
      version({
        type: 'object',
        properties: { a: { type: 'object', properties: { b: { type: 'string' } }, additionalProperties: true } },
      }),
    ],
    [
      version({
        type: 'object',
        properties: {
          a: { type: 'object', properties: { b: { type: 'string' } }, additionalProperties: { type: 'string' } },
        },
      }),
      `${at}.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
    ],
    [
      version({ type: 'object' }, { storage: false }),
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ],
    [version({ type: 'object' }, { schema: null }), 'spec.versions[0].schema.openAPIV3Schema: Required value'],
    [
      version({ type: 'object' }, { additionalPrinterColumns: [{ name: 'A', type: 'x', jsonPath: '.y' }] }),
      'spec.additionalPrinterColumns[0].type: Invalid value: "x": must be one of boolean,date,integer,number,string',
    ],
    [
      version({ type: 'object' }, { subresources: { scale: { specReplicasPath: '.x', statusReplicasPath: '' } } }),
      'spec.subresources.scale.specReplicasPath: Invalid value: ".x": should be a json path under .spec',
      'spec.subresources.scale.statusReplicasPath: Required value',
    ],
    [
      both({ type: 'object', properties: { a: { type: 'string' } } }, [['.a'], []]),
      'spec.versions[0].selectableFields: Invalid value: "": may only be set when `version.schema.openAPIV3Schema` is not included',
    ],
    [both({ type: 'object', properties: { a: { type: 'string' } } }, [['.a'], ['.a']])],
    [
      both({ type: 'object', properties: { a: { type: 'string' } } }, [['.b'], ['.b']]),
      'spec.selectableFields[0].jsonPath: Invalid value: ".b": is an invalid path: does not refer to a valid field',
    ],
    [
      both({ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } }, [
        ['.b'],
        ['.b'],
      ]),
      'spec.validation.openAPIV3Schema.additionalProperties: Forbidden: must not be used at the root',
      'spec.validation.openAPIV3Schema.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive',
      'spec.selectableFields[0].jsonPath: Invalid value: ".b": is an invalid path: does not refer to a valid field',
    ],
    [
      spec({ conversion: { strategy: 'Webhook' } }),
      'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
      'spec.conversion.conversionReviewVersions: Required value',
    ],
  ]);
  assert.deepEqual(updateRefusals(key, spec({ names: { plural: 'bars' } })), [
    'spec.names.plural: Invalid value: "bars": field is immutable',
  ]);
  table('apiregistration.k8s.io/v1.APIService', [
    [
      { metadata: { name: 'y' } },
      'metadata.name: Invalid value: "y": must be `spec.version+"."+spec.group`: "v1.x.io"',
    ],
    [
      spec({ groupPriorityMinimum: 0 }),
      'spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000',
    ],
    [
      spec({ insecureSkipTLSVerify: true }),
      'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
    ],
  ]);
});

test('dynamic resources', () => {
  const request = (fields: Json): Json => spec({ devices: { requests: [{ name: 'r', ...fields }] } });
  const at = 'spec.devices.requests[0]';
  const selector = (expression: string): Json =>
    request({ exactly: { deviceClassName: 'c', selectors: [{ cel: { expression } }] } });
  table('resource.k8s.io/v1.ResourceClaim', [
    [request({}), `${at}: Required value: exactly one of \`exactly\` or \`firstAvailable\` is required`],
    [request({ exactly: {} }), `${at}.exactly.deviceClassName: Required value`],
    [
      request({ exactly: { deviceClassName: 'c', allocationMode: 'All', count: 2 } }),
      `${at}.exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'`,
    ],
    [
      request({ exactly: { deviceClassName: 'c', allocationMode: 'X' } }),
      `${at}.exactly.allocationMode: Unsupported value: "X": supported values: "All", "ExactCount"`,
    ],
    [request({ exactly: { deviceClassName: 'c', selectors: [{}] } }), `${at}.exactly.selectors[0].cel: Required value`],
    [selector('device.driver == "d" && cel.bind(a, device.attributes["d"], a.model == "x" || a.count > 3)')],
    [selector('device.capacity["d"].memory.compareTo(quantity("1Gi")) >= 0 && device.allowMultipleAllocations')],
    [selector('device.attributes["d"].isGood')],
    [
      selector('device.driver'),
      `${at}.exactly.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string`,
    ],
    [
      selector('device.name'),
      `${at}.exactly.selectors[0].cel.expression: Invalid value: "device.name": compilation failed: ERROR: <input>:1:7: undefined field 'name'\n | device.name\n | ......^`,
    ],
    [
      selector(
        'device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, a + b + c + d == ""))))',
      ),
      `${at}.exactly.selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit`,
    ],
    [
      spec({
        devices: {
          requests: [{ name: 'r', firstAvailable: [{ name: 's', deviceClassName: 'c' }] }],
          constraints: [{ requests: ['r/s', 'r', 'x', 'a/b/c'], matchAttribute: 'model' }, {}],
        },
      }),
      'spec.devices.constraints[0].requests[2]: Invalid value: "x": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
      'spec.devices.constraints[0].requests[3]: Invalid value: "a/b/c": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
      'spec.devices.constraints[1]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
      'spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash',
    ],
    [
      spec({ devices: { requests: null, config: [{}, { opaque: { driver: 'd', parameters: 3 } }] } }),
      'spec.devices.config[0].opaque: Required value',
      'spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
    ],
  ]);
  assert.deepEqual(
    updateRefusals('resource.k8s.io/v1.ResourceClaim', spec({ devices: { requests: [{ name: '' }] } })),
    ['spec: Invalid value: null: field is immutable'],
  );
  const device = (fields: Json): Json => spec({ devices: [{ name: 'd', ...fields }] });
  const shared = (requestPolicy: Json): Json =>
    device({ allowMultipleAllocations: true, capacity: { c: { value: '10', requestPolicy } } });
  const policyAt = 'spec.devices[0].capacity[c].requestPolicy';
  table('resource.k8s.io/v1.ResourceSlice', [
    [
      spec({ allNodes: null }),
      'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
    ],
    [
      spec({ nodeName: 'n' }),
      'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
    ],
    [
      spec({ pool: { name: 'p', resourceSliceCount: 0 } }),
      'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
    ],
    [
      spec({ devices: [{ name: 'd', attributes: { 'a b': {} } }, { name: 'd' }] }),
      "spec.devices[0].attributes[a b]: Invalid value: \"a b\": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')",
      'spec.devices[1]: Duplicate value: "d"',
      'spec.devices[0].attributes[a b]: Invalid value: "": must specify one of: `int`, `bool`, `string`, `version`, `ints`, `bools`, `strings`, `versions`',
    ],
    [
      device({ attributes: { v: { version: '1.02.0' } } }),
      'spec.devices[0].attributes[v].version: Invalid value: "1.02.0": must be a string compatible with semver.org spec 2.0.0',
    ],
    [
      device({ capacity: { c: { value: '1', requestPolicy: {} } } }),
      `${policyAt}: Forbidden: allowMultipleAllocations must be true`,
    ],
    [
      shared({ validValues: ['2', '1', '20'], default: '3' }),
      `${policyAt}.validValues[1]: Invalid value: "1": values must be sorted in ascending order`,
      `${policyAt}.validValues[2]: Invalid value: "20": option is larger than capacity value: 10`,
      `${policyAt}.validValues: Invalid value: "3": default value is not valid according to the requestPolicy`,
    ],
    [
      shared({ validRange: { min: '1', max: '8', step: '2' }, default: '3' }),
      `${policyAt}.validRange.step: Invalid value: "8": value is not a multiple of a given step (2) from (1)`,
    ],
    [shared({ validRange: { min: '500m', step: '250m' }, default: '1' })],
    [
      device({ nodeName: 'n' }),
      'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    ],
    [
      device({ bindingConditions: ['a'], bindingFailureConditions: ['a'] }),
      'spec.devices[0].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions',
    ],
    [
      device({ bindingConditions: ['a'] }),
      'spec.devices[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions',
    ],
  ]);
  table('resource.k8s.io/v1.DeviceTaintRule', [
    [
      spec({ taint: { effect: 'X' } }),
      'spec.taint.effect: Unsupported value: "X": supported values: "NoExecute", "NoSchedule", "None"',
    ],
  ]);
});
