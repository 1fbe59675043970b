import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partRefusals, table } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const POD = '/v1.Pod';

test('a resize changes cpu and memory, and takes nothing away', () => {
  for (const [next, before, ...expected] of [
    [
      {
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { cpu: '2', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
            },
          ],
        },
      },
      {
        status: { qosClass: 'Burstable' },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
            },
          ],
        },
      },
    ],
    [
      {
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { cpu: '2', memory: '2Gi' }, limits: { cpu: '2', memory: '2Gi' } },
            },
          ],
        },
      },
      {
        status: { qosClass: 'Burstable' },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
            },
          ],
        },
      },
      'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
    ],
    [
      {
        spec: {
          containers: [
            { name: 'c', image: 'i', resources: { requests: { cpu: '1' }, limits: { cpu: '2', memory: null } } },
          ],
        },
      },
      {
        status: { qosClass: 'Burstable' },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
            },
          ],
        },
      },
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
      'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
    ],
    [
      {
        spec: {
          containers: [{ name: 'c', image: 'i', resources: { requests: { 'a/gpu': '2' }, limits: { 'a/gpu': '2' } } }],
        },
      },
      {
        status: { qosClass: 'Burstable' },
        spec: {
          containers: [{ name: 'c', image: 'i', resources: { requests: { 'a/gpu': '1' }, limits: { 'a/gpu': '1' } } }],
        },
      },
      'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
      'spec: Forbidden: only cpu and memory resources are mutable',
    ],
    [
      { spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '2' } } }] } },
      {
        status: {
          qosClass: 'Burstable',
          containerStatuses: [
            { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
          ],
        },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
            },
          ],
        },
      },
      'spec: Forbidden: Pod running on node without support for resize',
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
      'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
    ],
    [
      { spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '4' } } }] } },
      {
        status: { qosClass: 'Burstable' },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
            },
          ],
        },
      },
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
      'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
    ],
    [
      {
        spec: {
          containers: [
            { name: 'c', image: 'i' },
            { name: 'd', image: 'i' },
          ],
        },
      },
      {
        status: { qosClass: 'Burstable' },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
            },
          ],
        },
      },
      'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
      'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
      'spec: Forbidden: only cpu and memory resources are mutable',
    ],
    [
      {
        spec: {
          initContainers: [{ name: 'i', image: 'i', resources: { requests: { cpu: '1', 'ephemeral-storage': '2' } } }],
        },
      },
      {
        status: { qosClass: 'Burstable' },
        spec: {
          initContainers: [{ name: 'i', image: 'i', resources: { requests: { cpu: '1' } } }],
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
            },
          ],
        },
      },
      'spec: Forbidden: only cpu and memory resources are mutable',
    ],
    [
      {
        spec: {
          initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Always', resources: { requests: { cpu: '2' } } }],
        },
      },
      {
        status: { qosClass: 'Burstable' },
        spec: {
          initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } }],
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
            },
          ],
        },
      },
    ],
  ] satisfies readonly (readonly [Json, Json, ...string[]])[])
    assert.deepEqual(partRefusals(POD, 'resize', next, before), expected, JSON.stringify(next));
});

test('ephemeral containers are added, with less than others have', () => {
  for (const [next, before, ...expected] of [
    [
      { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } },
      { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } }, spec: { nodeName: 'n' } },
      '[]: Forbidden: static pods do not support ephemeral containers',
    ],
    [
      { spec: { ephemeralContainers: [{ name: 'e', image: 'j' }] } },
      { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } },
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be changed\n@@ -1,6 +1,6 @@\n {\n  "Name": "e",\n- "Image": "i",\n+ "Image": "j",\n  "Command": null,\n  "Args": null,\n  "WorkingDir": "",\n',
    ],
    [
      { spec: { ephemeralContainers: [] } },
      { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } },
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n',
    ],
    [
      {
        spec: {
          ephemeralContainers: [
            {
              name: 'e',
              image: 'i',
              ports: [{ containerPort: 1 }],
              resources: { limits: { cpu: '1' } },
              livenessProbe: { exec: { command: ['a'] } },
              lifecycle: {},
            },
          ],
        },
      },
      {},
      'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
      'spec.ephemeralContainers[0].resources: Forbidden: cannot be set for an Ephemeral Container',
      'spec.ephemeralContainers[0].livenessProbe: Forbidden: cannot be set for an Ephemeral Container',
      'spec.ephemeralContainers[0].lifecycle: Forbidden: cannot be set for an Ephemeral Container',
    ],
  ] satisfies readonly (readonly [Json, Json, ...string[]])[])
    assert.deepEqual(partRefusals(POD, 'ephemeralcontainers', next, before), expected, JSON.stringify(next));
});

test('resources of the pod as a whole are no less than those of its containers', () => {
  table(POD, [
    [
      {
        spec: {
          resources: { requests: { cpu: '1' } },
          containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '2' }, limits: { cpu: '4' } } }],
        },
      },
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
    ],
    [
      {
        spec: {
          resources: { limits: { cpu: '1' } },
          containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' }, limits: { cpu: '2' } } }],
        },
      },
      'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
    ],
    [
      { spec: { resources: { requests: { 'ephemeral-storage': '1', x: '1' } } } },
      'spec.resources.requests[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", "hugepages-", "memory"',
      'spec.resources.requests[x]: Invalid value: "x": must be a standard resource type or fully qualified',
    ],
    [
      { spec: { resources: { claims: [{ name: 'a' }] } } },
      'spec.resources.claims: Forbidden: claims cannot be set for Resources at pod-level',
    ],
  ]);
});
