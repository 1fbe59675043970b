import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestInfo } from '../request-info.ts';
import { InFlight, Places } from './in-flight.ts';

const never = new AbortController().signal;
const user = { name: 'u', groups: [] };
const info = (verb: string, more: Partial<RequestInfo> = {}): RequestInfo => ({
  isResource: true, path: '', verb, group: '', version: 'v1', namespace: '', resource: 'pods', subresource: '', name: '', rest: '', isInNamespace: false, ...more,
});

test('Places are given in the order of asking, refused when too many wait', async () => {
  const places = new Places(1, 2);
  places.take();
  const order: string[] = [];
  const waits = ['a', 'b'].map(async (name) => {
    assert.equal(await places.wait(never), true);
    order.push(name);
  });
  assert.equal(await places.wait(never), false);
  places.leave();
  await waits[0];
  assert.deepEqual([order, places.isFull], [['a'], true]);
  places.leave();
  await waits[1];
  places.leave();
  assert.deepEqual([order, places.isFull], [['a', 'b'], false]);
});

test('who stops waiting leaves the line', async () => {
  const places = new Places(1, 1);
  places.take();
  const gone = new AbortController();
  const wait = places.wait(gone.signal);
  gone.abort(new Error('gone'));
  await assert.rejects(wait, /gone/);
  places.leave();
  assert.equal(places.isFull, false);
});

test('InFlight exempts watches, streams, health and those who must always get through', () => {
  const inFlight = new InFlight({ readsMax: 1, writesMax: 1, waitingMax: 0 });
  const exempt = [info('watch'), info('create', { subresource: 'exec' }), info('get', { isResource: false, path: '/livez' })];
  for (const one of exempt) assert.equal(inFlight.placesFor(one, user), undefined);
  assert.equal(inFlight.placesFor(info('get'), { name: 'a', groups: ['system:masters'] }), undefined);
  assert.notEqual(inFlight.placesFor(info('get'), user), inFlight.placesFor(info('update'), user));
});
