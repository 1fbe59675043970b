import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warned } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const POD = '/v1.Pod';

test('pods are warned of what is deprecated or likely a mistake, once', () => {
  for (const [next, before, ...expected] of [
    [
      { metadata: { name: 'a.b' } },
      undefined,
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    ],
    [
      { spec: { nodeSelector: { 'beta.kubernetes.io/os': 'linux', a: 'b' } } },
      undefined,
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    ],
    [
      {
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  { matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'In', values: ['a'] }] },
                ],
              },
              preferredDuringSchedulingIgnoredDuringExecution: [
                { weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'In', values: ['-'] }] } },
              ],
            },
          },
        },
      },
      undefined,
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
      "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: - is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
    [
      {
        spec: {
          topologySpreadConstraints: [
            { maxSkew: 1, topologyKey: 'failure-domain.beta.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
          ],
        },
      },
      undefined,
      'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
      'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
    ],
    [
      {
        metadata: {
          annotations: { 'scheduler.alpha.kubernetes.io/critical-pod': '', 'security.alpha.kubernetes.io/sysctls': '' },
        },
        spec: {},
      },
      undefined,
      'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      'metadata.annotations[security.alpha.kubernetes.io/sysctls]: non-functional in v1.11+; use the "sysctls" field instead',
    ],
    [
      {
        spec: {
          volumes: [
            { name: 'v', gitRepo: { repository: 'r' } },
            { name: 'w', cephfs: { monitors: ['m'] } },
            { name: 's', storageos: {} },
          ],
        },
      },
      undefined,
      'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
      'spec.volumes[1].cephfs: deprecated in v1.28, non-functional in v1.31+',
      'spec.volumes[2].storageOS: deprecated in v1.22, non-functional in v1.25+',
    ],
    [
      {
        spec: {
          volumes: [
            {
              name: 'v',
              configMap: {
                name: 'm',
                items: [
                  { key: 'a', path: 'a/b' },
                  { key: 'b', path: 'a' },
                ],
              },
            },
            {
              name: 'w',
              projected: {
                sources: [
                  { secret: { name: 's', items: [{ key: 'k', path: 'x' }] } },
                  { serviceAccountToken: { path: 'x/y' } },
                  {},
                ],
              },
            },
          ],
        },
      },
      undefined,
      'volume "v" (ConfigMap "m"): overlapping paths: "a" with "a/b"',
      'volume "w" (Projected) has no sources provided',
      'volume "w" (Projected): overlapping paths: "x/y" (ServiceAccountToken) with "x" (Secret "s")',
    ],
    [
      {
        spec: {
          hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }],
          imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}],
        },
      },
      undefined,
      'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
      'spec.imagePullSecrets[1].name: duplicate name "a"',
      'spec.imagePullSecrets[2].name: invalid empty name ""',
    ],
    [
      { spec: { overhead: { memory: '1m', cpu: '1m' } } },
      undefined,
      'spec.overhead[memory]: fractional byte value "1m" is invalid, must be an integer',
    ],
    [
      {
        metadata: {
          annotations: {
            'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
            'container.seccomp.security.alpha.kubernetes.io/c': 'unconfined',
          },
        },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      },
      undefined,
      'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
      'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in v1.27+; use the "seccompProfile" field instead',
    ],
    [
      {
        spec: {
          containers: [
            { name: 'c', image: 'i', resources: { limits: { memory: '1500m' }, requests: { memory: '500m' } } },
          ],
        },
      },
      undefined,
      'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
      'spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
    ],
    [
      {
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              env: [
                { name: 'A', value: '1' },
                { name: 'A', value: '2' },
                { name: 'P', value: 'a' },
                { name: 'P', value: '$(P):b' },
              ],
            },
          ],
        },
      },
      undefined,
      'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    ],
    [
      {
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              ports: [
                { containerPort: 80 },
                { containerPort: 80 },
                { containerPort: 80, hostPort: 8 },
                { containerPort: 80, hostPort: 8, hostIP: '1.1.1.1' },
              ],
            },
          ],
        },
      },
      undefined,
      'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
      'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]',
      'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[1]',
      'spec.containers[0].ports[3]: overlapping port definition with spec.containers[0].ports[0]',
      'spec.containers[0].ports[3]: overlapping port definition with spec.containers[0].ports[1]',
      'spec.containers[0].ports[3]: dangerously ambiguous port definition with spec.containers[0].ports[2]',
    ],
    [
      {
        spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostIP: '1.1.1.1', name: 'a' }] }] },
      },
      undefined,
      'spec.containers[0].ports[0]: hostIP set without hostPort: {Name:a HostPort:0 ContainerPort:80 Protocol:TCP HostIP:1.1.1.1}',
    ],
    [
      {
        spec: {
          containers: [
            { name: 'c', image: 'i', ports: [{ containerPort: 80, name: 'a' }] },
            { name: 'd', image: 'i', ports: [{ containerPort: 81, name: 'a' }] },
          ],
        },
      },
      undefined,
      'spec.containers[1].ports[0]: duplicate port name "a" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
    ],
    [
      { spec: { terminationGracePeriodSeconds: -1 } },
      undefined,
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ],
    [
      {
        spec: {
          affinity: {
            podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'k' }] },
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'k' } }],
            },
          },
        },
      },
      undefined,
      'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
      'spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod',
    ],
    [
      { spec: { dnsConfig: { nameservers: ['FE80::1'] }, hostAliases: [{ ip: '1:0::1' }] } },
      undefined,
      'spec.dnsConfig.nameservers[0]: IPv6 address "FE80::1" should be in RFC 5952 canonical format ("fe80::1")',
      'spec.hostAliases[0].ip: IPv6 address "1:0::1" should be in RFC 5952 canonical format ("1::1")',
    ],
    [{ spec: { terminationGracePeriodSeconds: -1 } }, {}],
  ] satisfies readonly (readonly [Json, Json | undefined, ...string[]])[])
    assert.deepEqual(warned(POD, next, before), expected, JSON.stringify(next));
});

test('templates are warned of as pods are, while they change', () => {
  for (const [next, before, ...expected] of [
    [
      {
        template: {
          metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } },
          spec: { terminationGracePeriodSeconds: -1 },
        },
      },
      undefined,
      'template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
      'template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ],
    [{ template: { spec: { terminationGracePeriodSeconds: -1 } } }, {}],
  ] satisfies readonly (readonly [Json, Json | undefined, ...string[]])[])
    assert.deepEqual(warned('/v1.PodTemplate', next, before), expected, JSON.stringify(next));
});

test('controllers are warned of their names and templates', () => {
  for (const [next, before, ...expected] of [
    [
      { metadata: { name: 'a.b' }, spec: { template: { spec: { terminationGracePeriodSeconds: -1 } } } },
      undefined,
      'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
      'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ],
  ] satisfies readonly (readonly [Json, Json | undefined, ...string[]])[])
    assert.deepEqual(warned('/v1.ReplicationController', next, before), expected, JSON.stringify(next));
});
