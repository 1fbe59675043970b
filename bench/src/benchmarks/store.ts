import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { settleAll } from '@navarch/base';
import { SqliteStore } from '@navarch/node/sqlite';
import { type Form, MemoryStore, type Store, WatchCache } from '@navarch/store';
import { type Context, defineBenchmark, type Sample } from '../harness/benchmark.ts';

const VALUE = Buffer.alloc(2048, 'x');
const WRITERS = 64;
const LISTED = 10_000;
const WATCHERS = 1000;

export const store = defineBenchmark({
  name: 'store',
  about: 'durable writes of 2 KB values, and what the watch cache gives out',
  peer: 'bare SQLite (node:sqlite) with the same settings, one transaction a write',
  notes: [
    'Both sides in this process, on the same disk, with WAL and fsync before a write counts (synchronous FULL). 64 writers each wait for their own write; ours puts what arrives together into one transaction.',
    'List and fan-out are of the watch cache alone: bytes joined, listeners called; no network.',
  ],
  async prepare(context) {
    const seconds = context.isQuick ? 0.2 : 3;
    return [
      {
        name: `commits, ${WRITERS} writers`,
        unit: 'commits/s',
        better: 'more',
        ours: (round) => withStore(context, `group-${round}`, (opened) => commits(opened, WRITERS, seconds)),
        ...(context.withPeer ? { peer: async (round: number) => bareCommits(context, `bare-${round}`, seconds) } : {}),
      },
      {
        name: 'commit, 1 writer',
        unit: 'commits/s',
        better: 'more',
        ours: (round) => withStore(context, `single-${round}`, (opened) => commits(opened, 1, seconds)),
        ...(context.withPeer
          ? { peer: async (round: number) => bareCommits(context, `bare-single-${round}`, seconds) }
          : {}),
      },
      { name: `list of ${LISTED} from the watch cache`, unit: 'lists/s', better: 'more', ours: () => lists(seconds) },
      { name: `fan-out to ${WATCHERS} watchers`, unit: 'events/s', better: 'more', ours: () => fanOut(seconds) },
    ];
  },
});

async function withStore(context: Context, name: string, work: (opened: Store) => Promise<Sample>): Promise<Sample> {
  const folder = join(context.dir, name);
  const opened = await SqliteStore.open(folder);
  try {
    return await work(opened);
  } finally {
    await opened.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function commits(opened: Store, writers: number, seconds: number): Promise<Sample> {
  const latencies: number[] = [];
  const began = performance.now();
  const end = began + seconds * 1000;
  await settleAll(
    Array.from({ length: writers }, async (_, writer) => {
      for (let i = 0, at = performance.now(); at < end; i++) {
        await opened.commit([{ type: 'put', key: `/registry/bench/${writer}-${i}`, value: VALUE, expected: 0 }]);
        const now = performance.now();
        latencies.push(now - at);
        at = now;
      }
    }),
  );
  return sampleOf(latencies, performance.now() - began);
}

function bareCommits({ dir }: Context, name: string, seconds: number): Sample {
  const folder = join(dir, name);
  mkdirSync(folder);
  const database = new DatabaseSync(join(folder, 'bare.db'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('CREATE TABLE entry (revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB) STRICT');
    const insert = database.prepare('INSERT INTO entry (key, value) VALUES (?, ?)');
    const latencies: number[] = [];
    const began = performance.now();
    for (let i = 0, at = began; at < began + seconds * 1000; i++) {
      insert.run(`/registry/bench/${i}`, VALUE);
      const now = performance.now();
      latencies.push(now - at);
      at = now;
    }
    return sampleOf(latencies, performance.now() - began);
  } finally {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function sampleOf(latencies: number[], elapsedMs: number): Sample {
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { figure: (latencies.length * 1000) / elapsedMs, details: { p50Ms: at(0.5), p99Ms: at(0.99) } };
}

const bytesOnly: Form<Uint8Array> = {
  read: (value) => value,
  hold: (value) => value,
  labelsOf: () => undefined,
  isLasting: false,
};

async function filledCache(
  signal: AbortSignal,
): Promise<{ readonly memory: MemoryStore; readonly cache: WatchCache<Uint8Array> }> {
  const memory = new MemoryStore();
  for (let i = 0; i < LISTED; i++)
    await memory.commit([
      { type: 'put', key: `/registry/pods/default/${String(i).padStart(6, '0')}`, value: VALUE, expected: 0 },
    ]);
  const cache = new WatchCache('/registry/pods/', bytesOnly);
  await cache.start(memory, signal);
  return { memory, cache };
}

async function lists(seconds: number): Promise<Sample> {
  const { signal } = new AbortController();
  const { cache } = await filledCache(signal);
  return repeated(
    seconds,
    async () => {
      const parts: Uint8Array[] = [];
      for (const cached of cache.range('/registry/pods/')) parts.push(cached.bytes);
      if (Buffer.concat(parts).length !== LISTED * VALUE.length) throw new Error('The list is not complete');
    },
    1,
  );
}

async function fanOut(seconds: number): Promise<Sample> {
  const stop = new AbortController();
  const { memory, cache } = await filledCache(stop.signal);
  let seen = 0;
  for (let i = 0; i < WATCHERS; i++)
    cache.follow(cache.revision, (events) => {
      for (const event of events) seen += event.current ? 1 : 0;
    });
  let revision = 0;
  const sample = await repeated(
    seconds,
    async () => {
      [revision = 0] = await memory.commit([
        { type: 'put', key: '/registry/pods/default/watched', value: VALUE, expected: revision },
      ]);
    },
    WATCHERS,
  );
  stop.abort(new Error('Measured'));
  if (seen === 0) throw new Error('No watcher saw an event');
  return sample;
}

async function repeated(seconds: number, work: () => Promise<void>, each: number): Promise<Sample> {
  const began = performance.now();
  let count = 0;
  for (; performance.now() - began < seconds * 1000; count++) await work();
  return { figure: (count * each * 1000) / (performance.now() - began) };
}
