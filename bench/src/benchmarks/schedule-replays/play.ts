import { setTimeout as sleep } from 'node:timers/promises';
import { TaskGroup } from '@navarch/base';
import type { AddedCount } from '../../harness/added-count.ts';
import { ApiLoad } from '../../harness/api-load.ts';
import type { Context, Sample } from '../../harness/benchmark.ts';
import { startNavarchServer } from '../../harness/navarch-server.ts';
import { cpuSecondsOf, memoryOf } from '../../harness/processes.ts';
import { namespaceOf } from './bodies.ts';
import { BEFORE, type Body, MEASURED, type Meanwhile, type Replay } from './replay.ts';

/**
 * Longer than the longest back-off, and than it takes to look at thousands of pods before the first that others had to go
 * for is bound: each has its turn. A pod that is not placed for so long is not going to be.
 */
const QUIET_MS = 180_000;
const SETTLED_MS_MAX = 120_000;
const LISTED_MS_MAX = 30_000;

/** Nobody is there to say that nodes live, or to give away addresses: what upstream's benchmark goes without as well. */
const FLAGS = [
  '--controllers',
  '*,-node-lifecycle-controller,-node-ipam-controller,-taint-eviction-controller',
  '--disable-admission-plugins',
  'TaintNodesByCondition,Priority',
];

/** Pods a second through the API server, from the first create to the last binding that a watch has seen. */
export async function playReplay(
  { nodes, objects, before, measured, meanwhile }: Replay,
  context: Context,
): Promise<Sample> {
  const { signal } = context;
  const server = await startNavarchServer(context, FLAGS);
  try {
    using load = await ApiLoad.connect(server.access);
    const others = objects.filter(({ kind }) => kind !== 'Namespace');
    await createAll(load, [...namespacesOf(objects), ...nodes]);
    await createAll(load, others);
    await settled(load, others, signal);
    await placeBefore(before, load, signal);
    using bound = load.watch(boundPods(`/api/v1/namespaces/${MEASURED}/pods`));
    await using group = new TaskGroup(signal);
    if (meanwhile) group.spawn((s) => goOn(meanwhile, load, s));
    const [cpu, started] = [cpuSecondsOf(server.pid), performance.now()];
    await createAll(load, measured);
    const created = performance.now() - started;
    await reached(bound, measured.count, { load, namespace: MEASURED, signal });
    const seconds = (performance.now() - started) / 1000;
    return {
      figure: measured.count / seconds,
      details: {
        seconds,
        createSeconds: created / 1000,
        serverCpuSeconds: cpuSecondsOf(server.pid) - cpu,
        serverResidentMiB: memoryOf(server.pid).residentMiB,
      },
    };
  } finally {
    await server.stop();
  }
}

/** One sort after the other. Nobody watches them any more when the others are measured. */
async function placeBefore(before: Replay['before'], load: ApiLoad, signal: AbortSignal): Promise<void> {
  using placed = load.watch(boundPods('/api/v1/pods'));
  for (const pods of before) {
    const known = placed.seen;
    await createAll(load, pods);
    if (!pods.stayPending) await reached(placed, known + pods.count, { load, namespace: '', signal });
  }
}

interface Asked {
  readonly load: ApiLoad;
  /** '' for all. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** As AddedCount.reach(), whose error says besides what is there: a watch that stands still is not a scheduler that does. */
async function reached(watched: AddedCount, count: number, { load, namespace, signal }: Asked): Promise<void> {
  const path = namespace === '' ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`;
  const listed = async (): Promise<string> => {
    const pods = (JSON.parse(await load.request('GET', path)) as { items: readonly { spec: { nodeName?: string } }[] })
      .items;
    return `a list shows ${pods.length} pods, of which ${pods.filter(({ spec }) => spec.nodeName).length} are bound`;
  };
  try {
    await watched.reach(count, QUIET_MS, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const late = sleep(LISTED_MS_MAX, `a list is not answered within ${LISTED_MS_MAX / 1000} s`, { signal });
    const there = await Promise.race([listed(), late]).catch((failure: unknown) => `a list fails (${String(failure)})`);
    throw new Error(`${(error as Error).message}; ${there}`, { cause: error });
  }
}

const boundPods = (path: string): string => `${path}?watch=1&fieldSelector=${encodeURIComponent('spec.nodeName!=')}`;

function namespacesOf(objects: readonly Body[]): readonly Body[] {
  const own = objects.filter(({ kind }) => kind === 'Namespace');
  const missing = [BEFORE, MEASURED].filter((name) => !own.some(({ metadata }) => metadata.name === name));
  return [...own, ...missing.map((name) => namespaceOf(name))];
}

const RESOURCES: Readonly<Record<string, string>> = {
  DeviceClass: 'deviceclasses',
  CSINode: 'csinodes',
};

function pathOf({ apiVersion, kind, metadata: { namespace } }: Body): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const resource = RESOURCES[kind] ?? `${kind.toLowerCase()}s`;
  return namespace === undefined ? `${root}/${resource}` : `${root}/namespaces/${namespace}/${resource}`;
}

/** All of them; of a list or of a sort of pods. */
async function createAll(
  load: ApiLoad,
  what: readonly Body[] | { readonly count: number; body(index: number): Body },
): Promise<void> {
  const [count, bodyOf] =
    'body' in what ? [what.count, (i: number) => what.body(i)] : [what.length, (i: number) => what[i] as Body];
  await load.sendAll(count, (index) => {
    const body = bodyOf(index);
    return { path: pathOf(body), body: JSON.stringify(body) };
  });
}

/** Every namespace has its account, and every claim its volume: what controllers do to new objects is not to be measured. */
async function settled(load: ApiLoad, objects: readonly Body[], signal: AbortSignal): Promise<void> {
  const claims = objects.filter(({ kind }) => kind === 'PersistentVolumeClaim').length;
  const end = performance.now() + SETTLED_MS_MAX;
  const count = async (path: string, text: string): Promise<number> =>
    (await load.request('GET', path)).split(text).length - 1;
  const isSettled = async (): Promise<boolean> => {
    const namespaces = await count('/api/v1/namespaces', '"phase":"Active"');
    return (
      (await count('/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault', '"name":"default"')) >=
        namespaces &&
      (claims === 0 || (await count('/api/v1/persistentvolumeclaims', '"phase":"Bound"')) >= claims)
    );
  };
  while (!(await isSettled())) {
    if (performance.now() > end) throw new Error(`Not everything was there after ${SETTLED_MS_MAX / 1000} s`);
    await sleep(500, undefined, { signal });
  }
}

/** Step by step until the signal aborts; a step that takes longer than the pause is followed at once by the next. */
async function goOn({ everyMs, step }: Meanwhile, load: ApiLoad, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  for (let index = 0; !signal.aborted; index++) {
    await step(index, load);
    const pauseMs = began + (index + 1) * everyMs - performance.now();
    if (pauseMs > 0) await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
