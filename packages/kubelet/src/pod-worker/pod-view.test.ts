import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { SimClock } from '@navarch/sim';
import type { Observed } from '../pod-machine/observed.ts';
import { type Listed, PodView } from './pod-view.ts';

const { signal } = new AbortController();
const pod = {} as Pod;
const sandbox = { id: 's', attempt: 0, isReady: true, createdAt: 1, ip: '10.0.0.1', additionalIps: [] };
const container = { id: 'c', name: 'c', attempt: 0, sandboxId: 's', terminationMessage: '' };
const running = { ...container, status: { id: 'c', state: 'CONTAINER_RUNNING' } } as Observed['containers'][number];

/** A view of a pod that has a sandbox and, after the step that made it, a container; what it asked for. */
async function viewOf(isUnseen: boolean): Promise<{ view: PodView; asked: string[]; clock: SimClock }> {
  const asked: string[] = [];
  const clock = new SimClock();
  const seen: Observed = { sandboxes: [sandbox], containers: [running] };
  const observer = {
    look: async () => (asked.push('everything'), seen),
    lookAt: async (_: Pod, made: readonly { readonly id: string }[]) => (
      asked.push(made.map((m) => m.id).join()),
      seen
    ),
  };
  const view = new PodView({ observer, clock, isUnseen });
  await view.look(pod, signal);
  return { view, asked, clock };
}

const made = { type: 'container', id: 'c', sandboxId: 's' } as const;
const listed = (...states: readonly (readonly [string, string])[]): Listed => new Map(states);
const ready = ['s', 'SANDBOX_READY'] as const;
const runs = ['c', 'CONTAINER_RUNNING'] as const;

test('look(): a pod of which the runtime holds nothing is not looked at', async () => {
  assert.deepEqual((await viewOf(true)).asked, []);
  assert.deepEqual((await viewOf(false)).asked, ['everything']);
});

test('look(): of what a step has made only that is looked at, and nothing after a step that moves nothing', async () => {
  const { view, asked } = await viewOf(true);
  view.moved('nothing');
  await view.look(pod, signal);
  view.moved(made);
  await view.look(pod, signal);
  await view.look(pod, signal);
  view.moved('anything');
  await view.look(pod, signal);
  assert.deepEqual(asked, ['c', 'everything']);
});

test('look(): a look that fails leaves nothing known', async () => {
  const asked: string[] = [];
  const observer = {
    look: async () => (asked.push('everything'), { sandboxes: [], containers: [] }),
    lookAt: () => Promise.reject(new Error('no answer')),
  };
  const view = new PodView({ observer, clock: new SimClock(), isUnseen: true });
  view.moved(made);
  await assert.rejects(view.look(pod, signal), /no answer/);
  await view.look(pod, signal);
  assert.deepEqual(asked, ['everything']);
});

test('isNews(): only what lists show otherwise than it was seen', async () => {
  const { view } = await viewOf(false);
  const cases: readonly (readonly [Listed, boolean])[] = [
    [listed(ready, runs), false],
    [listed(ready, ['c', 'CONTAINER_EXITED']), true],
    [listed(['s', 'SANDBOX_NOTREADY'], runs), true],
    [listed(ready), true],
    [listed(runs), true],
    [listed(), true],
    [listed(ready, runs, ['d', 'CONTAINER_CREATED']), true],
  ];
  for (const [shown, isNews] of cases) assert.equal(view.isNews(shown, false), isNews, JSON.stringify([...shown]));
});

test('isNews(): what comes while a step makes something is waited for, and looked at unless the step made it', async () => {
  const { view, asked } = await viewOf(true);
  assert.equal(view.isNews(listed(ready), true), false);
  view.moved({ type: 'sandbox', id: 's' });
  await view.look(pod, signal);
  // What somebody else made has come meanwhile.
  assert.equal(view.isNews(listed(ready, runs, ['foreign', 'CONTAINER_RUNNING']), true), false);
  view.moved(made);
  await view.look(pod, signal);
  assert.deepEqual(asked, ['s', 'everything']);
});
