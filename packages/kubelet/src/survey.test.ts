import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POD_UID } from './container-config.ts';
import type { ContainerRuntime } from './cri/index.ts';
import { Survey } from './survey.ts';

const { signal } = new AbortController();

/** A runtime that has these, `id: pod state`, told in another order each time; counts how often labels are asked for. */
class Listed {
  sandboxes: Readonly<Record<string, string>> = {};
  containers: Readonly<Record<string, string>> = {};
  wholeLists = 0;
  #isTurned = false;
  readonly runtime = {
    listSandboxStates: async () => ({ items: this.#told(this.sandboxes) }),
    listContainerStates: async () => ({ containers: this.#told(this.containers) }),
    listPodSandbox: async () => ({ items: this.#whole(this.sandboxes) }),
    listContainers: async () => ({ containers: this.#whole(this.containers) }),
  } as unknown as ContainerRuntime;

  #whole(held: Readonly<Record<string, string>>): readonly object[] {
    this.wholeLists += 1;
    return this.#told(held);
  }

  #told(held: Readonly<Record<string, string>>): readonly object[] {
    this.#isTurned = !this.#isTurned;
    const told = Object.entries(held).map(([id, text]) => {
      const [uid = '', state = ''] = text.split(' ');
      return { id, state, labels: uid === '-' ? {} : { [POD_UID]: uid } };
    });
    return this.#isTurned ? told : told.reverse();
  }
}

test('look() names the pods of which something came, changed or went, and no other', async () => {
  const held = new Listed();
  const survey = new Survey(held.runtime);
  const look = async (): Promise<string> => [...(await survey.look(signal)).keys()].sort().join(' ');
  held.sandboxes = { s1: 'a ready', s2: 'b ready', foreign: '- ready' };
  held.containers = { c1: 'a running', c2: 'a running', c3: 'b running' };
  const steps = [await look(), await look()];
  held.containers = { c1: 'a running', c2: 'a exited', c3: 'b running' };
  steps.push(await look());
  // One went and another came: as many as before.
  held.containers = { c1: 'a running', c2: 'a exited', c4: 'b created' };
  steps.push(await look());
  held.sandboxes = { s1: 'a ready', foreign: '- gone' };
  held.containers = { c1: 'a running', c2: 'a exited' };
  steps.push(await look(), await look());
  assert.deepEqual(steps, ['a b', '', 'a', 'b', 'b', '']);
  assert.deepEqual([...survey.uids], ['a']);
});

test('look() reads no labels where nothing has moved', async () => {
  const held = new Listed();
  const survey = new Survey(held.runtime);
  held.sandboxes = { s1: 'a ready' };
  held.containers = { c1: 'a running', c2: 'a running' };
  for (let i = 0; i < 10; i++) await survey.look(signal);
  assert.equal(held.wholeLists, 2);
});
