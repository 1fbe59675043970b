import assert from 'node:assert/strict';
import { type Container, isReady, type Pod, pod } from '@navarch/api';
import { type Draft, quantityMilliValue, quantityValue } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { execute, outputOfExec } from '../../exec.ts';
import { getPod, removePod, shell, startPod, untilPod } from '../../pods.ts';

const RESIZE_MS = 300_000;

type List = Readonly<Record<string, string>>;
interface Resources {
  readonly requests?: List;
  readonly limits?: List;
}
/** What each container has, by name. */
type Sizes = Readonly<Record<string, Resources>>;

const sized = (name: string, resources: Resources): Draft<Container> & { readonly name: string } => ({
  ...shell('grep Cpus_allowed_list /proc/self/status | cut -f2 && sleep 1d'),
  name,
  resources,
});

const containersOf = (sizes: Sizes): ReturnType<typeof sized>[] =>
  Object.entries(sizes).map(([name, resources]) => sized(name, resources));

/** Only what was asked for is there, and all of it. */
function hasSpec({ spec }: Pod, sizes: Sizes): void {
  assert.deepEqual(Object.fromEntries(spec.containers.map((c) => [c.name, c.resources ?? {}])), sizes);
}

const statusOf = ({ status }: Pod): unknown =>
  Object.fromEntries((status.containerStatuses ?? []).map((c) => [c.name, c.resources]));

const sharesOf = (milli: number): number => Math.max(2, Math.floor((milli * 1024) / 1000));

/** CPU shares of version 1 as weights of version 2: runtimes convert in one of two ways. */
function weightsOf(milli: number): readonly string[] {
  const shares = sharesOf(milli);
  const linear = 1 + Math.floor(((shares - 2) * 9999) / 262142);
  const log = Math.log2(shares);
  return [linear, Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34))].map(String);
}

/** Which of a limit's files there is, by the version of cgroups that the node has. */
const FILES = {
  v1: { memory: 'memory/memory.limit_in_bytes', quota: 'cpu/cpu.cfs_quota_us', share: 'cpu/cpu.shares' },
  v2: { memory: 'memory.max', quota: 'cpu.max', share: 'cpu.weight' },
} as const;

/** What the kernel enforces, read in the container itself. */
async function hasCgroup(
  context: TestContext,
  name: string,
  container: string,
  { requests = {}, limits = {} }: Resources,
): Promise<void> {
  const isV2 =
    (await execute(context, name, ['test', '-e', '/sys/fs/cgroup/cgroup.controllers'], container)).code === 0;
  const files = isV2 ? FILES.v2 : FILES.v1;
  const [memory, quota, share] = (
    await outputOfExec(
      context,
      name,
      ['cat', ...Object.values(files).map((file) => `/sys/fs/cgroup/${file}`)],
      container,
    )
  )
    .trim()
    .split('\n');
  if (limits['memory'] !== undefined)
    assert.equal(memory, String(quantityValue(limits['memory'])), `memory of ${container}`);
  const wanted =
    limits['cpu'] === undefined ? undefined : String(Math.max(1000, quantityMilliValue(limits['cpu']) * 100));
  assert.equal(quota, isV2 ? `${wanted ?? 'max'} 100000` : (wanted ?? '-1'), `CPU quota of ${container}`);
  const request = requests['cpu'] ?? limits['cpu'];
  const milli = request === undefined ? 0 : quantityMilliValue(request);
  const shares = isV2 ? weightsOf(milli) : [String(sharesOf(milli))];
  assert.ok(shares.includes(share ?? ''), `CPU share of ${container} is ${share}, not ${shares.join(' or ')}`);
}

async function hasSizes(context: TestContext, current: Pod, sizes: Sizes): Promise<void> {
  for (const [container, resources] of Object.entries(sizes))
    await hasCgroup(context, current.metadata.name, container, resources);
  assert.deepEqual(statusOf(current), sizes);
}

const isResizing = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type }) => type === 'PodResizePending' || type === 'PodResizeInProgress') ?? false;
const isSame = (a: unknown, b: unknown): boolean => {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
};

async function started(context: TestContext, sizes: Sizes): Promise<Pod> {
  const made = await startPod(
    context,
    'resized',
    {
      os: { name: 'linux' },
      restartPolicy: 'OnFailure',
      terminationGracePeriodSeconds: 0,
      containers: containersOf(sizes),
    },
    { labels: { time: context.unique } },
  );
  hasSpec(made, sizes);
  await hasSizes(context, made, sizes);
  return made;
}

/** The resize has been taken, carried out and told, and no container was restarted for it. */
async function isResized(context: TestContext, answer: Pod, sizes: Sizes): Promise<void> {
  hasSpec(answer, sizes);
  const resized = await untilPod(context, 'resized', 'having its new resources', RESIZE_MS, (current) => {
    assert.ok(
      !current.status.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible'),
      'the resize is infeasible',
    );
    return isSame(statusOf(current), sizes) && !isResizing(current) && isReady(current);
  });
  await hasSizes(context, resized, sizes);
  assert.deepEqual(
    resized.status.containerStatuses?.map(({ restartCount }) => restartCount),
    Object.keys(sizes).map(() => 0),
  );
}

const patched = (context: TestContext, sizes: Sizes): Promise<Pod> =>
  context.api.of(pod).patch(
    `${context.namespace}/resized`,
    {
      type: 'strategic',
      body: { spec: { containers: Object.entries(sizes).map(([name, resources]) => ({ name, resources })) } },
    },
    { subresource: 'resize' },
  );

export const podResizeTests = [
  conformanceTest(
    '[sig-node] Pod InPlace Resize Container burstable pods - extended 6 containers - various operations performed (including adding limits and requests)',
    async (context) => {
      await started(context, {
        c1: { requests: { cpu: '20m' } },
        c2: { requests: { memory: '20Mi' } },
        c3: { requests: { cpu: '20m', memory: '20Mi' } },
        c4: { requests: { cpu: '20m' } },
        c5: { requests: { memory: '20Mi' } },
        c6: {},
      });
      const wanted: Sizes = {
        c1: { requests: { cpu: '25m' }, limits: { cpu: '35m' } },
        c2: { requests: { memory: '15Mi' }, limits: { memory: '35Mi' } },
        c3: { requests: { cpu: '20m', memory: '15Mi' } },
        c4: { requests: { cpu: '15m', memory: '20Mi' } },
        c5: { requests: { cpu: '20m', memory: '25Mi' } },
        c6: { requests: { cpu: '20m', memory: '20Mi' }, limits: { cpu: '30m', memory: '30Mi' } },
      };
      await isResized(context, await patched(context, wanted), wanted);
      await removePod(context, 'resized');
    },
  ),

  conformanceTest(
    '[sig-node] Pod InPlace Resize Container burstable pods - extended resize with equivalents',
    async (context) => {
      // Too small for the kernel to tell apart: the status is to show what was asked for.
      const [original, wanted]: readonly Sizes[] = [
        { c1: { requests: { cpu: '2m' }, limits: { cpu: '10m' } } },
        { c1: { requests: { cpu: '1m' }, limits: { cpu: '5m' } } },
      ];
      await started(context, original ?? {});
      for (const sizes of [wanted ?? {}, original ?? {}])
        await isResized(context, await patched(context, sizes), sizes);
      await removePod(context, 'resized');
    },
  ),

  conformanceTest('[sig-node] Pod InPlace Resize Container resize pod via the replace endpoint', async (context) => {
    const original: Sizes = {
      c1: { requests: { cpu: '20m', memory: '20Mi' }, limits: { cpu: '20m', memory: '20Mi' } },
    };
    const wanted: Sizes = { c1: { requests: { cpu: '25m', memory: '25Mi' }, limits: { cpu: '25m', memory: '25Mi' } } };
    await started(context, original);
    const current = await getPod(context, 'resized');
    const containers = current.spec.containers.map((c) => ({ ...c, resources: { ...c.resources, ...wanted[c.name] } }));
    await isResized(
      context,
      await context.api
        .of(pod)
        .update(`${context.namespace}/resized`, (now) => ({ ...now, spec: { ...now.spec, containers } }), {
          subresource: 'resize',
        }),
      wanted,
    );
    await removePod(context, 'resized');
  }),
];
