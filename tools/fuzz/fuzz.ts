import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { builtinKinds } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { apiVersionOf, writeJson } from '@navarch/machinery';
import { Lane, type Outcome } from './clients.ts';
import { Draw } from './draw.ts';
import { CUSTOM, type FuzzRequest, nextRequest } from './requests.ts';
import { definition, type FuzzTarget, fuzzTarget } from './target.ts';

export interface FuzzOptions {
  readonly requests: number;
  readonly seed: number;
  /** Only the one of this number, for looking at what another run found. */
  readonly at?: number;
  say(line: string): void;
}

export interface FuzzReport {
  /** One text for each sort of thing that went wrong. */
  readonly problems: readonly string[];
  readonly statuses: ReadonlyMap<number, number>;
  /** What the heap has grown by between the first and the last rest (bytes). */
  readonly growthBytes: number;
}

const LANES = 4;
/** Requests between two rests, at which all that was made is removed. */
const ROUND = 5_000;
/** What answers come from elsewhere: a kubelet or a service that is not there. */
const ELSEWHERE = /\/(?:log|exec|attach|portforward|proxy)(?:[/?]|$)|\/proxy\//;
/** A version that is not there yet is waited for, in vain. */
const TOO_NEW = 504;
/**
 * Upstream answers 500 too: for configurations that are not of the schema's shape, for versions that are none, for
 * directives of patches that it does not know, orders that are none or not kept, items without their key (oracles/server);
 * and for the scale of a custom resource that has no number of replicas.
 */
const OWN_500 =
  /failed to create typed (?:patch|live) object|strconv\.ParseUint: parsing|resourceVersion should not be set on objects to be created|content is not a list|unknown patch type: |expected a (?:\[\]|map\[string\])interface \{\}, but received a |The order in patch list:|does not contain declared merge key: |the spec replicas field \S+ does not exist/;
const PROBLEMS_MAX = 200;
const RETRY_MS = 5;

/** Sends mutated requests to a server in this process over real HTTP, and says what it did not take well. */
export async function fuzz({ requests, seed, at, say }: FuzzOptions): Promise<FuzzReport> {
  await using target = await fuzzTarget();
  const problems = new Map<string, string>();
  const statuses = new Map<number, number>();
  const crashed = (error: unknown): void =>
    void problems.set(`crash ${String((error as Error).message)}`, `crash: ${(error as Error).stack}`);
  process.on('uncaughtException', crashed);
  process.on('unhandledRejection', crashed);
  const heaps: number[] = [];
  const random = seededRandom(seed);
  try {
    await prepare(target);
    const [first, end] = at === undefined ? [0, requests] : [at, at + 1];
    for (let start = first; start < end; start += ROUND) {
      let next = start;
      const last = Math.min(start + ROUND, end);
      await Promise.all(
        Array.from({ length: LANES }, async () => {
          await using lane = new Lane(target);
          while (next < last) {
            const number = next++;
            const request = nextRequest(new Draw(random.fork(String(number))));
            const answered = await lane.send(request);
            // The answer to HEAD does not say why.
            const outcome =
              request.method === 'HEAD' && answered.status >= 500
                ? await lane.send({ ...request, method: 'GET' })
                : answered;
            statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
            const known = problems.size;
            judge(number, request, outcome, target.complaints(), problems);
            // At once: a long run may be ended before it ends.
            for (const problem of [...problems.values()].slice(known)) say(`FAIL ${problem}\n`);
          }
        }),
      );
      await rest(target);
      heaps.push(heapBytes());
      say(`${last} requests, heap ${((heaps.at(-1) as number) / 1e6).toFixed(1)} MB, ${problems.size} problems`);
    }
  } finally {
    process.off('uncaughtException', crashed);
    process.off('unhandledRejection', crashed);
  }
  // The first rounds fill caches that have bounds; what comes after must not grow.
  const warm = heaps[Math.min(2, heaps.length - 1)] ?? 0;
  return { problems: [...problems.values()], statuses, growthBytes: (heaps.at(-1) ?? 0) - warm };
}

function judge(
  number: number,
  request: FuzzRequest,
  outcome: Outcome,
  complaints: readonly string[],
  problems: Map<string, string>,
): void {
  if (problems.size >= PROBLEMS_MAX) return;
  const shown = `request ${number}: ${request.way} ${request.method} ${request.target.slice(0, 200)} ${writeJson(request.headers)}\n${request.body.subarray(0, 600).toString()}`;
  for (const complaint of complaints) {
    const sort = complaint.split('\n').slice(1, 3).join('\n').replaceAll(/\d+/g, 'N');
    if (!problems.has(sort)) problems.set(sort, `${complaint}\n${shown}`);
  }
  const isElsewhere = ELSEWHERE.test(request.target);
  if (outcome.problem) problems.set(`${outcome.problem} ${request.method}`, `${outcome.problem}: ${shown}`);
  else if (outcome.status >= 500 && outcome.status !== TOO_NEW && !isElsewhere && complaints.length === 0) {
    const text = outcome.body.toString().slice(0, 400);
    if (OWN_500.test(text)) return;
    const sort = `${outcome.status} ${text.slice(0, 60)}`;
    if (!problems.has(sort)) problems.set(sort, `${outcome.status}: ${text}\n${shown}`);
  }
}

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fuzz' } };

async function prepare(target: FuzzTarget): Promise<void> {
  await using lane = new Lane(target);
  await call(lane, 'POST', '/api/v1/namespaces', namespace);
  await call(lane, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
  for (let i = 0; i < 200; i++) {
    if ((await call(lane, 'GET', `/apis/${CUSTOM.group}/${CUSTOM.version}/${CUSTOM.plural}`)).status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new Error('The custom resource is not served');
}

/** Removes what was made, finalizers or not, and forgets the history. */
async function rest(target: FuzzTarget): Promise<void> {
  {
    await using lane = new Lane(target);
    // What may refuse everything else goes first.
    const all = [...builtinKinds].sort(
      (a, b) => Number(b.group.startsWith('admission')) - Number(a.group.startsWith('admission')),
    );
    for (const kind of all) {
      const prefix = kind.group === '' ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind)}`;
      const { items = [] } = JSON.parse(
        (await call(lane, 'GET', `${prefix}/${kind.plural}`)).body.toString() || '{}',
      ) as {
        readonly items?: readonly {
          readonly metadata: { readonly name: string; readonly namespace?: string; readonly finalizers?: unknown };
        }[];
      };
      for (const {
        metadata: { name, namespace: within, finalizers },
      } of items) {
        if (
          kind.group === 'flowcontrol.apiserver.k8s.io' ||
          name.startsWith('system:') ||
          (kind.kind === 'Namespace' && name !== 'fuzz')
        )
          continue;
        const path = `${prefix}${within ? `/namespaces/${within}` : ''}/${kind.plural}/${encodeURIComponent(name)}`;
        if (finalizers)
          await call(lane, 'PATCH', path, { metadata: { finalizers: null } }, 'application/merge-patch+json');
        await call(lane, 'DELETE', `${path}?gracePeriodSeconds=0`);
        if (kind.kind === 'Namespace')
          await call(lane, 'PUT', `${path}/finalize`, { ...namespace, spec: { finalizers: [] } });
      }
    }
  }
  await target.store.compact(target.store.revision());
  await prepare(target);
}

async function call(
  lane: Lane,
  method: string,
  path: string,
  body?: unknown,
  type = 'application/json',
): Promise<Outcome> {
  const bytes = Buffer.from(body === undefined ? '' : writeJson(body));
  return lane.send({
    way: 'http1',
    method,
    target: path,
    headers: bytes.length > 0 ? [['content-type', type]] : [],
    body: bytes,
    frames: Buffer.alloc(0),
  });
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
