import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lease } from '@navarch/api';
import { MetricRegistry, type Metrics, noMetrics, seededRandom, silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { lead, leadAgain, LeadershipLostError, type LeaseObject } from './leader-election.ts';
import { MemoryApi } from './testing/memory-api.ts';

interface Run {
  readonly stop: AbortController;
  readonly log: string[];
  /** Events. */
  readonly told: string[];
  error?: unknown;
}

function candidate(
  api: MemoryApi,
  clock: SimClock,
  identity: string,
  log: string[],
  leases = api.of<LeaseObject>(),
  begin = lead,
  metrics: Metrics = noMetrics,
): Run {
  const told: string[] = [];
  const run: Run = { stop: new AbortController(), log, told };
  const work = async (signal: AbortSignal): Promise<void> => {
    log.push(`${clock.monotonic()} ${identity} leads`);
    await clock.sleep(10_000_000, signal).catch(() => undefined);
    log.push(`${clock.monotonic()} ${identity} stops`);
  };
  const events = { record: (_: unknown, { message }: { message: string }) => told.push(message) };
  const deps = { leases, clock, random: seededRandom(identity.length), log: silent, metrics, events };
  begin(deps, { namespace: 'kube-system', name: 'l', identity }, work, run.stop.signal).catch(
    (error: unknown) => (run.error = error),
  );
  return run;
}
const start = (): { readonly api: MemoryApi; readonly clock: SimClock; readonly log: string[] } => ({
  api: new MemoryApi(lease),
  clock: new SimClock(),
  log: [],
});
const held = (api: MemoryApi): LeaseObject['spec'] => (api.objects.get('kube-system/l') as LeaseObject).spec;

test('lead() lets one candidate lead at a time; one that lets go is followed at once', async () => {
  const { api, clock, log } = start();
  const one = candidate(api, clock, 'one', log);
  await clock.advance(100);
  const two = candidate(api, clock, 'second', log);
  await clock.advance(60_000);
  assert.deepEqual(log, ['0 one leads']);
  assert.deepEqual(
    [held(api).holderIdentity, held(api).leaseDurationSeconds, held(api).leaseTransitions],
    ['one', 15, 0],
  );
  one.stop.abort(new Error('done'));
  await clock.advance(5000);
  assert.equal(log[1], '60100 one stops');
  assert.match(log[2] ?? '', /second leads$/);
  assert.deepEqual([held(api).holderIdentity, held(api).leaseTransitions], ['second', 2 - 1]);
  two.stop.abort(new Error('done'));
  await clock.advance(1);
});

test('lead() takes over from a leader that fell silent when its lease has run out, not before', async () => {
  const { api, clock, log } = start();
  await api.of<LeaseObject>().create({
    metadata: { namespace: 'kube-system', name: 'l' },
    spec: { holderIdentity: 'dead', leaseDurationSeconds: 15 },
  } as never);
  candidate(api, clock, 'heir', log);
  await clock.advance(14_900);
  assert.deepEqual(log, []);
  await clock.advance(6000);
  assert.equal(log.length, 1);
});

test('lead() stops leading before others may begin when it cannot renew, also when requests hang', async () => {
  for (const fault of ['fail', 'hang'] as const) {
    const { api, clock, log } = start();
    let isCut = false;
    const plain = api.of<LeaseObject>();
    const cut = <T>(work: () => Promise<T>): Promise<T> =>
      !isCut ? work() : fault === 'fail' ? Promise.reject(new Error('cut off')) : new Promise<never>(() => undefined);
    const leases = {
      ...plain,
      get: (key: string) => cut(() => plain.get(key)),
      replace: (object: LeaseObject) => cut(() => plain.replace(object)),
    };
    const run = candidate(api, clock, 'one', log, leases);
    await clock.advance(10_000);
    isCut = true;
    candidate(api, clock, 'second', log);
    await clock.advance(12_100);
    assert.match(log[1] ?? '', /one stops$/, fault);
    await clock.advance(20_000);
    assert.ok(run.error instanceof LeadershipLostError, fault);
    assert.deepEqual(run.told, ['one became leader', 'one stopped leading']);
    assert.match(log[2] ?? '', /second leads$/, fault);
  }
});

test('leadAgain() stands again after a loss, and leads when the other has let go', async () => {
  const { api, clock, log } = start();
  let isCut = false;
  const plain = api.of<LeaseObject>();
  const cut = <T>(work: () => Promise<T>): Promise<T> => (isCut ? Promise.reject(new Error('cut off')) : work());
  const leases = {
    ...plain,
    get: (key: string) => cut(() => plain.get(key)),
    replace: (object: LeaseObject) => cut(() => plain.replace(object)),
  };
  const one = candidate(api, clock, 'one', log, leases, leadAgain);
  await clock.advance(1000);
  isCut = true;
  const second = candidate(api, clock, 'second', log);
  await clock.advance(40_000);
  isCut = false;
  await clock.advance(10_000);
  assert.deepEqual(
    log.map((line) => line.replace(/^[\d.]+ /, '')),
    ['one leads', 'one stops', 'second leads'],
  );
  second.stop.abort(new Error('done'));
  await clock.advance(10_000);
  assert.match(log.at(-1) ?? '', /one leads$/);
  assert.deepEqual(one.told, ['one became leader', 'one stopped leading', 'one became leader']);
  one.stop.abort(new Error('done'));
  await clock.advance(1);
});

test('lead() asks for nothing more in a process that stood still for longer than its lease', async () => {
  const { api, clock, log } = start();
  let pauseMs = 0;
  const asleep = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms: number, signal: AbortSignal) => clock.sleep(ms + pauseMs, signal),
  } as unknown as SimClock;
  const written: number[] = [];
  const leases = api.of<LeaseObject>();
  const counted: typeof leases = Object.assign(Object.create(leases) as typeof leases, {
    replace: (object: LeaseObject) => {
      written.push(clock.monotonic());
      return leases.replace(object);
    },
  });
  const one = candidate(api, asleep, 'one', log, counted);
  await clock.advance(5000);
  pauseMs = 60_000;
  await clock.advance(3000);
  const before = written.length;
  assert.ok(before > 0);
  await clock.advance(70_000);
  const stoppedAt = Number(log.at(-1)?.split(' ')[0]);
  assert.match(log.at(-1) ?? '', /one stops/);
  await clock.advance(300_000);
  assert.ok(one.error instanceof LeadershipLostError, String(one.error));
  // It lets go of the lease afterwards, which asks no more than that.
  assert.deepEqual(
    written.slice(before).map((ms) => ms >= stoppedAt),
    [true],
  );
});

test('lead() renews what it wrote last without reading it, and counts when it had to read it after all', async () => {
  const { api, clock, log } = start();
  const plain = api.of<LeaseObject>();
  let reads = 0;
  const leases = { ...plain, get: (key: string) => ((reads += 1), plain.get(key)) };
  const metrics = new MetricRegistry();
  const slow = (): string | undefined =>
    /^leader_election_slowpath_total\{name="l"\} (\d+)$/m.exec(metrics.text())?.[1];
  const run = candidate(api, clock, 'one', log, leases, lead, metrics);
  await clock.advance(10_100);
  const renewedAt = held(api).renewTime;
  assert.deepEqual([reads, slow()], [1, undefined]);
  assert.equal(renewedAt, new Date(clock.now() - 100).toISOString().replace('Z', '000Z'));

  api.put('kube-system/l', { labels: { touched: 'yes' } });
  await clock.advance(4000);
  assert.deepEqual([reads, slow()], [2, '1']);
  assert.equal(api.objects.get('kube-system/l')?.metadata.labels?.['touched'], 'yes');

  // Whoever took the lease keeps it.
  api.put('kube-system/l', {}, { spec: { ...held(api), holderIdentity: 'other' } });
  await clock.advance(4000);
  assert.ok(run.error instanceof LeadershipLostError);
  assert.equal(held(api).holderIdentity, 'other');
  assert.equal(slow(), '1');
});
