import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { csiDriver, csiNode, event, persistentVolume, persistentVolumeClaim, pod } from '@navarch/api';
import { findDaemon } from '../../cluster/daemon.ts';
import { compared } from '../compared.ts';
import { kill } from '../faults.ts';
import { gone, NAMESPACE, others, ready, READY_MS, start } from '../others.ts';
import { fromRuntime } from '../reality.ts';
import { settled, type World } from '../world.ts';

const PROGRAM = join(import.meta.dirname, '../../../../../images/csi-driver/main.ts');
const DRIVER = 'csi.navarch.dev';
/** More than the agent has threads for files. */
const HUNG_PODS = 6;
/** A call has two minutes, and then somebody is told. */
const CALL_MS = 120_000;
const GRACE_MS = 15_000;
/** Until a driver that answers again is asked, and has answered. */
const AGAIN_MS = 2 * CALL_MS + 30_000;

/**
 * A CSI driver that stands still, while pods wait for its volumes and others have them already: other pods of the node come and
 * go as always, an agent that is killed comes back, pods that are deleted end within their grace. When the driver goes on, what
 * waited for it starts, what was deleted goes, and nothing is left.
 */
export async function hungDriver(world: World): Promise<readonly string[]> {
  const driver = await startDriver(world);
  const wrong: string[] = [];
  try {
    await claimed(world, 'fine');
    await start(world, 'inline', { csi: { driver: DRIVER } }, 'fine');
    wrong.push(...(await settled(() => ready(world, ['fine', 'inline']), { timeoutMs: READY_MS })));
    driver.kill('SIGSTOP');
    world.say('the driver stands still');
    const waiting = ['claimed', ...Array.from({ length: HUNG_PODS }, (_, i) => `inline-${i}`)];
    await claimed(world, 'claimed');
    for (const name of waiting.slice(1)) await start(world, name, { csi: { driver: DRIVER } }, 'hung');
    wrong.push(...(await others(world, CALL_MS + 5_000)));
    wrong.push(...(await untold(world)));
    const agent = findDaemon(world.layout, 'agent');
    if (agent) kill(agent.pid);
    await world.navarch('up');
    world.say('the agent was killed, and is there again');
    wrong.push(...(await others(world, 20_000)));
    for (const name of ['fine', 'inline', 'inline-0']) await world.api.of(pod).delete(`${NAMESPACE}/${name}`);
    wrong.push(...(await settled(() => running(world, ['fine', 'inline']), { timeoutMs: GRACE_MS })));
    world.say('pods that were deleted have ended');
    driver.kill('SIGCONT');
    const began = performance.now();
    const goesOn = waiting.filter((name) => name !== 'inline-0');
    wrong.push(...(await settled(() => ready(world, goesOn), { timeoutMs: AGAIN_MS })));
    world.say(`what waited is ready ${((performance.now() - began) / 1000).toFixed(1)} s after the driver goes on`);
    for (const name of goesOn) await world.api.of(pod).delete(`${NAMESPACE}/${name}`);
    wrong.push(...(await settled(() => gone(world), { timeoutMs: AGAIN_MS })));
    for (const name of ['fine', 'claimed']) {
      await world.api.of(persistentVolumeClaim).delete(`${NAMESPACE}/${name}`);
      await world.api.of(persistentVolume).delete(name);
    }
    wrong.push(...(await settled(async () => [...mounted(), ...(await compared(world))], { timeoutMs: READY_MS })));
    return wrong;
  } finally {
    driver.kill('SIGKILL');
  }
}

/** The example driver on the first node, once the node says that it is there. */
async function startDriver({ layout, nodes, api }: World): Promise<ChildProcess> {
  await api.of(csiDriver).create({
    metadata: { name: DRIVER },
    spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: ['Persistent', 'Ephemeral'] },
  });
  const node = nodes[0]?.name ?? '';
  const kubelet = join(layout.dir, 'kubelet');
  const volumes = join(layout.dir, 'csi-volumes');
  const places = {
    endpoint: join(kubelet, 'plugins', DRIVER, 'csi.sock'),
    'registration-dir': join(kubelet, 'plugins_registry'),
    'data-dir': volumes,
    node,
  };
  // As its controller would have left them.
  for (const name of ['fine', 'claimed']) {
    mkdirSync(join(volumes, name), { recursive: true, mode: 0o777 });
    const record = { id: name, name, bytes: 1 << 20, isBlock: false, zone: 'here', nodes: [node] };
    writeFileSync(join(volumes, `${name}.json`), JSON.stringify(record));
  }
  const flags = Object.entries(places).flatMap(([flag, value]) => [`--${flag}`, value]);
  const driver = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const known = async (): Promise<readonly string[]> => {
    const { spec } = await api.of(csiNode).get(node);
    return (spec.drivers ?? []).some(({ name }) => name === DRIVER) ? [] : ['the driver is not registered'];
  };
  const [problem] = await settled(known, { timeoutMs: READY_MS });
  if (problem !== undefined) throw new Error(problem);
  return driver;
}

/** A pod with a volume of the driver that bears its name. */
async function claimed(world: World, name: string): Promise<void> {
  const spec = { accessModes: ['ReadWriteOnce'] as const, storageClassName: '' };
  const storage = { storage: '1Mi' };
  await world.api.of(persistentVolume).create({
    metadata: { name },
    spec: {
      ...spec,
      capacity: storage,
      csi: { driver: DRIVER, volumeHandle: name },
      claimRef: { namespace: NAMESPACE, name },
    },
  });
  await world.api.of(persistentVolumeClaim).create({
    metadata: { namespace: NAMESPACE, name },
    spec: { ...spec, volumeName: name, resources: { requests: storage } },
  });
  await start(world, name, { persistentVolumeClaim: { claimName: name } }, 'hung');
}

/** What no event says of those who wait. */
async function untold({ api }: World): Promise<readonly string[]> {
  const { items } = await api.of(event).list({ namespace: NAMESPACE });
  const said = 'rpc error: code = DeadlineExceeded desc = context deadline exceeded';
  return [
    ['claimed', `MountVolume.MountDevice failed for volume "claimed" : ${said}`],
    ['inline-0', `MountVolume.SetUp failed for volume "data" : ${said}`],
  ]
    .filter(([name, words]) => !items.some((one) => one.involvedObject.name === name && one.message === words))
    .map(([name, words]) => `no event of pod ${name} says: ${words}`);
}

/** Which of these pods have a container that runs. */
async function running(world: World, names: readonly string[]): Promise<readonly string[]> {
  const [node] = world.nodes;
  if (!node) return [];
  const { containers, sandboxes } = await fromRuntime(node, world.signal);
  const alive = new Set(containers.flatMap(({ sandbox, isRunning }) => (isRunning ? [sandbox] : [])));
  return sandboxes
    .filter(({ id, pod: of }) => alive.has(id) && names.some((name) => of === `${NAMESPACE}/${name}`))
    .map(({ pod: of }) => `pod ${of} still runs`);
}

const mounted = (): readonly string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes('csi-volumes') || line.includes('kubernetes.io~csi'))
    .map((line) => `still mounted: ${line.split(' ')[4]}`);
