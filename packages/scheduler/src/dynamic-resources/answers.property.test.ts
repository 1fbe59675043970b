import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceClass, deviceTaintRule, type Node, resourceClaim, resourceSlice } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { type ApiObject, keyOf, type Kind } from '@navarch/machinery';
import fc from 'fast-check';
import { nodeOf, podOf } from '../testing/builders.ts';
import type { Allocation, Claim, DeviceClass, Slice, TaintRule } from './devices.ts';
import { DeviceLedger } from './ledger.ts';
import { planOf } from './plan.ts';
import { allocationOf } from './results.ts';
import { allocatedOn, claimOf, classOf, deviceOf, DRIVER, one, ruleOf, sliceOf } from './testing/builders.ts';

const USER = podOf('user');
const NODES = ['a', 'b', 'c'];
const modelIs = (model: string): object => ({
  cel: { expression: `device.attributes["${DRIVER}"].model == "${model}"` },
});

/** What pods ask for: each again and again, under other names. */
const SHAPES: readonly object[] = [
  { requests: [one('gpu')] },
  { requests: [one('gpu', { count: 2 })] },
  { requests: [one('gpu', { selectors: [modelIs('x')] })] },
  { requests: [one('gpu', { allocationMode: 'All', count: undefined })] },
  { requests: [one('gpu', { selectors: [{ cel: { expression: 'device.nothing' } }] })] },
];

const aStep = fc.oneof(
  /** Devices of one node, or in `wide` pools of some or all. */
  fc.record({
    type: fc.constant('slice' as const),
    name: fc.constantFrom('s0', 's1', 's2', 's3'),
    place: fc.constantFrom('a', 'b', 'all', 'zone'),
    models: fc.array(fc.constantFrom('x', 'y'), { maxLength: 3 }),
    generation: fc.integer({ min: 1, max: 2 }),
  }),
  fc.record({ type: fc.constant('no slice' as const), name: fc.constantFrom('s0', 's1', 's2', 's3') }),
  fc.record({ type: fc.constant('class' as const), model: fc.constantFrom('x', 'y', undefined) }),
  fc.record({ type: fc.constant('rule' as const), device: fc.constantFrom('d0', 'd1', undefined) }),
  fc.record({ type: fc.constant('zone' as const), node: fc.constantFrom(...NODES), zone: fc.constantFrom('z', 'y') }),
  /** Somebody gets what the search found, or gives it back. */
  fc.record({ type: fc.constant('hold' as const), node: fc.constantFrom(...NODES), shape: fc.nat(SHAPES.length - 1) }),
  fc.record({ type: fc.constant('let go' as const) }),
  /** The cache shows that a claim has a device, or that it is gone. */
  fc.record({ type: fc.constant('claim' as const), name: fc.constantFrom('p', 'q'), node: fc.constantFrom('a', 'b') }),
  fc.record({ type: fc.constant('no claim' as const), name: fc.constantFrom('p', 'q') }),
);

class Cluster {
  readonly nodes = new Map<string, Node>(NODES.map((name) => [name, nodeOf(name, { labels: { zone: 'z' } })]));
  readonly #objects = new Map<Kind<any>, Map<string, ApiObject>>();
  readonly reader: CacheReader = {
    get: ((kind: Kind<any>, key: string) => this.#of(kind).get(key)) as CacheReader['get'],
    list: ((kind: Kind<any>) => [...this.#of(kind).values()]) as CacheReader['list'],
    find: () => [],
    hasSeen: () => true,
  };

  #of(kind: Kind<any>): Map<string, ApiObject> {
    const held = this.#objects.get(kind) ?? new Map<string, ApiObject>();
    this.#objects.set(kind, held);
    return held;
  }

  /** What was there before. */
  put<O extends ApiObject>(kind: Kind<any>, key: string, object: O | undefined): O | undefined {
    const before = this.#of(kind).get(key) as O | undefined;
    if (object) this.#of(kind).set(key, object);
    else this.#of(kind).delete(key);
    return before;
  }
}

let serial = 0;
const freshClaim = (shape: number): Claim => claimOf(`claim-${serial++}`, SHAPES[shape]);

/** What a claim of that shape would get, by device; or why nothing. */
function told(ledger: DeviceLedger, claim: Claim, node: Node): string {
  const plan = planOf(claim, (name) => ledger.deviceClass(name));
  if (typeof plan === 'string') return plan;
  const found = ledger.solve([plan], node);
  if ('reason' in found) return found.reason;
  return JSON.stringify(allocationOf(plan, found.taken[0] ?? [], found.ways[0] ?? [], node));
}

function sliceFrom(step: {
  readonly name: string;
  readonly place: string;
  readonly models: readonly string[];
  readonly generation: number;
}): Slice {
  const devices = step.models.map((model, i) => deviceOf(`d${i}`, { attributes: { model: { string: model } } }));
  const nodeSelector = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['z'] }] }] };
  const spec = step.place === 'all' ? { allNodes: true } : step.place === 'zone' ? { nodeSelector } : {};
  const isLocal = step.place === 'a' || step.place === 'b';
  return sliceOf(isLocal ? step.place : '', {
    name: step.name,
    pool: isLocal ? step.place : 'wide',
    generation: step.generation,
    devices,
    spec: spec as Partial<Slice['spec']>,
  });
}

test('what the ledger remembers of a node is what it would find there if it began anew', () => {
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 25 }), (steps) => {
      const cluster = new Cluster();
      cluster.put(deviceClass, 'gpu', classOf('gpu'));
      const ledger = new DeviceLedger(cluster.reader);
      const held: (readonly [Claim, Allocation])[] = [];
      for (const step of steps) {
        if (step.type === 'slice' || step.type === 'no slice') {
          const slice = step.type === 'slice' ? sliceFrom(step) : undefined;
          ledger.sliceChanged(slice, cluster.put(resourceSlice, step.name, slice));
        } else if (step.type === 'class') {
          const selectors = step.model ? [modelIs(step.model)] : [];
          cluster.put<DeviceClass>(deviceClass, 'gpu', classOf('gpu', { selectors }));
          ledger.rulesChanged();
        } else if (step.type === 'rule') {
          const { device } = step;
          const rule = device && ruleOf('r', { deviceSelector: { device }, taint: { key: 'k', effect: 'NoSchedule' } });
          cluster.put<TaintRule>(deviceTaintRule, 'r', rule || undefined);
          ledger.rulesChanged();
        } else if (step.type === 'zone')
          cluster.nodes.set(step.node, nodeOf(step.node, { labels: { zone: step.zone } }));
        else if (step.type === 'hold') {
          const claim = freshClaim(step.shape);
          const node = cluster.nodes.get(step.node) as Node;
          const plan = planOf(claim, (name) => ledger.deviceClass(name));
          if (typeof plan === 'string') continue;
          const found = ledger.solve([plan], node);
          if ('reason' in found) continue;
          const allocation = allocationOf(plan, found.taken[0] ?? [], found.ways[0] ?? [], node);
          ledger.hold(claim, allocation, USER);
          held.push([claim, allocation]);
        } else if (step.type === 'let go') {
          const [claim] = held.pop() ?? [];
          if (claim) ledger.letGo(claim, USER);
        } else {
          const status = step.type === 'claim' ? allocatedOn(step.node, 'd0') : undefined;
          const claim = status && claimOf(step.name, undefined, { status });
          ledger.claimChanged(claim, cluster.put(resourceClaim, `default/${step.name}`, claim));
        }
        check(ledger, cluster, held);
      }
    }),
    { numRuns: 200, seed: 11 },
  );
});

function check(ledger: DeviceLedger, cluster: Cluster, held: readonly (readonly [Claim, Allocation])[]): void {
  const anew = new DeviceLedger(cluster.reader);
  for (const [claim, allocation] of held) anew.hold(claim, allocation, USER);
  for (const node of cluster.nodes.values())
    for (const [shape] of SHAPES.entries()) {
      const claim = freshClaim(shape);
      assert.equal(told(ledger, claim, node), told(anew, claim, node), `shape ${shape} on ${keyOf(node)}`);
    }
}
