import assert from 'node:assert/strict';
import { job, pod } from '@navarch/api';
import { garbageCollectorController, ttlAfterFinishedController } from '@navarch/controllers';
import { conditionOf } from '../drafts.ts';
import { defineProperty, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { change, controllers, endingWell, isOver, type Job, KEY, work } from './properties.ts';

const MINUTE_MS = 60_000;

/** In ms since the epoch; undefined: never. */
function expiryOf({ status, spec }: Job): number | undefined {
  const end = ['Complete', 'Failed']
    .map((type) => conditionOf({ status }, type))
    .find((one) => one?.status === 'True') as { readonly lastTransitionTime?: string } | undefined;
  return end?.lastTransitionTime === undefined || spec.ttlSecondsAfterFinished === undefined
    ? undefined
    : Date.parse(end.lastTransitionTime) + spec.ttlSecondsAfterFinished * 1000;
}

/** By the clock as it is then, and by what the job says then. */
const notBeforeItsTime: Property = defineProperty({
  name: 'no job is deleted before its time',
  of: [job],
  begin() {
    const going = new Set<string>();
    return (view) => {
      for (const one of view.list(job)) {
        const { uid, name, deletionTimestamp } = one.metadata;
        if (!deletionTimestamp || going.has(uid)) continue;
        going.add(uid);
        const expiry = expiryOf(one);
        if (expiry === undefined || expiry > view.nowMs)
          return `${name} went ${expiry === undefined ? 'though it stays' : `${expiry - view.nowMs} ms too early`}`;
      }
      return undefined;
    };
  },
});

const isThere = (view: View): boolean => view.get(job, KEY) !== undefined;
const isGone = (view: View): void => assert.deepEqual([view.list(job).length, view.list(pod).length], [0, 0]);
const setClock = (world: World, byMs: number): void => world.setClock(world.clock.now() + byMs);

const about = (name: string, says: string, rest: Pick<Scenario, 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    name: `ttl-after-finished/${name}`,
    says,
    controllers: () => [...controllers(), ttlAfterFinishedController, garbageCollectorController([job, pod])],
    pods: endingWell(),
    spares: ['clock jumps'],
    always: [notBeforeItsTime],
    ...rest,
  });

export const ttlAfterFinishedScenarios: readonly Scenario[] = [
  about('failed', 'A job that has failed goes when its time has passed, as one that has done its work.', {
    pods: { ends: () => ({ afterMs: 500, exitCode: 1 }) },
    async act(world) {
      await world.create(job, work({ ttlSecondsAfterFinished: 60, backoffLimit: 0 }));
      await world.until('it is over', isOver);
      await world.pass('50s');
      assert.ok(isThere(world.view), 'it is still there');
    },
    end: isGone,
  }),
  about('at-once', 'A job that need not be kept goes as soon as it is over.', {
    async act(world) {
      await world.create(job, work({ ttlSecondsAfterFinished: 0 }));
    },
    end: isGone,
  }),
  about('not-over', 'A job that is not over is kept, however short its time.', {
    pods: {},
    async act(world) {
      await world.create(job, work({ ttlSecondsAfterFinished: 0 }));
      await world.pass('5m');
    },
    end: (view) => assert.ok(isThere(view)),
  }),
  about('prolonged', 'A job whose time is made longer before it has passed is kept for as long as it says then.', {
    async act(world) {
      await world.create(job, work({ ttlSecondsAfterFinished: 60 }));
      await world.until('it is over', isOver);
      await world.pass('30s');
      await change(world, { ttlSecondsAfterFinished: 600 });
      await world.pass('8m');
      assert.ok(isThere(world.view), 'it is still there');
    },
    end: isGone,
  }),
  about('shortened', 'A job whose time is made shorter goes at once where that has passed.', {
    async act(world) {
      await world.create(job, work({ ttlSecondsAfterFinished: 36_000 }));
      await world.until('it is over', isOver);
      await world.pass('2m');
      await change(world, { ttlSecondsAfterFinished: 60 });
    },
    end: isGone,
  }),
  about('later-said', 'A job that is over and stays goes when somebody says for how long it is to be kept.', {
    async act(world) {
      await world.create(job, work());
      await world.until('it is over', isOver);
      await world.pass('10m');
      assert.ok(isThere(world.view), 'it stays');
      await change(world, { ttlSecondsAfterFinished: 300 });
    },
    end: isGone,
  }),
  about('taken-back', 'A job whose time is taken back stays.', {
    async act(world) {
      await world.create(job, work({ ttlSecondsAfterFinished: 60 }));
      await world.until('it is over', isOver);
      await world.change(job, KEY, (j) => {
        const { ttlSecondsAfterFinished: _, ...spec } = j.spec;
        return { ...j, spec };
      });
      await world.pass('10m');
    },
    end: (view) => assert.ok(isThere(view)),
  }),
  about('clock', 'A clock that is set back keeps a job for longer; one that is set forward lets it go no later.', {
    async act(world) {
      await world.create(job, work({ ttlSecondsAfterFinished: 60 }));
      await world.until('it is over', isOver);
      setClock(world, -10 * MINUTE_MS);
      await world.pass('6m');
      assert.ok(isThere(world.view), 'by the clock it is not over yet');
      setClock(world, 10 * MINUTE_MS);
    },
    end: isGone,
  }),
];
