import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Notifier } from '@navarch/base';
import { node } from '@navarch/api';
import { type Program, server, shutdownGroups, type ShutdownNotice } from '@navarch/kubelet';
import { MANIFESTS } from '../sim-machine.ts';
import { KubeletWorld, NODE } from '../testing/kubelet-world.ts';

/** A machine whose end the test announces. */
class Announced implements ShutdownNotice {
  readonly #moved = new Notifier();
  readonly #said: boolean[] = [];
  releases = 0;

  say(isComing: boolean): void {
    this.#said.push(isComing);
    this.#moved.notify();
  }

  async *changes(signal: AbortSignal): AsyncIterable<boolean> {
    while (!signal.aborted) {
      const next = this.#said.shift();
      if (next === undefined) await this.#moved.wait(signal).catch(() => undefined);
      else yield next;
    }
  }

  async release(): Promise<void> {
    this.releases += 1;
  }
}

async function withMachine(
  program: () => Program,
  work: (world: KubeletWorld, notice: Announced) => Promise<void>,
): Promise<void> {
  const notice = new Announced();
  const groups = shutdownGroups({ shutdownGracePeriod: '30s', shutdownGracePeriodCriticalPods: '10s' });
  await using world = await KubeletWorld.start({ program, shutdown: { notice, groups } });
  await world.run('web');
  await world.run('critical', { priorityClassName: 'system-node-critical' });
  await world.advance(3000);
  await work(world, notice);
}
const names = (world: KubeletWorld): readonly string[] =>
  world.machine.runtime.running().map(({ labels }) => labels['io.kubernetes.pod.name'] ?? '');

test("kubelet: pods of a machine that goes down end in upstream's words, and no more are taken", () =>
  withMachine(
    () => server,
    async (world, notice) => {
      notice.say(true);
      await world.advance(5000);
      const { status } = (await world.pod('web')) ?? {};
      const message = 'Pod was terminated in response to imminent node shutdown.';
      assert.deepEqual([status?.phase, status?.reason, status?.message], ['Failed', 'Terminated', message]);
      const disruption = status?.conditions?.find((c) => c.type === 'DisruptionTarget');
      assert.deepEqual(
        [disruption?.status, disruption?.reason, disruption?.message],
        ['True', 'TerminationByKubelet', message],
      );
      assert.deepEqual([names(world), notice.releases], [[], 1]);
      const ready = (await world.api.of(node).get(NODE)).status.conditions?.find((c) => c.type === 'Ready');
      assert.deepEqual(
        [ready?.status, ready?.reason, ready?.message],
        ['False', 'KubeletNotReady', 'node is shutting down'],
      );
      await world.run('late');
      await world.advance(2000);
      const late = (await world.pod('late'))?.status;
      assert.deepEqual(
        [late?.phase, late?.reason, late?.message],
        ['Failed', 'NodeShutdown', 'Pod was rejected: Pod was rejected as the node is shutting down.'],
      );
      notice.say(false);
      await world.advance(3000);
      assert.equal(
        (await world.api.of(node).get(NODE)).status.conditions?.find((c) => c.type === 'Ready')?.status,
        'True',
      );
    },
  ));

test("kubelet: what is critical ends last, and a pod that takes long takes no more than its group's time", () =>
  withMachine(
    () => ({ endsMs: 60_000 }),
    async (world, notice) => {
      notice.say(true);
      await world.advance(15_000);
      assert.deepEqual(names(world).toSorted(), ['critical', 'web']);
      await world.advance(8_000);
      assert.deepEqual([names(world), notice.releases], [['critical'], 0]);
      await world.advance(12_000);
      assert.deepEqual([names(world), notice.releases], [[], 1]);
    },
  ));

test('kubelet: an agent that ends leaves its pods alone; a static pod that a shutdown ended runs again after the boot', () =>
  withMachine(
    () => server,
    async (world, notice) => {
      world.machine.crash();
      await world.advance(60_000);
      assert.equal(names(world).length, 2);
      const manifest = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'own' },
        spec: { containers: [{ name: 'c', image: 'app' }] },
      };
      await world.machine.files.makeDir(MANIFESTS);
      await world.machine.files.write(`${MANIFESTS}/own.json`, JSON.stringify(manifest));
      world.machine.start();
      await world.advance(8000);
      assert.ok(names(world).includes(`own-${NODE}`));
      notice.say(true);
      await world.advance(8000);
      assert.deepEqual([names(world), (await world.pod(`own-${NODE}`))?.status.reason], [[], 'Terminated']);
      world.machine.crash();
      await world.advance(2000);
      world.machine.start();
      await world.advance(8000);
      assert.deepEqual(names(world), [`own-${NODE}`]);
      assert.equal((await world.pod(`own-${NODE}`))?.status.phase, 'Running');
    },
  ));
