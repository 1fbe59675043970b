import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pod, pod } from '@navarch/api';
import { Notifier } from '@navarch/base';
import { KubeletWorld } from '../testing/kubelet-world.ts';

/** Notes what it is asked, and answers as the test says. */
class ToldGuard {
  readonly said: string[] = [];
  answer: 'later' | 'yes' | Error = 'yes';
  readonly changed = new Notifier();

  async admit({ metadata }: Pod, addresses: readonly string[], signal: AbortSignal): Promise<void> {
    this.said.push(`admit ${metadata.name} at ${addresses.join()}`);
    while (this.answer === 'later') await this.changed.wait(signal);
    if (this.answer instanceof Error) throw this.answer;
  }

  dismiss({ metadata }: Pod): void {
    this.said.push(`dismiss ${metadata.name}`);
  }
}

test('kubelet: no container runs before the machine keeps its pod from others, at the address that it has', async () => {
  const guard = new ToldGuard();
  guard.answer = 'later';
  await using world = await KubeletWorld.start({ guard });
  await world.run('web', { initContainers: [{ name: 'first', image: 'app' }] });
  await world.advance(5000);
  const [sandbox] = world.machine.runtime.sandboxes.values();
  assert.equal(world.machine.runtime.containers.size, 0);
  const { podIP } = (await world.pod('web'))?.status ?? {};
  assert.ok(sandbox && podIP);
  assert.deepEqual(guard.said, [`admit web at ${podIP}`]);
  guard.answer = 'yes';
  guard.changed.notify();
  await world.advance(5000);
  assert.ok(world.machine.runtime.containers.size > 0);
  await world.api.of(pod).delete('default/web', { gracePeriodSeconds: 0 });
  await world.advance(5000);
  assert.equal(guard.said.at(-1), 'dismiss web');
});

test('kubelet: a pod that the machine cannot keep from others waits, says why, and is tried again', async () => {
  const guard = new ToldGuard();
  guard.answer = new Error('cannot enforce network policies: no room');
  await using world = await KubeletWorld.start({ guard });
  await world.run('web');
  await world.advance(3000);
  const [container] = (await world.pod('web'))?.status.containerStatuses ?? [];
  assert.deepEqual(container?.state?.waiting, {
    reason: 'CreateContainerError',
    message: 'cannot enforce network policies: no room',
  });
  assert.ok((await world.events('web')).includes('Failed: Error: cannot enforce network policies: no room'));
  assert.equal(world.machine.runtime.containers.size, 0);
  guard.answer = 'yes';
  await world.advance(20_000);
  assert.equal((await world.pod('web'))?.status.phase, 'Running');
});
