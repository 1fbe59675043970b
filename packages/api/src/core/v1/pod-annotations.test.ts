import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table, updateRefusals } from '../../testing/check.ts';

type Json = Readonly<Record<string, unknown>>;
const POD = '/v1.Pod';
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

test('annotations with a meaning have one that fits the fields', () => {
  table(POD, [
    [
      { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } }, spec: {} },
      'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
    ],
    [
      { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '+1' } }, spec: {} },
      'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
    ],
    [
      { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '2147483648' } }, spec: {} },
      'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "2147483648": must be a 32bit integer',
    ],
    [{ metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } }, spec: {} }],
    [
      { metadata: { annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'x' } }, spec: {} },
      'metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "x": must be a valid seccomp profile',
    ],
    [
      { metadata: { annotations: { 'container.seccomp.security.alpha.kubernetes.io/c': 'localhost/../a' } }, spec: {} },
      'metadata.annotations.container.seccomp.security.alpha.kubernetes.io/c: Invalid value: "../a": must not contain \'..\'',
    ],
    [
      { metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/zz': 'unconfined' } }, spec: {} },
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/zz]: Invalid value: "zz": container not found',
    ],
    [
      {
        metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'x' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      },
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Invalid value: "x": invalid AppArmor profile name: "x"',
    ],
    [
      {
        metadata: { annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' } },
        spec: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
      },
      'spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match',
    ],
    [
      {
        metadata: { annotations: { 'container.seccomp.security.alpha.kubernetes.io/c': 'localhost/a' } },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'b' } },
            },
          ],
        },
      },
      'spec.containers[0].securityContext.seccompProfile.localhostProfile: Forbidden: seccomp profile in annotation and field must match',
    ],
    [
      {
        metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } },
        spec: {
          containers: [{ name: 'c', image: 'i', securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }],
        },
      },
      'spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match',
    ],
  ]);
});

test('annotations of a running pod stay', () => {
  for (const [next, before, ...expected] of [
    [
      { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } }, spec: { nodeName: 'n' } },
      { spec: { nodeName: 'n' } },
      'metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation',
    ],
    [
      { metadata: { annotations: { 'kubernetes.io/config.mirror': null } }, spec: { nodeName: 'n' } },
      { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } }, spec: { nodeName: 'n' } },
      'metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not remove or update mirror pod annotation',
    ],
    [
      { metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } }, spec: {} },
      { spec: { containers: [{ name: 'c', image: 'i' }] } },
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: may not add AppArmor annotations',
    ],
  ] satisfies readonly (readonly [Json, Json, ...string[]])[])
    assert.deepEqual(updateRefusals(POD, next, before), expected, JSON.stringify(next));
});

test('Windows: credentials, user names, processes of the host', () => {
  table(POD, [
    [
      {
        spec: {
          os: { name: 'windows' },
          securityContext: {
            windowsOptions: { gmsaCredentialSpecName: '_', gmsaCredentialSpec: '', runAsUserName: '' },
          },
        },
      },
      `spec.securityContext.windowsOptions.gmsaCredentialSpecName: Invalid value: "_": ${SUBDOMAIN}`,
      'spec.securityContext.windowsOptions.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string',
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "": runAsUserName cannot be an empty string',
    ],
    [
      { spec: { securityContext: { windowsOptions: { runAsUserName: 'a\\b\\c' } } } },
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one backslash',
    ],
    [
      { spec: { securityContext: { windowsOptions: { runAsUserName: '?*\\b' } } } },
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "?*\\\\b": runAsUserName\'s Domain doesn\'t match the NetBios nor the DNS format',
    ],
    [
      { spec: { securityContext: { windowsOptions: { runAsUserName: 'd\\' } } } },
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "d\\\\": runAsUserName\'s User cannot be empty',
    ],
    [
      { spec: { securityContext: { windowsOptions: { runAsUserName: '. .' } } } },
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: ". .": runAsUserName\'s User cannot contain only periods or spaces',
    ],
    [
      { spec: { securityContext: { windowsOptions: { runAsUserName: 'a|b' } } } },
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a|b": runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]',
    ],
    [
      { spec: { securityContext: { windowsOptions: { runAsUserName: 'a\u0001' } } } },
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a\\u0001": runAsUserName cannot contain control characters',
    ],
    [
      {
        spec: {
          securityContext: {
            windowsOptions: {
              runAsUserName:
                'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
            },
          },
        },
      },
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": runAsUserName\'s User length must not be longer than 104 characters',
    ],
    [
      { spec: { securityContext: { windowsOptions: { hostProcess: true } } } },
      'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
    ],
    [
      {
        spec: {
          hostNetwork: true,
          securityContext: { windowsOptions: { hostProcess: true } },
          containers: [{ name: 'c', image: 'i', securityContext: { windowsOptions: { hostProcess: false } } }],
        },
      },
      'spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true',
    ],
  ]);
});
