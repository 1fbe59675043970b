import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, lease, pod, replicaSet } from '@navarch/api';
import { noMetrics, seededRandom, silent, TaskGroup } from '@navarch/base';
import { type Api, Cache, EventRecorder, leadAgain, type KindApi, type LeaseObject } from '@navarch/client';
import { replicaSetController, runControllers } from '@navarch/controllers';
import { failure } from '@navarch/machinery';
import { ControlPlane } from '../testing/control-plane.ts';

const NAME = 'kube-controller-manager';

/** A server's controllers, which run while it leads. */
class Candidate {
  readonly #plane: ControlPlane;
  readonly #identity: string;
  /** Its network is cut: nothing it asks is answered. */
  isCut = false;

  constructor(plane: ControlPlane, identity: string) {
    this.#plane = plane;
    this.#identity = identity;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#plane;
    const random = seededRandom(this.#identity.length);
    const own = { clock, random, log: silent };
    const api = this.#wire(this.#plane.as({ name: `system:${NAME}`, groups: ['system:authenticated'] }));
    const events = new EventRecorder({ ...own, events: api.of(event) }, NAME);
    await using group = new TaskGroup(signal);
    group.spawn((s) => events.run(s));
    const leases = api.of(lease) as KindApi<LeaseObject>;
    await leadAgain(
      { ...own, leases, metrics: noMetrics, events },
      { namespace: 'kube-system', name: NAME, identity: this.#identity },
      async (life) => {
        const cache = new Cache({ api, clock, random: random.fork('cache'), log: silent });
        await using work = new TaskGroup(life);
        work.spawn((s) => cache.run(s));
        const deps = { ...own, api, cache, events: api.of(event), metrics: noMetrics };
        work.spawn((s) => runControllers([replicaSetController], deps, s));
        await work.join();
      },
      group.signal,
    );
  }

  #wire(api: Api): Api {
    const isCut = (): boolean => this.isCut;
    return {
      of: (kind) =>
        new Proxy(api.of(kind), {
          get: (target, name) => {
            if (isCut() && name !== 'watch') return () => Promise.reject(failure('ServiceUnavailable', 'cut off'));
            const method: unknown = Reflect.get(target, name);
            return typeof method === 'function' ? method.bind(target) : method;
          },
        }),
    };
  }
}

test('of two servers one leads; when it is cut off the other goes on where it was, and nothing is made twice', async () => {
  await using plane = await ControlPlane.start({ controllers: [] });
  await plane.withServiceAccount();
  const [one, second] = [new Candidate(plane, 'one'), new Candidate(plane, 'second')];
  await using group = new TaskGroup(new AbortController().signal);
  for (const candidate of [one, second]) group.spawn((signal) => candidate.run(signal));
  await plane.clock.advance(5000);
  const holder = async (): Promise<unknown> =>
    (await plane.api.of(lease).get(`kube-system/${NAME}`)).spec.holderIdentity;
  assert.equal(await holder(), 'one');
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const spec = { replicas: 30, selector: { matchLabels: { app: 'a' } }, template };
  await plane.api.of(replicaSet).create({ metadata: { namespace: 'default', name: 'a' }, spec });
  await plane.clock.advance(0);
  one.isCut = true;
  await plane.api.of(replicaSet).update('default/a', (set) => ({ ...set, spec: { ...set.spec, replicas: 40 } }));
  await plane.clock.advance(10_000);
  assert.ok((await plane.list(pod)).length < 40);
  await plane.clock.advance(20_000);
  assert.equal(await holder(), 'second');
  assert.equal((await plane.list(pod)).length, 40);
  one.isCut = false;
  await plane.clock.advance(30_000);
  assert.deepEqual([await holder(), (await plane.list(pod)).length], ['second', 40]);
  assert.deepEqual(await plane.events('Lease'), [
    'LeaderElection: one became leader',
    'LeaderElection: second became leader',
    'LeaderElection: one stopped leading',
  ]);
});
