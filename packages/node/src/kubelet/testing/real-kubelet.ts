import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Event, event, isTerminal, type Pod, pod, serviceAccount } from '@navarch/api';
import { directApi, serve, systemUser } from '@navarch/apiserver';
import { aborted, silent, TaskGroup } from '@navarch/base';
import type { Api } from '@navarch/client';
import { resourceSettings, type ResourceTexts, runKubelet } from '@navarch/kubelet';
import type { Draft } from '@navarch/machinery';
import { MemoryStore } from '@navarch/store';
import { type PrivateRuntime, startPrivateRuntime } from '../../cri/testing/private-runtime.ts';
import { teardownContainerd } from '../../containerd/stop.ts';
import { openCgroups, unmountBelow } from '../../host/index.ts';
import { openTokenKeys } from '../../token-keys/index.ts';
import { systemClock, systemRandom } from '../../system/index.ts';
import { nodeDevicePluginSockets } from '../../devices/index.ts';
import { nodeDraSockets } from '../../dra/index.ts';
import { nodePluginSockets } from '../../plugin-registration/index.ts';
import { nodePodResourcesSocket } from '../../pod-resources/index.ts';
import { nodeFiles } from '../files.ts';
import { hostFacts } from '../host-facts.ts';
import { nodeCertificateKeys } from '../certificate-keys.ts';
import { machineTopology } from '../machine-topology.ts';
import { nodeProber } from '../prober.ts';

/** A kubelet on a containerd of its own, beside an API server in memory: no scheduler, no controllers, one node `here`. */
export interface RealKubelet extends AsyncDisposable {
  readonly api: Api;
  readonly host: PrivateRuntime;
  readonly dir: string;
  /** Creates a pod on the node. Its name is its file name in messages; `spec` may leave out what does not matter. */
  run(name: string, spec: object, metadata?: object): Promise<Pod>;
  /** Asks until it is so, and resolves to the pod as it was then. */
  until(name: string, isSo: (pod: Pod) => boolean, what: string): Promise<Pod>;
  /** Runs a pod to its end and resolves to what its first container left as its message, with the exit code. */
  outcome(name: string, spec: object, metadata?: object): Promise<string>;
  /** Deletes a pod and waits until it is gone. */
  remove(name: string): Promise<void>;
  /** The kubelet ends in the middle of what it does and begins again; what runs goes on. */
  restart(): Promise<void>;
  /** `Reason: message` of every event about a pod, oldest first. */
  events(name: string): Promise<readonly string[]>;
}

const POD_NODE = 'here';
const NODE_IP = '192.0.2.1';

export async function startRealKubelet(
  archives: readonly string[],
  registries: Parameters<typeof startPrivateRuntime>[1],
  signal: AbortSignal,
  resources: ResourceTexts = {},
): Promise<RealKubelet> {
  const dir = mkdtempSync(join(tmpdir(), 'nvk-'));
  const host = await startPrivateRuntime(archives, registries, signal);
  const lifetime = new AbortController();
  const group = new TaskGroup(lifetime.signal);
  const stop = async (): Promise<void> => {
    lifetime.abort(new Error('The test is over'));
    await group[Symbol.asyncDispose]().catch(() => undefined);
    host.runtime[Symbol.dispose]();
    await teardownContainerd(host.teardown, AbortSignal.timeout(60_000));
    await unmountBelow(dir, AbortSignal.timeout(10_000));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const { api, restart } = await startNode(host, dir, resources, group);
    const asked = asking(api, signal);
    return {
      ...asked,
      restart,
      api,
      host,
      dir,
      [Symbol.asyncDispose]: async () => {
        for (const { metadata } of (await api.of(pod).list({ namespace: 'default' })).items)
          await asked.remove(metadata.name);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startNode(
  host: PrivateRuntime,
  dir: string,
  resources: ResourceTexts,
  group: TaskGroup,
): Promise<Pick<RealKubelet, 'api' | 'restart'>> {
  const served = await serve(
    {
      store: new MemoryStore(),
      clock: systemClock,
      random: systemRandom(),
      log: silent,
      tokens: await openTokenKeys(dir),
      issuer: 'https://kubernetes.default.svc',
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: NODE_IP,
      advertisePort: 6443,
    },
    group.signal,
  );
  const api = directApi(served.server, systemUser);
  await api.of(serviceAccount).create({ metadata: { name: 'default', namespace: 'default' } });
  mkdirSync(join(dir, 'kubelet'));
  const start = (): TaskGroup => {
    const life = new TaskGroup(group.signal);
    life.spawn((s) =>
      runKubelet(
        {
          api,
          runtime: host.runtime,
          files: nodeFiles(s),
          cgroups: openCgroups(),
          prober: nodeProber,
          keys: nodeCertificateKeys,
          clock: systemClock,
          random: systemRandom(),
          log: silent,
          host: hostFacts(dir, POD_NODE),
          nodeName: POD_NODE,
          nodeIP: NODE_IP,
          kubeletPort: 10_250,
          version: 'v1.37.0',
          podsMax: 110,
          topology: machineTopology(),
          resourceSettings: resourceSettings(resources),
          devicePluginSockets: nodeDevicePluginSockets,
          draSockets: nodeDraSockets,
          podResourcesSocket: nodePodResourcesSocket,
          pluginSockets: nodePluginSockets,
          labels: {},
          dns: { clusterDns: '', clusterDomain: 'cluster.local' },
          dirs: { root: join(dir, 'kubelet'), podLogs: join(dir, 'pod-logs'), cgroupRoot: host.cgroupRoot },
        },
        s,
      ),
    );
    return life;
  };
  let running = start();
  group.spawn(async (s) => {
    await aborted(s);
    await running[Symbol.asyncDispose]();
  });
  return {
    api,
    async restart() {
      await running[Symbol.asyncDispose]();
      running = start();
    },
  };
}

function asking(
  api: Api,
  signal: AbortSignal,
): Omit<RealKubelet, 'api' | 'host' | 'dir' | 'restart' | typeof Symbol.asyncDispose> {
  const run = (name: string, spec: object, metadata: object = {}): Promise<Pod> =>
    api.of(pod).create({
      metadata: { name, namespace: 'default', ...metadata },
      spec: {
        nodeName: POD_NODE,
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        ...spec,
      },
    } as Draft<Pod>);
  const until = async (name: string, isSo: (pod: Pod) => boolean, what: string): Promise<Pod> => {
    for (const end = Date.now() + 30_000; ;) {
      const current = await api.of(pod).get(`default/${name}`);
      if (isSo(current)) return current;
      if (Date.now() > end)
        throw new Error(
          `${name}: ${what} did not come about: ${JSON.stringify(current.status, undefined, 1)} ${(await events(name)).join('\n')}`,
        );
      await sleep(50, undefined, { signal });
    }
  };
  const events = async (name: string): Promise<readonly string[]> => {
    const { items } = await api.of(event).list({ namespace: 'default', fieldSelector: `involvedObject.name=${name}` });
    return items
      .toSorted((a: Event, b: Event) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map((e: Event) => `${e.reason}: ${e.message}`);
  };
  return {
    run,
    until,
    events,
    async outcome(name, spec, metadata) {
      await run(name, spec, metadata);
      const over = await until(name, isTerminal, 'its end');
      const state = over.status.containerStatuses?.[0]?.state?.terminated;
      return `${state?.message ?? ''}${state?.exitCode === 0 ? '' : ` (exit ${state?.exitCode})`}`;
    },
    async remove(name) {
      await api.of(pod).delete(`default/${name}`);
      for (const end = Date.now() + 30_000; ;) {
        if (
          (await api.of(pod).list({ namespace: 'default', fieldSelector: `metadata.name=${name}` })).items.length === 0
        )
          return;
        if (Date.now() > end) throw new Error(`${name} is still there`);
        await sleep(50, undefined, { signal });
      }
    },
  };
}
