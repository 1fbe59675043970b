import { deployment, endpointSlice, isNodeReady, node as nodeKind, pod, type Pod, service } from '@navarch/api';
import { setTimeout as sleep } from 'node:timers/promises';
import { compared } from '../compared.ts';
import { settled, type World } from '../world.ts';

const READY_MS = 120_000;
const AGREE_MS = 120_000;
/** A node is missed 50 s after it was last heard of (upstream's node-monitor-grace-period), and that is looked at every 5 s. */
const MISSED_MS_MAX = 75_000;
/** Endpoints go with the readiness of their pods, which goes with that of the node. */
const ENDPOINTS_MS_MAX = 5_000;
/** Pods stay for five minutes on a node that is missed, as upstream has it. */
const REPLACED_MS_MAX = 5 * 60_000 + MISSED_MS_MAX + 30_000;
const OFF_MS = 6 * 60_000;
const CUT_MS = 30_000;
const REPLICAS = 8;
const LABELS = { app: 'web' };

/** A node is off for six minutes: its endpoints go, its pods are replaced, and when it is back nothing is left of them. */
export async function lostNode(world: World): Promise<readonly string[]> {
  const wrong: string[] = [...(await serve(world))];
  const gone = world.nodes[1]?.name ?? '';
  const began = performance.now();
  const seconds = (): string => ((performance.now() - began) / 1000).toFixed(1);
  await world.navarch('node', 'stop', gone);
  wrong.push(...(await settled(() => stillReady(world, gone), { timeoutMs: MISSED_MS_MAX, everyMs: 200 })));
  world.say(`${gone} is not ready any more ${seconds()} s after it was stopped`);
  wrong.push(...(await settled(() => endpointsOn(world, gone), { timeoutMs: ENDPOINTS_MS_MAX, everyMs: 200 })));
  world.say(`its endpoints are gone ${seconds()} s after it was stopped`);
  wrong.push(...(await settled(() => readyPods(world, gone), { timeoutMs: REPLACED_MS_MAX })));
  world.say(`its pods are replaced ${seconds()} s after it was stopped`);
  await sleep(Math.max(0, OFF_MS - (performance.now() - began)));
  await world.navarch('node', 'start', gone);
  wrong.push(...(await settled(() => nodesReady(world), { timeoutMs: READY_MS })));
  wrong.push(...(await settled(() => compared(world), { timeoutMs: AGREE_MS })));
  world.say(`all is well ${seconds()} s after it was stopped`);
  return [...wrong, ...(await readyPods(world))];
}

/** The link between two nodes is cut for half a minute: nothing is restarted, nobody moves, and packets pass again. */
export async function cutLink(world: World): Promise<readonly string[]> {
  const wrong: string[] = [...(await serve(world))];
  const before = await identities(world);
  const port = world.nodes[1]?.cable?.port ?? '';
  await world.run('ip', 'link', 'set', port, 'down');
  await sleep(CUT_MS);
  await world.run('ip', 'link', 'set', port, 'up');
  const healed = performance.now();
  wrong.push(...(await settled(() => pages(world), { timeoutMs: READY_MS })));
  world.say(`every pod answers ${((performance.now() - healed) / 1000).toFixed(1)} s after the link was mended`);
  wrong.push(...(await settled(() => nodesReady(world), { timeoutMs: READY_MS })));
  const after = await identities(world);
  if (after !== before) wrong.push(`pods were ${before} and are ${after}`);
  return [...wrong, ...(await settled(() => compared(world), { timeoutMs: AGREE_MS }))];
}

async function serve(world: World): Promise<readonly string[]> {
  const { api } = world;
  const containers = [{ name: 'main', image: 'nginx', imagePullPolicy: 'IfNotPresent' as const }];
  const metadata = { namespace: 'default', name: 'web' };
  await api.of(deployment).create({
    metadata,
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: { containers } },
    },
  });
  await api.of(service).create({ metadata, spec: { selector: LABELS, ports: [{ port: 80 }] } });
  return settled(() => readyPods(world), { timeoutMs: READY_MS });
}

const pods = async ({ api }: World): Promise<readonly Pod[]> =>
  (await api.of(pod).list({ namespace: 'default', labelSelector: 'app=web' })).items;

const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;

/** As many as are wanted, none of them on a node that is away. */
async function readyPods(world: World, except?: string): Promise<readonly string[]> {
  const found = (await pods(world)).filter(
    (one) => isReady(one) && !one.metadata.deletionTimestamp && one.spec.nodeName !== except,
  );
  return found.length === REPLICAS ? [] : [`${found.length} of ${REPLICAS} pods are ready`];
}

async function endpointsOn({ api }: World, name: string): Promise<readonly string[]> {
  const { items } = await api
    .of(endpointSlice)
    .list({ namespace: 'default', labelSelector: 'kubernetes.io/service-name=web' });
  return items.flatMap(({ endpoints }) =>
    (endpoints ?? [])
      .filter(({ nodeName, conditions }) => nodeName === name && conditions?.ready !== false)
      .map(({ targetRef }) => `endpoint ${targetRef?.name} is still there`),
  );
}

const stillReady = async ({ api }: World, name: string): Promise<readonly string[]> =>
  isNodeReady(await api.of(nodeKind).get(name)) ? [`node ${name} is still ready`] : [];

async function nodesReady({ api }: World): Promise<readonly string[]> {
  const { items } = await api.of(nodeKind).list();
  return items.filter((one) => !isNodeReady(one)).map(({ metadata }) => `node ${metadata.name} is not ready`);
}

const identities = async (world: World): Promise<string> =>
  (await pods(world))
    .map(({ metadata, status }) => `${metadata.name}/${status.containerStatuses?.[0]?.restartCount ?? 0}`)
    .sort()
    .join(' ');

/** Asks every pod from here. */
async function pages(world: World): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { metadata, status } of await pods(world))
    await fetch(`http://${status.podIP}/`, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.text(),
      () => wrong.push(`pod ${metadata.name} does not answer`),
    );
  return wrong;
}
