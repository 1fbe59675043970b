import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { node, pod, type Pod, resourceClaim, resourceSlice, serviceAccount } from '@navarch/api';
import { silent, TaskGroup } from '@navarch/base';
import type { Api } from '@navarch/client';
import { MemoryRuntime, runKubelet } from '@navarch/kubelet';
import type { Draft } from '@navarch/machinery';
import { nodeDevicePluginSockets } from '@navarch/node/devices';
import { nodeDraSockets } from '@navarch/node/dra';
import { hostFacts, nodeCertificateKeys, nodeFiles, nodeProber } from '@navarch/node/kubelet';
import { nodePluginSockets } from '@navarch/node/plugin-registration';
import { nodePodResourcesSocket } from '@navarch/node/pod-resources';
import { systemClock, systemRandom } from '@navarch/node/system';
import { serving } from '../client/serve.ts';
import { built } from '../go.ts';
import type { Oracle } from '../oracle.ts';
import { running, until } from './programs.ts';

const NODE = 'here';
const CLOCK = 'oracle.example.com/clock';
const DRIVER = 'oracle.example.com';

/** A device plugin, a DRA driver and an agent, all of official modules, with a kubelet of ours. */
export const devicesOracle: Oracle = {
  name: 'devices',
  async run({ say }) {
    const program = await built('devices');
    const dir = mkdtempSync(join(tmpdir(), 'navarch-devices-'));
    try {
      await using server = await serving();
      await using group = new TaskGroup(new AbortController().signal);
      const root = join(dir, 'kubelet');
      mkdirSync(root);
      await server.api.of(serviceAccount).create({ metadata: { name: 'default', namespace: 'default' } });
      const runtime = new MemoryRuntime({ clock: systemClock, random: systemRandom() }, group.signal);
      const made: string[][] = [];
      const create = runtime.createContainer.bind(runtime);
      runtime.createContainer = (request, signal) => {
        made.push((request.config?.cdiDevices ?? []).map(({ name }) => name ?? ''));
        return create(request, signal);
      };
      group.spawn((s) => runKubelet(kubeletDeps(server.api, runtime, dir, s), s));
      await until('the kubelet listens', async () =>
        (await nodePluginSockets.list(join(root, 'device-plugins'))).some(({ path }) => path.endsWith('kubelet.sock')),
      );
      await compare(program, { root, url: server.url, api: server.api, made });
      say('ok   devices: plugin, driver and agent of the official modules work with this kubelet');
      return { passed: 1, failed: 0 };
    } catch (error) {
      say(`FAIL devices: ${(error as Error).stack}`);
      return { passed: 0, failed: 1 };
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

interface Scene {
  readonly root: string;
  readonly url: string;
  readonly api: Api;
  /** CDI devices of each container that was made. */
  readonly made: readonly (readonly string[])[];
}

async function compare(program: string, { root, url, api, made }: Scene): Promise<void> {
  await using plugin = running(program, 'plugin', join(root, 'device-plugins'));
  await using driver = running(program, 'driver', root, url, 'oracle', NODE);
  await plugin.hears('registered');
  assert.match(
    plugin.said.find((line) => line.startsWith('refused')) ?? '',
    /requested API version "v1alpha1" is not supported by kubelet. Supported version is \["v1beta1"\]/,
  );
  await driver.hears('registered {"plugin_registered":true');
  await until('the node offers two of three clocks', async () => {
    const { status } = await api.of(node).get(NODE);
    return status.capacity?.[CLOCK] === '3' && status.allocatable?.[CLOCK] === '2';
  });
  await until('the driver offers its devices', async () => (await api.of(resourceSlice).list()).items.length === 1);
  await runPod(api);
  const current = (): Promise<Pod> => api.of(pod).get('default/user');
  await until(
    'the pod runs',
    async () => (await current()).status.phase === 'Running',
    async () =>
      JSON.stringify((await current()).status, undefined, 1) + driver.said.join('\n') + plugin.said.join('\n'),
  );
  assert.deepEqual(plugin.said.slice(-3), ['prefer ["a","b"]', 'allocate ["b"]', 'start ["b"]']);
  assert.deepEqual(driver.said.slice(-1), ['prepare devices']);
  assert.deepEqual(made, [[`${CLOCK}=b`, `${DRIVER}/device=one`]]);
  await until('its devices are known to be well', async () => {
    const statuses = (await current()).status.containerStatuses?.[0]?.allocatedResourcesStatus ?? [];
    return statuses.length === 2 && statuses.every(({ resources }) => resources?.[0]?.health === 'Healthy');
  });
  await using agent = running(program, 'agent', join(root, 'pod-resources', 'kubelet.sock'));
  await agent.hears('get');
  const [list = '', allocatable = '', get = ''] = agent.said;
  for (const part of ['"name":"user"', `"resource_name":"${CLOCK}","device_ids":["b"]`, `"claim_name":"devices"`])
    assert.ok(list.includes(part), `${part} is in ${list}`);
  assert.match(allocatable, /"device_ids":\["a"\],"topology"/);
  assert.match(get, /pod nobody in namespace default not found/);
  await api.of(pod).delete('default/user');
  await driver.hears('unprepare devices');
}

/** As the scheduler leaves them: bound, and with a claim that is allocated and reserved. */
async function runPod(api: Api): Promise<void> {
  const request = { name: 'one', exactly: { deviceClassName: 'any' } };
  await api.of(resourceClaim).create({
    metadata: { name: 'devices', namespace: 'default' },
    spec: { devices: { requests: [request] } },
  });
  const user = await api.of(pod).create({
    metadata: { name: 'user', namespace: 'default' },
    spec: {
      nodeName: NODE,
      automountServiceAccountToken: false,
      schedulingGates: [],
      resourceClaims: [{ name: 'devices', resourceClaimName: 'devices' }],
      containers: [{ name: 'c', image: 'x', resources: { limits: { [CLOCK]: '1' }, claims: [{ name: 'devices' }] } }],
    },
  } as Draft<Pod>);
  const result = { request: 'one', driver: DRIVER, pool: NODE, device: 'one' };
  await api.of(resourceClaim).update(
    'default/devices',
    (claim) => ({
      ...claim,
      status: {
        allocation: { devices: { results: [result] } },
        reservedFor: [{ resource: 'pods', name: 'user', uid: user.metadata.uid }],
      },
    }),
    { subresource: 'status' },
  );
}

function kubeletDeps(
  api: Api,
  runtime: MemoryRuntime,
  dir: string,
  signal: AbortSignal,
): Parameters<typeof runKubelet>[0] {
  return {
    api,
    runtime,
    files: nodeFiles(signal),
    cgroups: { ensure: () => undefined, children: () => [], remove: () => true },
    prober: nodeProber,
    keys: nodeCertificateKeys,
    clock: systemClock,
    random: systemRandom(),
    log: silent,
    host: hostFacts(dir, NODE),
    nodeName: NODE,
    nodeIP: '192.0.2.1',
    kubeletPort: 10_250,
    version: 'v1.37.0',
    podsMax: 110,
    labels: {},
    dns: { clusterDns: '', clusterDomain: 'cluster.local' },
    dirs: { root: join(dir, 'kubelet'), podLogs: join(dir, 'pod-logs'), cgroupRoot: '/none' },
    devicePluginSockets: nodeDevicePluginSockets,
    draSockets: nodeDraSockets,
    pluginSockets: nodePluginSockets,
    podResourcesSocket: nodePodResourcesSocket,
  };
}
