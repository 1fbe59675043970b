import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestInfo } from '../request-info.ts';
import { asked } from '../testing/ask.ts';
import { levelOfTesters, tester } from '../testing/level-of-testers.ts';
import { flowDump } from './dump.ts';
import { FlowControl } from './flow-control.ts';

const ROOT = '/debug/api_priority_and_fairness/';
const never = new AbortController().signal;
const of = (name: string): string => ROOT + name;

/** One level in two queues with a seat or so, and whoever is called tester in it. */
async function busy() {
  const all = await asked();
  const queuing = { queues: 2, handSize: 1, queueLengthLimit: 2 };
  await levelOfTesters(all, {
    nominalConcurrencyShares: 1,
    borrowingLimitPercent: 0,
    limitResponse: { type: 'Queue', queuing },
  });
  const flow = new FlowControl(all.server.registry);
  const info = requestInfo('GET', '/api/v1/namespaces/d/pods/p', new URLSearchParams());
  const dump = (name: string, query = ''): readonly string[] =>
    (flowDump(of(name), new URLSearchParams(query), flow.states()) ?? '').split('\n');
  return { ...all, flow, dump, enter: () => flow.enter(tester, info) };
}

test('levels, queues and requests are told of as they stand', async () => {
  const { dump, enter, clock } = await busy();
  const passes = [enter()];
  while (passes.at(-1)?.wait === undefined) passes.push(enter());
  const seats = passes.length - 1;
  await clock.advance(1500);
  const waits = [passes.at(-1)?.wait?.(never), enter().wait?.(never), enter().wait?.(never)];
  assert.equal(await waits[2], false, 'the queue is full');
  const level = (): readonly string[] =>
    dump('dump_priority_levels')
      .find((line) => line.startsWith('one,'))
      ?.split(/, */) ?? [];
  assert.deepEqual(level(), ['one', '1', 'false', 'false', '2', String(seats), '0', '1', '0', '0']);
  const queues = dump('dump_queues').filter((line) => line.startsWith('one,'));
  assert.deepEqual(queues.map((line) => line.split(/, */).slice(2)).sort(), [
    ['0', '0', '0', '0.00000000ss', '0', '0', '0.00000000ss'],
    ['2', '0', '0', '0.00000000ss', '2', '2', '0.00600000ss'],
  ]);
  const queue = queues.find((line) => /, +2, /.test(line))?.split(/, */)[1];
  const requests = dump('dump_requests', 'includeRequestDetails=1').map((line) => line.split(/, */));
  const details = ['tester', 'get', '/api/v1/namespaces/d/pods/p', 'd', 'p', 'v1', 'pods', ''];
  const row = (index: number, arrived: string, started: string): readonly string[] => [
    'one',
    'testers',
    index < 0 ? '-1' : String(queue),
    String(index),
    'tester',
    arrived,
    '1',
    '0',
    '0s',
    started,
    ...details,
  ];
  const [start, now, never0] = [requests[3]?.[5] ?? '', requests[2]?.[5] ?? '', '0001-01-01T00:00:00Z'];
  assert.deepEqual(requests.slice(1, -1), [
    row(0, requests[1]?.[5] ?? '', never0),
    row(1, now, never0),
    ...Array.from({ length: seats }, () => row(-1, start, start)),
  ]);
  assert.match(now, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z$/);
  passes[0]?.leave();
  assert.equal(await waits[0], true);
  assert.deepEqual(level().slice(1), ['1', 'false', 'false', '1', String(seats), '1', '1', '0', '0']);
  assert.equal(dump('dump_requests')[0]?.includes('UserName'), false);
});

test('who waits no longer is told of no more, and counted', async () => {
  const { dump, enter } = await busy();
  let pass = enter();
  while (pass.wait === undefined) pass = enter();
  const gone = new AbortController();
  const waits = pass.wait(gone.signal);
  assert.match(dump('dump_requests').join('\n'), /0001-01-01/);
  gone.abort(new Error('gone'));
  await assert.rejects(waits);
  assert.doesNotMatch(dump('dump_requests').join('\n'), /0001-01-01/);
  assert.match(dump('dump_priority_levels').join('\n'), /^one, .* 1$/m);
});

test('the pages are at their paths, in columns, for those who may read them', async () => {
  const { ask } = await asked();
  const { status, text, headers } = await ask('GET', of('dump_priority_levels'));
  assert.deepEqual([status, headers['content-type']], [200, 'text/plain; charset=utf-8']);
  const lines = text.split('\n');
  assert.equal(
    lines[0],
    'PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests',
  );
  assert.equal(
    lines[1],
    'catch-all,         0,            true,   false,       0,               0,                 0,                  0,                0,                0',
  );
  // It is itself worked on.
  assert.match(lines[2] ?? '', /^exempt, {12}0, {12}false, {2}false, {7}0, {15}1, /);
  assert.match(
    (await ask('GET', `${of('dump_requests')}?includeRequestDetails=1`)).text,
    /\nexempt, +exempt, +-1, +-1, +, .*admin, +get, +\/debug\/api_priority_and_fairness\/dump_requests, +, +, +, +, +\n$/,
  );
  for (const path of [of(''), of('dump_all'), '/debug/api_priority_and_fairness'])
    assert.equal((await ask('GET', path)).status, 404);
  assert.equal((await ask('GET', of('dump_queues'), undefined, { authorization: 'Bearer bob' })).status, 403);
});
