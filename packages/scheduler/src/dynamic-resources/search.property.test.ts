import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeOf } from '../testing/builders.ts';
import { amountOf, type DeviceSpec } from './devices.ts';
import { InUse } from './in-use.ts';
import { planOf } from './plan.ts';
import { poolOf } from './pool.ts';
import { search } from './search.ts';
import { Selectors } from './selectors.ts';
import { classOf, claimOf, DRIVER, sliceOf } from './testing/builders.ts';
import {
  isAllowed,
  isPossible,
  type Pick,
  type PlainClaim,
  type PlainSupply,
  type PlainWay,
} from './testing/reference.ts';

const text = fc.constantFrom('a', 'b');
const memory = fc.constantFrom('1Gi', '2Gi', '3Gi');

const device = fc.record({
  model: fc.option(text, { nil: undefined }),
  root: fc.option(text, { nil: undefined }),
  isTainted: fc.boolean(),
  memory: fc.option(memory, { nil: undefined }),
  isShared: fc.boolean(),
  slices: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
  use: fc.constantFrom('free', 'free', 'free', 'whole', 'shared'),
});

const way: fc.Arbitrary<PlainWay> = fc.record({
  model: fc.option(text, { nil: undefined }),
  count: fc.constantFrom(1, 1, 1, 2, undefined),
  isAdmin: fc.constantFrom(false, false, false, true),
  tolerates: fc.boolean(),
  memory: fc.option(memory, { nil: undefined }),
});

const claim: fc.Arbitrary<PlainClaim> = fc.record({
  requests: fc.array(
    fc.oneof(
      way.map((one) => [one]),
      fc.array(way, { minLength: 2, maxLength: 2 }).map((all) => all.map((one) => ({ ...one, isAdmin: false }))),
    ),
    { minLength: 1, maxLength: 2 },
  ),
  match: fc.option(fc.constantFrom('root', 'model'), { nil: undefined }),
  distinct: fc.option(fc.constant('root'), { nil: undefined }),
});

type Drawn = Parameters<Parameters<(typeof device)['map']>[0]>[0];

const world = fc
  .record({
    pools: fc.array(fc.array(device, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 }),
    claims: fc.array(claim, { minLength: 1, maxLength: 2 }),
  })
  // Trying everything takes too long beyond this.
  .filter(({ claims, pools }) => picksMax(claims) <= 4 && pools.flat().length <= 5);

const picksMax = (claims: readonly PlainClaim[]): number =>
  claims
    .flatMap(({ requests }) => requests)
    .reduce((sum, ways) => sum + Math.max(...ways.map(({ count = 1 }) => count)), 0);

function specOf({ model, root, isTainted, memory: size, isShared, slices }: Drawn, i: number): DeviceSpec {
  const attributes = { ...(model ? { model: { string: model } } : {}), ...(root ? { root: { string: root } } : {}) };
  return {
    name: `device-${i}`,
    attributes,
    ...(size ? { capacity: { memory: { value: size } } } : {}),
    ...(isShared ? { allowMultipleAllocations: true } : {}),
    ...(isTainted ? { taints: [{ key: 'broken', effect: 'NoSchedule' as const }] } : {}),
    ...(slices === undefined
      ? {}
      : { consumesCounters: [{ counterSet: 'card', counters: { slices: { value: String(slices) } } }] }),
  };
}

const requestOf = (one: PlainWay): object => ({
  deviceClassName: 'any',
  ...(one.count === undefined ? { allocationMode: 'All' } : { allocationMode: 'ExactCount', count: one.count }),
  ...(one.isAdmin ? { adminAccess: true } : {}),
  ...(one.tolerates ? { tolerations: [{ operator: 'Exists' }] } : {}),
  ...(one.memory ? { capacity: { requests: { memory: one.memory } } } : {}),
  ...(one.model === undefined
    ? {}
    : {
        selectors: [
          {
            cel: {
              expression: `has(device.attributes["${DRIVER}"].model) && device.attributes["${DRIVER}"].model == "${one.model}"`,
            },
          },
        ],
      }),
});

const constraintsOf = ({ match, distinct }: PlainClaim): readonly object[] => [
  ...(match === undefined ? [] : [{ matchAttribute: `${DRIVER}/${match}` }]),
  ...(distinct === undefined ? [] : [{ distinctAttribute: `${DRIVER}/${distinct}` }]),
];

test('search() finds devices for all claims if and only if there are any, none twice and no counter overdrawn', () => {
  const found = { yes: 0, no: 0 };
  fc.assert(
    fc.property(world, ({ pools, claims }) => {
      const specs = pools.map((drawn) => drawn.map(specOf));
      const devices = specs.flatMap((all, i) => all.map((spec) => ({ pool: `pool-${i}`, spec })));
      const uses = pools.flatMap((drawn) => drawn.map(({ use }) => use));
      const inUse = new InUse();
      const [whole, shared] = [new Set<string>(), new Map<string, bigint>()];
      devices.forEach(({ pool, spec }, i) => {
        const isShared = uses[i] === 'shared' && spec.allowMultipleAllocations && spec.capacity;
        const result = { request: 'r', driver: DRIVER, pool, device: spec.name };
        if (isShared) {
          inUse.count([{ ...result, shareID: 's', consumedCapacity: { memory: '1Gi' } }], 1);
          shared.set(`${pool}/${spec.name}`, amountOf('1Gi'));
        } else if (uses[i] === 'whole') {
          inUse.count([result], 1);
          whole.add(`${pool}/${spec.name}`);
        }
      });
      const counters = Object.fromEntries(specs.map((_, i) => [`pool-${i}`, { card: { slices: '3' } }]));
      const supply: PlainSupply = { devices, counters, whole, shared };
      const card = [{ name: 'card', counters: { slices: { value: '3' } } }];
      const gathered = specs.map((all, i) => {
        const [pool, count] = [`pool-${i}`, 2];
        const own = sliceOf('a', { name: `${pool}-devices`, pool, count, devices: all });
        const sets = sliceOf('a', { name: `${pool}-sets`, pool, count, spec: { sharedCounters: card } });
        return poolOf(`${DRIVER}/${pool}`, [own, sets], []);
      });
      const plans = claims.map((plain, at) => {
        const requests = plain.requests.map((ways, i) =>
          ways.length === 1
            ? { name: `r${i}`, exactly: requestOf(ways[0] as PlainWay) }
            : { name: `r${i}`, firstAvailable: ways.map((one, n) => ({ name: `s${n}`, ...requestOf(one) })) },
        );
        const plan = planOf(claimOf(`c${at}`, { requests, constraints: constraintsOf(plain) }), classOf);
        if (typeof plan === 'string') throw new Error(plan);
        return plan;
      });
      const answer = search(plans, { node: nodeOf('a'), pools: gathered, inUse, selectors: new Selectors() });
      const isThere = isPossible(claims, supply);
      found[isThere ? 'yes' : 'no'] += 1;
      if ('reason' in answer) {
        assert.equal(isThere, false, `${answer.reason}, though there are`);
        return;
      }
      const picks: Pick[] = answer.taken.flatMap((all, at) =>
        all.map(({ way: { name }, device: { pool, device: named } }) => {
          const [request = '', alternative = 's0'] = name.split('/');
          const picked = claims[at]?.requests[Number(request.slice(1))]?.[Number(alternative.slice(1))];
          const given = devices.find((one) => one.pool === pool && one.spec.name === named);
          assert.ok(picked && given);
          return { claim: at, way: picked, device: given };
        }),
      );
      assert.ok(isAllowed(picks, claims, supply), 'what was found is not allowed');
    }),
    { numRuns: 3000 },
  );
  assert.ok(found.yes > 200 && found.no > 200, `worlds that say nothing: ${JSON.stringify(found)}`);
});
