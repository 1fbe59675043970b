import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, partRefusals, table, updateRefusals } from '../../testing/check.ts';

const POD = '/v1.Pod';
type Json = Readonly<Record<string, unknown>>;
const container = (fields: Json): Json => ({ spec: { containers: [{ name: 'c', image: 'i', ...fields }] } });
const spec = (fields: Json): Json => ({ spec: fields });
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const RANGE = 'must be between 1 and 65535, inclusive';

test('validatePodSpec() says what is wrong with containers', () => {
  table(POD, [
    [spec({ containers: [] }), 'spec.containers: Required value'],
    [container({ name: '' }), 'spec.containers[0].name: Required value'],
    [container({ name: 'A' }), `spec.containers[0].name: Invalid value: "A": ${LABEL}`],
    [container({ image: '' }), 'spec.containers[0].image: Required value'],
    [
      container({ image: ' i' }),
      'spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace',
    ],
    [
      spec({
        containers: [
          { name: 'c', image: 'i' },
          { name: 'c', image: 'i' },
        ],
      }),
      'spec.containers[1].name: Duplicate value: "c"',
    ],
    [spec({ initContainers: [{ name: 'c', image: 'i' }] }), 'spec.initContainers[0].name: Duplicate value: "c"'],
    [
      spec({ initContainers: [{ name: 'i', image: 'i', readinessProbe: { exec: { command: ['a'] } } }] }),
      'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
    [
      spec({ ephemeralContainers: [{ name: 'e', image: 'i' }] }),
      'spec.ephemeralContainers: Forbidden: cannot be set on create',
    ],
    [
      container({ terminationMessagePolicy: 'X' }),
      'spec.containers[0].terminationMessagePolicy: Unsupported value: "X": supported values: "File", "FallbackToLogsOnError"',
    ],
    [
      container({ imagePullPolicy: 'X' }),
      'spec.containers[0].imagePullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"',
    ],
    [
      container({ restartPolicyRules: [{ action: 'Restart' }] }),
      'spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
      'spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified',
    ],
  ]);
});

test('validatePodSpec() says what is wrong with ports', () => {
  table(POD, [
    [container({ ports: [{ containerPort: 0 }] }), 'spec.containers[0].ports[0].containerPort: Required value'],
    [
      container({ ports: [{ containerPort: 70_000 }] }),
      `spec.containers[0].ports[0].containerPort: Invalid value: 70000: ${RANGE}`,
    ],
    [
      container({ ports: [{ containerPort: 1, hostPort: -1 }] }),
      `spec.containers[0].ports[0].hostPort: Invalid value: -1: ${RANGE}`,
    ],
    [
      container({ ports: [{ containerPort: 1, protocol: 'X' }] }),
      'spec.containers[0].ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    ],
    [
      container({
        ports: [
          { containerPort: 1, name: 'a' },
          { containerPort: 2, name: 'a' },
        ],
      }),
      'spec.containers[0].ports[1].name: Duplicate value: "a"',
    ],
    [
      container({ ports: [{ containerPort: 1, name: 'A' }] }),
      'spec.containers[0].ports[0].name: Invalid value: "A": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      'spec.containers[0].ports[0].name: Invalid value: "A": must contain at least one letter (a-z)',
    ],
    [
      container({
        ports: [
          { containerPort: 1, hostPort: 9 },
          { containerPort: 2, hostPort: 9 },
        ],
      }),
      'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//9"',
    ],
    [
      {
        spec: {
          hostNetwork: true,
          containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, hostPort: 2 }] }],
        },
      },
      'spec.containers[0].ports[0].hostPort: Invalid value: 2: must match `containerPort` when `hostNetwork` is true',
    ],
  ]);
});

test('validatePodSpec() says what is wrong with the environment', () => {
  const variable = (fields: Json): Json => container({ env: [{ name: 'A', ...fields }] });
  const at = 'spec.containers[0].env[0]';
  table(POD, [
    [variable({ name: '' }), `${at}.name: Required value`],
    [
      variable({ name: 'a=b' }),
      `${at}.name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
    ],
    [
      variable({ valueFrom: {} }),
      `${at}.valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\`, \`secretKeyRef\` or \`fileKeyRef\``,
    ],
    [
      variable({ value: 'x', valueFrom: { secretKeyRef: { name: 'n', key: 'k' } } }),
      `${at}.valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
    ],
    [
      variable({ valueFrom: { secretKeyRef: { name: 'n', key: 'k' }, configMapKeyRef: { name: 'n', key: 'k' } } }),
      `${at}.valueFrom: Invalid value: "": may not have more than one field specified at a time`,
    ],
    [
      variable({ valueFrom: { configMapKeyRef: { name: '', key: '' } } }),
      `${at}.valueFrom.configMapKeyRef.name: Invalid value: "": ${SUBDOMAIN}`,
      `${at}.valueFrom.configMapKeyRef.key: Required value`,
    ],
    [
      variable({ valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }),
      `${at}.valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
    ],
    [variable({ valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } })],
    [
      variable({ valueFrom: { fieldRef: { fieldPath: "spec.nodeName['a']" } } }),
      `${at}.valueFrom.fieldRef.fieldPath: Invalid value: "spec.nodeName['a']": error converting fieldPath: field label does not support subscript: spec.nodeName['a']`,
    ],
    [
      variable({ valueFrom: { fieldRef: { apiVersion: 'v2', fieldPath: 'metadata.name' } } }),
      `${at}.valueFrom.fieldRef.fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2`,
    ],
    [
      variable({ valueFrom: { fieldRef: { fieldPath: 'x.y' } } }),
      `${at}.valueFrom.fieldRef.fieldPath: Invalid value: "x.y": error converting fieldPath: field label not supported: x.y`,
    ],
    [
      variable({ valueFrom: { resourceFieldRef: { resource: 'x' } } }),
      `${at}.valueFrom.resourceFieldRef.resource: Unsupported value: "x": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"`,
    ],
    [
      variable({ valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } }),
      `${at}.valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
    ],
    [
      container({ envFrom: [{}] }),
      'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
    ],
    [container({ envFrom: [{ secretRef: {} }] }), 'spec.containers[0].envFrom[0].secretRef.name: Required value'],
  ]);
});

test('validatePodSpec() says what is wrong with probes and hooks', () => {
  const liveness = (fields: Json): Json => container({ livenessProbe: { exec: { command: ['a'] }, ...fields } });
  const at = 'spec.containers[0].livenessProbe';
  table(POD, [
    [container({ livenessProbe: {} }), `${at}: Required value: must specify a handler type`],
    [liveness({ tcpSocket: { port: 1 } }), `${at}.tcpSocket: Forbidden: may not specify more than 1 handler type`],
    [liveness({ exec: { command: [] } }), `${at}.exec.command: Required value`],
    [liveness({ periodSeconds: -1 }), `${at}.periodSeconds: Invalid value: -1: must be greater than or equal to 0`],
    [liveness({ successThreshold: 2 }), `${at}.successThreshold: Invalid value: 2: must be 1`],
    [
      liveness({ terminationGracePeriodSeconds: 0 }),
      `${at}.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0`,
    ],
    [
      container({ livenessProbe: { httpGet: { port: 0, scheme: 'X', httpHeaders: [{ name: 'a b', value: '' }] } } }),
      `${at}.httpGet.port: Invalid value: 0: ${RANGE}`,
      `${at}.httpGet.scheme: Unsupported value: "X": supported values: "HTTP", "HTTPS"`,
      `${at}.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')`,
    ],
    [
      container({ readinessProbe: { grpc: { port: 1 }, terminationGracePeriodSeconds: 3 } }),
      'spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 3: must not be set for readinessProbes',
    ],
    [
      container({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
      'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
    ],
    [
      container({ lifecycle: { stopSignal: 'SIGUSR1' } }),
      'spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`',
    ],
  ]);
});

test('validatePodSpec() says what is wrong with volumes and mounts', () => {
  const volume = (source: Json): Json => spec({ volumes: [{ name: 'v', ...source }] });
  const mount = (fields: Json): Json => ({
    spec: {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/m', ...fields }] }],
    },
  });
  const at = 'spec.volumes[0]';
  table(POD, [
    [
      volume({ emptyDir: {}, hostPath: { path: '/a' } }),
      `${at}.hostPath: Forbidden: may not specify more than 1 volume type`,
    ],
    [volume({ name: 'V_' }), `${at}.name: Invalid value: "V_": ${LABEL}`],
    [spec({ volumes: [{ name: 'v' }, { name: 'v' }] }), 'spec.volumes[1].name: Duplicate value: "v"'],
    [volume({ hostPath: { path: '' } }), `${at}.hostPath.path: Required value`],
    [volume({ hostPath: { path: '/a/../b' } }), `${at}.hostPath.path: Invalid value: "/a/../b": must not contain '..'`],
    [
      volume({ hostPath: { path: '/a', type: 'X' } }),
      `${at}.hostPath.type: Unsupported value: "X": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"`,
    ],
    [volume({ secret: {} }), `${at}.secret.secretName: Required value`],
    [
      volume({ secret: { secretName: 's', defaultMode: 512 } }),
      `${at}.secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive`,
    ],
    [
      volume({ configMap: { name: 'c', items: [{ key: '', path: '../x' }] } }),
      `${at}.configMap.items[0].key: Required value`,
      `${at}.configMap.items[0].path: Invalid value: "../x": must not contain '..'`,
    ],
    [volume({ persistentVolumeClaim: {} }), `${at}.persistentVolumeClaim.claimName: Required value`],
    [
      volume({ downwardAPI: { items: [{ path: 'a' }] } }),
      `${at}.downwardAPI: Required value: one of fieldRef and resourceFieldRef is required`,
    ],
    [
      {
        spec: {
          serviceAccountName: 's',
          volumes: [
            { name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'p', expirationSeconds: 5 } }] } },
          ],
        },
      },
      `${at}.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes`,
    ],
    [
      volume({
        projected: {
          sources: [
            { configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
            { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } },
          ],
        },
      }),
      `${at}.projected: Invalid value: "s": conflicting duplicate paths`,
    ],
    [
      volume({ projected: { sources: [{ configMap: { name: 'c' }, secret: { name: 's' } }] } }),
      `${at}.projected.sources[0]: Forbidden: may not specify more than 1 volume type per source`,
    ],
    [
      {
        spec: {
          serviceAccountName: 's',
          volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: '/p' } }] } }],
        },
      },
      `${at}.projected.path: Invalid value: "/p": must be a relative path`,
    ],
    [
      volume({
        projected: {
          sources: [{ clusterTrustBundle: { path: 'p' } }, { clusterTrustBundle: { name: 'a:B', path: 'p' } }],
        },
      }),
      `${at}.projected.sources[0].clusterTrustBundle: Required value: either name or signerName must be specified`,
      `${at}.projected.sources[1].clusterTrustBundle.name: Invalid value: "a:B": not a valid clustertrustbundlename: ${SUBDOMAIN}`,
      `${at}.projected: Invalid value: "p": conflicting duplicate paths`,
    ],
    [
      spec({
        volumes: [
          {
            name: 'v',
            ephemeral: {
              volumeClaimTemplate: {
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } },
              },
            },
          },
          { name: 'w', persistentVolumeClaim: { claimName: 'x-v' } },
        ],
      }),
      'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "x-v": must not reference a PVC that gets created for an ephemeral volume',
    ],
    [
      volume({ image: { pullPolicy: 'X' } }),
      `${at}.image.reference: Required value`,
      `${at}.image.pullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"`,
    ],
    [
      volume({ csi: { driver: 'd.io', nodePublishSecretRef: { name: '_' } } }),
      `${at}.csi.name: Invalid value: "_": ${SUBDOMAIN}`,
    ],
    [
      volume({ csi: { driver: '' } }),
      `${at}.csi.driver: Required value`,
      `${at}.csi.driver: Invalid value: "": ${SUBDOMAIN}`,
    ],
    [
      volume({ ephemeral: { volumeClaimTemplate: { spec: {} } } }),
      `${at}.ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required`,
      `${at}.ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value`,
    ],
    [mount({ name: 'w' }), 'spec.containers[0].volumeMounts[0].name: Not found: "w"'],
    [mount({ mountPath: '' }), 'spec.containers[0].volumeMounts[0].mountPath: Required value'],
    [mount({ subPath: '/a' }), 'spec.containers[0].volumeMounts.subPath: Invalid value: "/a": must be a relative path'],
    [
      mount({ subPath: 'a', subPathExpr: 'b' }),
      'spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive',
    ],
    [
      mount({ mountPropagation: 'Bidirectional' }),
      'spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers',
    ],
    [
      mount({ recursiveReadOnly: 'Enabled' }),
      'spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true',
    ],
  ]);
});

test('validatePodSpec() says what is wrong with resources', () => {
  const resources = (fields: Json): Json => container({ resources: fields });
  const at = 'spec.containers[0].resources';
  table(POD, [
    [
      resources({ limits: { cpu: '-1' }, requests: { cpu: '-2' } }),
      `${at}.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
      `${at}.requests[cpu]: Invalid value: "-2": must be greater than or equal to 0`,
    ],
    [
      resources({ limits: { cpu: '1' }, requests: { cpu: '2' } }),
      `${at}.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
    ],
    [
      resources({ limits: { x: '1' } }),
      ...['limits', 'requests'].flatMap((list) => [
        `${at}.${list}[x]: Invalid value: "x": must be a standard resource type or fully qualified`,
        `${at}.${list}[x]: Invalid value: "x": must be a standard resource for containers`,
      ]),
    ],
    [
      resources({ requests: { 'a.b/c': '1' } }),
      `${at}.limits: Required value: Limit must be set for non overcommitable resources`,
    ],
    [
      resources({ limits: { 'a.b/c': '2' }, requests: { 'a.b/c': '1' } }),
      `${at}.requests: Invalid value: "1": must be equal to a.b/c limit of 2`,
    ],
    [
      resources({ limits: { 'a.b/c': '1500m' } }),
      `${at}.limits[a.b/c]: Invalid value: "1500m": must be an integer`,
      `${at}.requests[a.b/c]: Invalid value: "1500m": must be an integer`,
    ],
    [resources({ limits: { 'hugepages-2Mi': '2Mi' } }), `${at}: Forbidden: HugePages require cpu or memory`],
    [
      resources({ claims: [{ name: 'q' }] }),
      `${at}.claims[0]: Not found: "q": must be one of the names in pod.spec.resourceClaims which is empty`,
    ],
    [
      spec({ resources: { limits: { x: '1', storage: '1' } } }),
      ...['limits', 'requests'].flatMap((list) => [
        `spec.resources.${list}[storage]: Unsupported value: "storage": supported values: "cpu", "hugepages-", "memory"`,
        `spec.resources.${list}[x]: Invalid value: "x": must be a standard resource type or fully qualified`,
      ]),
    ],
    [
      {
        spec: {
          resources: { requests: { cpu: '1' }, limits: { cpu: '2' } },
          containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '2' }, limits: { cpu: '3' } } }],
        },
      },
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
      'spec.resources.containers[0][cpu].limits: Invalid value: "3": must be less than or equal to pod limits of 2',
    ],
    // What the pod as a whole does not ask for is no less than what its containers do.
    ...[{}, { requests: { memory: '1' } }].map((asked): readonly [Readonly<Record<string, unknown>>] => [
      {
        spec: {
          resources: asked,
          containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '2' } } }],
        },
      },
    ]),
    [
      spec({ overhead: { x: '1' } }),
      'spec.overhead.limits[x]: Invalid value: "x": must be a standard resource type or fully qualified',
      'spec.overhead.limits[x]: Invalid value: "x": must be a standard resource for containers',
    ],
    [
      {
        spec: {
          resourceClaims: [{ name: 'q', resourceClaimName: 'r' }],
          containers: [{ name: 'c', image: 'i', resources: { claims: [{ name: 'q', request: 'R' }, { name: 'q' }] } }],
        },
      },
      `${at}.claims[0].request: Invalid value: "R": ${LABEL}`,
      `${at}.claims[1]: Duplicate value: "q"`,
    ],
  ]);
});

test('validatePodSpec() says what is wrong with where a pod may go', () => {
  const required = (term: Json): Json =>
    spec({
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
    });
  const at = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const podTerm = (fields: Json): Json =>
    spec({
      affinity: {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'k', ...fields }] },
      },
    });
  const podAt = 'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]';
  const spread = (fields: Json): Json =>
    spec({
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'k', whenUnsatisfiable: 'ScheduleAnyway', ...fields }],
    });
  table(POD, [
    [
      spec({
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
      }),
      `${at}: Required value: must have at least one node selector term`,
    ],
    [
      required({ matchExpressions: [{ key: 'a', operator: 'In' }] }),
      `${at}[0].matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
    ],
    [
      required({ matchExpressions: [{ key: 'a', operator: 'X' }] }),
      `${at}[0].matchExpressions[0].operator: Invalid value: "X": not a valid selector operator`,
    ],
    [
      required({ matchFields: [{ key: 'a', operator: 'In', values: ['x'] }] }),
      `${at}[0].matchFields[0].key: Invalid value: "a": not a valid field selector key`,
    ],
    [
      spec({
        affinity: {
          nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, preference: {} }] },
        },
      }),
      'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100',
    ],
    [
      podTerm({ topologyKey: '' }),
      `${podAt}.topologyKey: Required value: can not be empty`,
      `${podAt}.topologyKey: Invalid value: "": name part must be non-empty`,
      `${podAt}.topologyKey: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    ],
    [
      podTerm({ matchLabelKeys: ['a'] }),
      `${podAt}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`,
    ],
    [spread({ maxSkew: 0 }), 'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero'],
    [
      spread({ minDomains: 1 }),
      'spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
    ],
    [
      spread({ whenUnsatisfiable: 'X' }),
      'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "X": supported values: "DoNotSchedule", "ScheduleAnyway"',
    ],
    [
      spec({ tolerations: [{ operator: 'Equal', value: 'x' }] }),
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
    [
      spec({ tolerations: [{ key: 'a', effect: 'NoSchedule', tolerationSeconds: 3 }] }),
      'spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be \'NoExecute\' when `tolerationSeconds` is set',
    ],
    [
      spec({ tolerations: [{ key: 'a', operator: 'X', effect: 'Y' }] }),
      'spec.tolerations[0].operator: Unsupported value: "X": supported values: "Equal", "Exists"',
      'spec.tolerations[0].effect: Unsupported value: "Y": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
    [
      spec({ tolerations: [{ key: 'a', operator: 'Exists', value: 'v' }] }),
      'spec.tolerations[0].operator: Invalid value: {"Key":"a","Operator":"Exists","Value":"v","Effect":"","TolerationSeconds":null}: value must be empty when `operator` is \'Exists\'',
    ],
    [
      spec({
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'In', values: ['-'] }] } },
            ],
          },
        },
      }),
    ],
    [
      spec({ nodeName: 'n', schedulingGates: [{ name: 'g' }] }),
      'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
    ],
  ]);
});

test('validatePodSpec() says what is wrong with security contexts', () => {
  const secured = (fields: Json): Json => container({ securityContext: fields });
  const at = 'spec.containers[0].securityContext';
  table(POD, [
    [secured({ runAsUser: -1 }), `${at}.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`],
    [
      secured({ privileged: true, allowPrivilegeEscalation: false }),
      `${at}: Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
    ],
    [
      secured({ seccompProfile: { type: 'Localhost' } }),
      `${at}.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost`,
    ],
    [
      secured({ procMount: 'Unmasked' }),
      `${at}.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``,
    ],
    [
      secured({ appArmorProfile: { type: 'X' } }),
      `${at}.appArmorProfile.type: Unsupported value: "X": supported values: "Localhost", "RuntimeDefault", "Unconfined"`,
    ],
    [
      spec({ securityContext: { fsGroup: -1, supplementalGroups: [1, -1] } }),
      'spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive',
      'spec.securityContext.supplementalGroups[1]: Invalid value: -1: must be between 0 and 2147483647, inclusive',
    ],
    [
      spec({
        securityContext: {
          sysctls: [
            { name: 'a', value: '' },
            { name: 'a', value: '' },
          ],
        },
      }),
      'spec.securityContext.sysctls[1].name: Duplicate value: "a"',
    ],
    [
      spec({ hostPID: true, shareProcessNamespace: true }),
      'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
    ],
    [
      secured({ seccompProfile: { type: 'Unconfined', localhostProfile: 'p' } }),
      `${at}.seccompProfile.localhostProfile: Invalid value: {"Type":"Unconfined","LocalhostProfile":"p"}: can only be set when seccomp type is Localhost`,
    ],
    [
      spec({ hostUsers: false, hostNetwork: true, hostPID: true }),
      'spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false',
      'spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false',
    ],
    [
      spec({ hostIPC: true, securityContext: { sysctls: [{ name: 'kernel.msg', value: '1' }] } }),
      'spec.securityContext.sysctls[0].name: Invalid value: "kernel.msg": may not be specified when \'hostIPC\' is true',
    ],
  ]);
});

test('validatePodSpec() says what is wrong with names, DNS, claims and the rest', () => {
  table(POD, [
    [
      spec({ restartPolicy: 'X' }),
      'spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"',
    ],
    [
      spec({ dnsPolicy: 'X' }),
      'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ],
    [spec({ dnsPolicy: 'None' }), 'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    [
      spec({ dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', 'x'] } }),
      'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","x"]: must not have more than 3 nameservers',
      'spec.dnsConfig.nameservers[3]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      spec({ dnsConfig: { searches: ['_tcp.a_b.c', '.', 'A'] } }),
      "spec.dnsConfig.searches[2]: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')",
    ],
    [spec({ dnsConfig: { options: [{}] } }), 'spec.dnsConfig.options[0]: Required value: must not be empty'],
    [
      spec({ hostAliases: [{ ip: 'x', hostnames: ['A'] }] }),
      'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      `spec.hostAliases[0].hostnames[0]: Invalid value: "A": ${SUBDOMAIN}`,
    ],
    [
      spec({ activeDeadlineSeconds: 0 }),
      'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
    ],
    [
      spec({ resourceClaims: [{ name: 'a' }] }),
      'spec.resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
    ],
    [
      spec({ readinessGates: [{ conditionType: 'a/b/c' }] }),
      "spec.readinessGates[0].conditionType: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ],
    [spec({ priorityClassName: 'A' }), `spec.priorityClassName: Invalid value: "A": ${SUBDOMAIN}`],
    [
      spec({ preemptionPolicy: 'X' }),
      'spec.preemptionPolicy: Unsupported value: "X": supported values: "PreemptLowerPriority", "Never"',
    ],
    [spec({ os: { name: 'x' } }), 'spec.os: Unsupported value: "x": supported values: "linux", "windows"'],
    [spec({ os: { name: 'windows' }, hostPID: true }), 'spec.hostPID: Forbidden: cannot be set for a windows pod'],
    [spec({ terminationGracePeriodSeconds: -1 })],
  ]);
});

test('validatePodUpdate() lets images, deadlines and more tolerations through, and nothing else', () => {
  const fixed = (...change: readonly string[]): string =>
    [
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
      ...change,
      '',
    ].join('\n');
  const toleration = { key: 'a', operator: 'Exists' };
  const gated = { schedulingGates: [{ name: 'g' }] };
  const required = (...terms: readonly (readonly Json[])[]): Json => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })),
      },
    },
  });
  const cases: readonly (readonly [change: Json, before: Json, ...expected: readonly string[]])[] = [
    [
      container({
        image: 'j',
        resources: {},
        imagePullPolicy: 'Always',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      }),
      {},
    ],
    [spec({ activeDeadlineSeconds: 5 }), {}],
    [
      spec({ activeDeadlineSeconds: 6 }),
      spec({ activeDeadlineSeconds: 5 }),
      'spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value',
    ],
    [
      spec({ activeDeadlineSeconds: null }),
      spec({ activeDeadlineSeconds: 5 }),
      'spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value',
    ],
    [spec({ tolerations: [toleration] }), {}],
    [
      spec({ tolerations: [] }),
      spec({ tolerations: [toleration] }),
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ],
    [
      spec({ hostNetwork: true }),
      {},
      fixed(
        '@@ -44,7 +44,7 @@',
        '  "AutomountServiceAccountToken": null,',
        '  "NodeName": "",',
        '  "SecurityContext": {',
        '-  "HostNetwork": false,',
        '+  "HostNetwork": true,',
        '   "HostPID": false,',
        '   "HostIPC": false,',
        '   "ShareProcessNamespace": null,',
      ),
    ],
    [
      spec({ containers: [] }),
      {},
      'spec.containers: Required value',
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
    [spec({ terminationGracePeriodSeconds: 1 }), spec({ terminationGracePeriodSeconds: -5 })],
    [
      spec({ terminationGracePeriodSeconds: 2 }),
      spec({ terminationGracePeriodSeconds: -5 }),
      fixed(
        '@@ -36,7 +36,7 @@',
        '  ],',
        '  "EphemeralContainers": null,',
        '  "RestartPolicy": "Always",',
        '- "TerminationGracePeriodSeconds": -5,',
        '+ "TerminationGracePeriodSeconds": 2,',
        '  "ActiveDeadlineSeconds": null,',
        '  "DNSPolicy": "ClusterFirst",',
        '  "NodeSelector": null,',
      ),
    ],
    [spec({ schedulingGates: null, nodeSelector: { a: 'b' } }), spec({ schedulingGates: [{ name: 'g' }] })],
    [
      spec({ ...gated, affinity: required([{ key: 'b', operator: 'Exists' }]) }),
      spec({ ...gated, affinity: required([{ key: 'a', operator: 'In', values: ['x'] }]) }),
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: Invalid value: {"MatchExpressions":[{"Key":"b","Operator":"Exists","Values":null}],"MatchFields":null}: only additions are allowed (no mutations or deletions)',
    ],
    [
      spec({ ...gated, affinity: required([{ key: 'a', operator: 'Exists' }], [{ key: 'b', operator: 'Exists' }]) }),
      spec({ ...gated, affinity: required([{ key: 'a', operator: 'Exists' }]) }),
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Invalid value: [{"MatchExpressions":[{"Key":"a","Operator":"Exists","Values":null}],"MatchFields":null},{"MatchExpressions":[{"Key":"b","Operator":"Exists","Values":null}],"MatchFields":null}]: no additions/deletions to non-empty NodeSelectorTerms list are allowed',
    ],
    [
      spec({ schedulingGates: [{ name: 'h' }] }),
      {},
      "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'h'",
    ],
  ];
  for (const [change, before, ...expected] of cases)
    assert.deepEqual(updateRefusals(POD, change, before), expected, JSON.stringify(change));
});

test('ephemeral containers stay as they were started; a resize touches cpu and memory alone', () => {
  const ephemeral = {
    name: 'e',
    image: 'i',
    resources: {},
    imagePullPolicy: 'Always',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  };
  const held = { spec: { ephemeralContainers: [ephemeral] } };
  assert.deepEqual(partRefusals(POD, 'ephemeralcontainers', held), []);
  assert.deepEqual(partRefusals(POD, 'ephemeralcontainers', { spec: { ephemeralContainers: [] } }, held), [
    'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n',
  ]);
  assert.deepEqual(
    partRefusals(POD, 'ephemeralcontainers', {
      spec: { ephemeralContainers: [{ ...ephemeral, livenessProbe: { exec: { command: ['a'] } } }] },
    }),
    ['spec.ephemeralContainers[0].livenessProbe: Forbidden: cannot be set for an Ephemeral Container'],
  );
  const sized = (resources: Json): Json => ({
    spec: { containers: [{ ...created(POD).spec.containers[0], resources }] },
    status: { qosClass: 'Burstable' },
  });
  assert.deepEqual(
    partRefusals(POD, 'resize', sized({ requests: { cpu: '2' } }), sized({ requests: { cpu: '1' } })),
    [],
  );
  assert.deepEqual(
    partRefusals(POD, 'resize', sized({ requests: { memory: '1' } }), sized({ requests: { cpu: '1' } })),
    ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
  );
  assert.deepEqual(partRefusals(POD, 'resize', sized({}), sized({ requests: { cpu: '1' } })).slice(0, 1), [
    'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
  ]);
});

test('pods say themselves what their label keys choose', () => {
  const selector = { matchLabels: { app: 'a' } };
  const keyed = {
    topologyKey: 'zone',
    labelSelector: selector,
    matchLabelKeys: ['v'],
    mismatchLabelKeys: ['tenant', 'none'],
  };
  const made = created(POD, {
    metadata: { labels: { v: '1', tenant: 't' } },
    spec: {
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [keyed] } },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          whenUnsatisfiable: 'DoNotSchedule',
          topologyKey: 'zone',
          labelSelector: selector,
          matchLabelKeys: ['v'],
        },
      ],
    },
  });
  const own = { key: 'v', operator: 'In', values: ['1'] };
  const [term] = made.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
  assert.deepEqual(term.labelSelector.matchExpressions, [own, { key: 'tenant', operator: 'NotIn', values: ['t'] }]);
  assert.deepEqual(made.spec.topologySpreadConstraints[0].labelSelector.matchExpressions, [own]);
  const twice = {
    spec: {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'zone', labelSelector: { matchLabels: { v: '1' } }, matchLabelKeys: ['v'] },
          ],
        },
      },
    },
    metadata: { labels: { v: '1' } },
  };
  table(POD, [
    [
      twice,
      'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0][0]: Invalid value: "v": exists in both matchLabelKeys and labelSelector',
    ],
  ]);
});
