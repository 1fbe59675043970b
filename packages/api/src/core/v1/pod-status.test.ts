import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partRefusals } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const POD = '/v1.Pod';
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

test('a status keeps what has ended, and speaks of what the pod has', () => {
  for (const [next, before, ...expected] of [
    [
      {
        status: {
          conditions: [
            { type: 'a b', status: 'True' },
            { type: 'Ready', status: 'True', observedGeneration: -1 },
          ],
        },
      },
      {},
      `status.conditions[0].Type: Invalid value: "a b": ${NAME_PART}`,
      'status.conditions[1].observedGeneration: Invalid value: -1: must be a non-negative integer',
    ],
    [{ status: { nominatedNodeName: 'A' } }, {}, `status.nominatedNodeName: Invalid value: "A": ${SUBDOMAIN}`],
    [
      { status: { nominatedNodeName: 'a' } },
      { spec: { nodeName: 'n' } },
      'status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node',
    ],
    [
      { status: { observedGeneration: -1 } },
      {},
      'status.observedGeneration: Invalid value: -1: must be a non-negative integer',
    ],
    [
      { status: { qosClass: 'Guaranteed' } },
      { status: { qosClass: 'BestEffort' } },
      'status.qosClass: Invalid value: "Guaranteed": field is immutable',
    ],
    [
      {
        status: {
          containerStatuses: [
            { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
          ],
        },
      },
      {
        spec: { restartPolicy: 'Never' },
        status: {
          containerStatuses: [
            {
              name: 'c',
              image: 'i',
              imageID: '',
              ready: false,
              restartCount: 0,
              state: { terminated: { exitCode: 1 } },
            },
          ],
        },
      },
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ],
    [
      {
        status: {
          containerStatuses: [
            { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
          ],
        },
      },
      {
        spec: { restartPolicy: 'OnFailure' },
        status: {
          containerStatuses: [
            {
              name: 'c',
              image: 'i',
              imageID: '',
              ready: false,
              restartCount: 0,
              state: { terminated: { exitCode: 0 } },
            },
          ],
        },
      },
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ],
    [
      {
        status: {
          containerStatuses: [
            { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
          ],
        },
      },
      {
        spec: { restartPolicy: 'OnFailure' },
        status: {
          containerStatuses: [
            {
              name: 'c',
              image: 'i',
              imageID: '',
              ready: false,
              restartCount: 0,
              state: { terminated: { exitCode: 1 } },
            },
          ],
        },
      },
    ],
    [
      {
        status: {
          containerStatuses: [
            { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
          ],
        },
      },
      {
        spec: { containers: [{ name: 'c', image: 'i', restartPolicy: 'Never' }] },
        status: {
          containerStatuses: [
            {
              name: 'c',
              image: 'i',
              imageID: '',
              ready: false,
              restartCount: 0,
              state: { terminated: { exitCode: 1 } },
            },
          ],
        },
      },
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ],
    [
      {
        status: {
          containerStatuses: [
            { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
          ],
        },
      },
      {
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              restartPolicy: 'Never',
              restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }],
            },
          ],
        },
        status: {
          containerStatuses: [
            {
              name: 'c',
              image: 'i',
              imageID: '',
              ready: false,
              restartCount: 0,
              state: { terminated: { exitCode: 1 } },
            },
          ],
        },
      },
    ],
    [
      {
        status: {
          containerStatuses: [
            { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
          ],
        },
      },
      {
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              restartPolicy: 'Never',
              restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'NotIn', values: [1] } }],
            },
          ],
        },
        status: {
          containerStatuses: [
            {
              name: 'c',
              image: 'i',
              imageID: '',
              ready: false,
              restartCount: 0,
              state: { terminated: { exitCode: 1 } },
            },
          ],
        },
      },
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ],
    [
      { status: { resourceClaimStatuses: [{ name: 'a', resourceClaimName: '_' }, { name: 'a' }] } },
      {},
      'status.resourceClaimStatuses[0].name: Invalid value: "a": must match the name of an entry in `spec.resourceClaims`',
      `status.resourceClaimStatuses[0].name: Invalid value: "_": ${SUBDOMAIN}`,
      'status.resourceClaimStatuses[1].name: Invalid value: "a": must match the name of an entry in `spec.resourceClaims`',
      'status.resourceClaimStatuses[1].name: Duplicate value: "a"',
    ],
    [
      { status: { extendedResourceClaimStatus: { resourceClaimName: '', requestMappings: [] } } },
      {},
      'status.extendedResourceClaimStatus.requestMappings: Required value: at least one request mapping is required',
      'status.extendedResourceClaimStatus.resourceClaimName: Required value',
    ],
    [
      {
        status: {
          extendedResourceClaimStatus: {
            resourceClaimName: 'a',
            requestMappings: [
              { containerName: 'z', resourceName: 'a/gpu', requestName: 'r' },
              { containerName: 'c', resourceName: 'a/x', requestName: 'R' },
            ],
          },
        },
      },
      {
        spec: {
          containers: [{ name: 'c', image: 'i', resources: { requests: { 'a/gpu': '1' }, limits: { 'a/gpu': '1' } } }],
        },
      },
      'status.extendedResourceClaimStatus.requestMappings[0].containerName: Invalid value: "z": must match the name of an entry in spec.initContainers.name or spec.containers.name',
      'status.extendedResourceClaimStatus.requestMappings[1].resourceName: Invalid value: "a/x": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
      `status.extendedResourceClaimStatus.requestName: Invalid value: "R": ${LABEL}`,
    ],
    [
      { status: { podIP: 'x', podIPs: [{ ip: 'x' }] } },
      {},
      'status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      { status: { podIP: '1.1.1.1', podIPs: [{ ip: '1.1.1.1' }, { ip: '1.1.1.2' }] } },
      {},
      'status.podIPs: Invalid value: [{"IP":"1.1.1.1"},{"IP":"1.1.1.2"}]: may specify no more than one IP for each IP family',
    ],
    [
      { status: { hostIP: '1.1.1.1', hostIPs: [{ ip: '1.1.1.2' }] } },
      {},
      'status.hostIPs[0].ip: Invalid value: "1.1.1.2": must be equal to `hostIP`',
    ],
    [
      {
        status: {
          containerStatuses: [
            {
              name: 'c',
              image: 'i',
              imageID: '',
              ready: true,
              restartCount: 0,
              user: { linux: { uid: -1, gid: 1, supplementalGroups: [-2] } },
            },
          ],
        },
      },
      {},
      'status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive',
      'status.containerStatuses[0].user.linux.supplementalGroups[0]: Invalid value: -2: must be between 0 and 2147483647, inclusive',
    ],
    [
      {
        status: {
          containerStatuses: [
            { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, user: { linux: { uid: 1, gid: 1 } } },
          ],
        },
      },
      { spec: { os: { name: 'windows' } } },
      'status.containerStatuses[0].user.linux: Forbidden: cannot be set for a windows pod',
    ],
    [
      {
        status: {
          containerStatuses: [
            {
              name: 'c',
              image: 'i',
              imageID: '',
              ready: true,
              restartCount: 0,
              allocatedResourcesStatus: [
                {
                  name: 'a/x',
                  resources: [
                    { resourceID: 'i', health: 'X' },
                    { resourceID: 'i', health: 'Healthy' },
                  ],
                },
                { name: 'claim:x/y' },
              ],
            },
          ],
        },
      },
      {
        spec: {
          containers: [{ name: 'c', image: 'i', resources: { requests: { 'a/gpu': '1' }, limits: { 'a/gpu': '1' } } }],
        },
      },
      'status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: "a/x": must match one of the container\'s resource requests',
      'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].health: Unsupported value: "X": supported values: "Healthy", "Unhealthy", "Unknown"',
      'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].resourceID: Duplicate value: "i"',
      "status.containerStatuses[0].allocatedResourcesStatus[1].name: Invalid value: \"claim:x/y\": must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty",
    ],
    [
      {
        status: {
          ephemeralContainerStatuses: [
            {
              name: 'c',
              image: 'i',
              imageID: '',
              ready: true,
              restartCount: 0,
              allocatedResourcesStatus: [{ name: 'a' }],
            },
          ],
        },
      },
      {},
      'status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified in container status',
    ],
  ] satisfies readonly (readonly [Json, Json, ...string[]])[])
    assert.deepEqual(partRefusals(POD, 'status', next, before), expected, JSON.stringify(next));
});
