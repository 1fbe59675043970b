import { deviceClass, deviceTaintRule, resourceClaim, resourceClaimTemplate, resourceSlice } from '@navarch/api';
import { conformanceTest, type ConformanceTest, type TestContext } from '../../conformance-test.ts';
import { checkLifecycle } from '../../resource-lifecycle.ts';

const PREFIX = '[sig-node] CRUD Tests resource.k8s.io/v1';
const spec = { devices: { requests: [{ name: 'req-0', exactly: { deviceClassName: 'dra-test' } }] } };
/** Claims and templates may not change what they ask for: what changes is what they are called. */
const named = { metadata: { labels: { stage: 'changed' }, annotations: { note: 'changed' } } };
const driver = 'dra.example.com';
const device = { request: 'req-0', driver, pool: 'some-pool', device: 'some-device' };
/** Of a type that no controller knows: of its own it would soon say something else. */
const condition = {
  type: 'example.com/Tested',
  status: 'True',
  reason: 'Tested',
  message: 'kept beside what controllers say',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

const lifecycles: Readonly<Record<string, (context: TestContext) => Promise<void>>> = {
  DeviceClass: (context) =>
    checkLifecycle(context, {
      kind: deviceClass,
      initial: {
        metadata: { name: `class-${context.unique}` },
        spec: { selectors: [{ cel: { expression: 'device.driver == "dra.example.com"' } }] },
      },
      change: { spec: { selectors: [{ cel: { expression: 'device.driver == "other.example.com"' } }] } },
    }),
  DeviceTaintRule: (context) =>
    checkLifecycle(context, {
      // Without a pool of that name nothing is tainted.
      kind: deviceTaintRule,
      initial: {
        metadata: { name: `rule-${context.unique}` },
        spec: {
          deviceSelector: { pool: `none-${context.unique}` },
          taint: { key: 'example.com/taint', effect: 'NoSchedule' },
        },
      },
      change: { spec: { taint: { key: 'example.com/taint', effect: 'NoExecute' } } },
      status: { status: { conditions: [condition] } },
    }),
  ResourceClaim: (context) =>
    checkLifecycle(context, {
      kind: resourceClaim,
      initial: { metadata: { name: 'claim' }, spec },
      change: named,
      status: { status: { allocation: { devices: { results: [device] } } } },
    }),
  ResourceClaimTemplate: (context) =>
    checkLifecycle(context, {
      kind: resourceClaimTemplate,
      initial: { metadata: { name: 'template' }, spec: { spec } },
      change: named,
    }),
  ResourceSlice: (context) =>
    checkLifecycle(context, {
      kind: resourceSlice,
      initial: {
        metadata: { name: `slice-${context.unique}` },
        spec: {
          driver,
          nodeName: `no-such-node-${context.unique}`,
          pool: { name: 'some-pool', generation: 1, resourceSliceCount: 1 },
          devices: [{ name: 'device-0' }],
        },
      },
      change: { spec: { devices: [{ name: 'device-0' }, { name: 'device-1' }] } },
    }),
};

export const deviceResourceTests: readonly ConformanceTest[] = Object.entries(lifecycles).map(([kind, run]) =>
  conformanceTest(`${PREFIX} ${kind}`, run),
);
