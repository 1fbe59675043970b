import assert from 'node:assert/strict';
import type { Container, Pod } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { getPod, outputOf, shell } from '../../pods.ts';

type Variables = NonNullable<Draft<Container>['env']>;

const field = (name: string, fieldPath: string): Variables[number] => ({
  name,
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
});
const resources = [
  { name: 'CPU_LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
  { name: 'MEMORY_LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
];
const requests = [
  { name: 'CPU_REQUEST', valueFrom: { resourceFieldRef: { resource: 'requests.cpu' } } },
  { name: 'MEMORY_REQUEST', valueFrom: { resourceFieldRef: { resource: 'requests.memory' } } },
];
const given = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };

/** Runs `env` in a pod of that environment: its whole output must have each of the patterns, and the pod is given back. */
async function variablesOf(
  context: TestContext,
  env: Variables,
  rest: Draft<Container>,
  patterns: readonly RegExp[],
): Promise<{ readonly output: string; readonly pod: Pod }> {
  const output = await outputOf(context, 'itself', { containers: [{ ...shell('env'), ...rest, env }] });
  for (const pattern of patterns) assert.match(output, pattern);
  return { output, pod: await getPod(context, 'itself') };
}

const valueOf = (output: string, name: string): string | undefined =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(output)?.[1];
const ADDRESS = String.raw`(?:\d+\.){3}\d+|(?:[a-fA-F0-9]{0,4}:){1,7}[a-fA-F0-9]{1,4}`;

export const downwardEnvironmentTests = [
  conformanceTest(
    '[sig-node] Downward API should provide pod name, namespace and IP address as env vars',
    async (context) => {
      const env = [
        field('POD_NAME', 'metadata.name'),
        field('POD_NAMESPACE', 'metadata.namespace'),
        field('POD_IP', 'status.podIP'),
      ];
      const { output, pod } = await variablesOf(context, env, { resources: given }, [
        /^POD_NAME=itself$/m,
        new RegExp(`^POD_NAMESPACE=${context.namespace}$`, 'm'),
        new RegExp(`^POD_IP=(?:${ADDRESS})$`, 'm'),
      ]);
      assert.equal(valueOf(output, 'POD_IP'), pod.status.podIP);
    },
  ),

  conformanceTest('[sig-node] Downward API should provide host IP as an env var', async (context) => {
    const { output, pod } = await variablesOf(context, [field('HOST_IP', 'status.hostIP')], { resources: given }, [
      new RegExp(`^HOST_IP=(?:${ADDRESS})$`, 'm'),
    ]);
    assert.equal(valueOf(output, 'HOST_IP'), pod.status.hostIP);
  }),

  conformanceTest('[sig-node] Downward API should provide hostIPs as an env var', async (context) => {
    const env = [field('HOST_IP', 'status.hostIP'), field('HOST_IPS', 'status.hostIPs')];
    const { output } = await variablesOf(context, env, { resources: given }, [
      new RegExp(`^HOST_IP=(?:${ADDRESS})$`, 'm'),
      new RegExp(`^HOST_IPS=(?:${ADDRESS})`, 'm'),
    ]);
    assert.equal(valueOf(output, 'HOST_IPS')?.split(',')[0], valueOf(output, 'HOST_IP'));
  }),

  conformanceTest('[sig-node] Downward API should provide pod UID as env vars', async (context) => {
    const { output, pod } = await variablesOf(context, [field('POD_UID', 'metadata.uid')], { resources: given }, [
      /^POD_UID=[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{12}$/m,
    ]);
    assert.equal(valueOf(output, 'POD_UID'), pod.metadata.uid);
  }),

  conformanceTest(
    "[sig-node] Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars",
    async (context) => {
      await variablesOf(context, [...resources, ...requests], { resources: given }, [
        /^CPU_LIMIT=2$/m,
        /^MEMORY_LIMIT=67108864$/m,
        /^CPU_REQUEST=1$/m,
        /^MEMORY_REQUEST=33554432$/m,
      ]);
    },
  ),

  conformanceTest(
    '[sig-node] Downward API should provide default limits.cpu/memory from node allocatable',
    async (context) => {
      await variablesOf(context, resources, {}, [/^CPU_LIMIT=[1-9]\d*$/m, /^MEMORY_LIMIT=[1-9]\d*$/m]);
    },
  ),
];
