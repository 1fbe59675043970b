import assert from 'node:assert/strict';
import { lease, replicaSet, type ReplicaSet } from '@navarch/api';
import { replicaSetController } from '@navarch/controllers';
import { activePods, named, podTemplate } from '../drafts.ts';
import { neverMoreThan } from '../deployment/properties.ts';
import { LEASE } from '../managers.ts';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const KEY = `${LEASE.namespace}/${LEASE.name}`;
const SET = 'default/web';
/** A lease of 15 s, a look at it every 2 to 4.4 s, and what a slow disk and network add. */
const TAKEOVER_MS = 25_000;

const holderOf = (view: View): string | undefined => view.get(lease, KEY)?.spec?.holderIdentity;
const size = (world: World, replicas: number): Promise<ReplicaSet> =>
  world.change(replicaSet, SET, (set) => ({ ...set, spec: { ...set.spec, replicas } }));

/** What was let go is nobody's; what was not is its holder's until it has run out. */
const heldToItsEnd: Property = defineProperty({
  name: 'nobody takes a lease that another holds',
  of: [lease],
  begin() {
    let before = { holder: '', renewed: 0 };
    return (view) => {
      const { holderIdentity: holder = '', renewTime = '' } = view.get(lease, KEY)?.spec ?? {};
      const heldMs = view.nowMs - before.renewed;
      const wrong = before.holder !== '' && holder !== '' && holder !== before.holder && heldMs < 15_000;
      const last = before.holder;
      before = { holder, renewed: Date.parse(renewTime) };
      return wrong ? `${holder} took it from ${last} after ${heldMs} ms` : undefined;
    };
  },
});

const about = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({
    controllers: () => [replicaSetController],
    managers: 2,
    // Two that lead at once would each make what is missing.
    always: [neverMoreThan(9), heldToItsEnd],
    // The lease is measured by what its writer's clock showed.
    spares: ['clock jumps'],
    ...scenario,
  });

async function begin(world: World): Promise<void> {
  await world.create(replicaSet, {
    metadata: named('web'),
    spec: { replicas: 6, selector: { matchLabels: { app: 'web' } }, template: podTemplate('web') },
  });
  await world.until('six are there', (view) => activePods(view).length === 6);
}

export const leaderElectionScenarios: readonly Scenario[] = [
  about({
    name: 'leader-election/one-leads',
    says: 'Of two managers one leads, and the lease and an event say which.',
    act: begin,
    end(view) {
      assert.match(holderOf(view) ?? '', /^manager-[12]$/);
      assert.equal(activePods(view).length, 6);
      assert.ok(view.events('Lease').some((said) => /^LeaderElection: manager-[12] became leader$/.test(said)));
    },
  }),
  about({
    name: 'leader-election/takeover',
    says: 'When the leader is cut off the other takes over as soon as the lease has run out, and goes on where it was.',
    async act(world) {
      await begin(world);
      // Who crashed is back before it is measured.
      world.heal();
      await world.pass('30s');
      const before = holderOf(world.view);
      world.cutLeaderOff();
      await size(world, 9);
      await world.until('the other leads', (view) => holderOf(view) !== before, TAKEOVER_MS);
      const { leaseTransitions = 0 } = world.view.get(lease, KEY)?.spec ?? {};
      assert.ok(leaseTransitions >= 1);
    },
    end: (view) => assert.equal(activePods(view).length, 9),
  }),
  about({
    name: 'leader-election/returns',
    says: 'A leader that was cut off and comes back does not lead any more, and undoes nothing.',
    async act(world) {
      await begin(world);
      world.heal();
      await world.pass('30s');
      const back = world.cutLeaderOff();
      const first = holderOf(world.view);
      await size(world, 9);
      await world.until('the other has made them', (view) => activePods(view).length === 9);
      back();
      await size(world, 4);
      await world.until('those that are too many are gone', (view) => activePods(view).length === 4);
      await world.pass('1m');
      assert.notEqual(holderOf(world.view), first);
    },
    end: (view) => assert.equal(activePods(view).length, 4),
  }),
];
