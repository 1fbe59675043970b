import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { aborted } from '@navarch/base';
import type { ExtenderFile } from '../config/config-types.ts';
import { defaultProfile } from '../profile.ts';
import { nodeOf, podOf } from '../testing/builders.ts';
import { World } from '../testing/world.ts';
import { Extender } from './extender.ts';

interface Args {
  readonly Pod: Pod;
  readonly Nodes: { readonly items: readonly { readonly metadata: { readonly name: string } }[] } | null;
  readonly NodeNames: readonly string[] | null;
  readonly NodeNameToVictims?: object | null;
  readonly NodeNameToMetaVictims?: object | null;
  readonly PodName?: string;
  readonly Node?: string;
}

/** What an extender answers: a value is an answer, a text as it is, an error no answer; `hang`: nothing ever comes. */
type Answer = object | string | Error | 'hang';

interface Fake {
  readonly file?: Partial<ExtenderFile>;
  answer(verb: string, args: Args): Answer;
}

const ALL = { filterVerb: 'filter', prioritizeVerb: 'prioritize', weight: 1 };

function worldWith(...fakes: readonly Fake[]): World & { readonly asked: string[] } {
  const asked: string[] = [];
  const world = new World([defaultProfile], (clock) =>
    fakes.map(
      ({ file, answer }, i) =>
        new Extender(
          { urlPrefix: `http://e${i}/`, httpTimeout: '0s', ...(file ?? ALL) },
          {
            post: async (_, { url, body }, signal) => {
              const verb = url.slice(url.lastIndexOf('/') + 1);
              const args = JSON.parse(body) as Args;
              asked.push(`${i} ${verb} ${args.Pod?.metadata.name ?? args.PodName}`);
              const said = answer(verb, args);
              if (said instanceof Error) throw said;
              if (said === 'hang') {
                await aborted(signal);
                throw signal.reason;
              }
              return { status: 200, body: typeof said === 'string' ? said : JSON.stringify(said) };
            },
          },
          clock,
        ),
    ),
  );
  return Object.assign(world, { asked });
}

const names = ({ Nodes }: Args): readonly string[] => Nodes?.items.map(({ metadata }) => metadata.name) ?? [];
const only = (args: Args, ...left: readonly string[]) => ({
  nodes: { items: (args.Nodes?.items ?? []).filter(({ metadata }) => left.includes(metadata.name)) },
});
const gpu = (name: string) =>
  podOf(name, {
    spec: { containers: [{ name: 'c', resources: { limits: { 'a.b/gpu': '1' } } }] } as unknown as Pod['spec'],
  });
const ofGpus = { filterVerb: 'filter', managedResources: [{ name: 'a.b/gpu', ignoredByScheduler: true }] };

async function nodes(world: World, ...all: readonly string[]): Promise<void> {
  for (const name of all) await world.showNode(nodeOf(name, { allocatable: { 'a.b/gpu': '9' } }));
}
const bindings = (world: World) => world.said().filter((line) => line.startsWith('bind'));
const failures = (world: World) => world.said().filter((line) => line.startsWith('FailedScheduling'));

test('an extender takes nodes away and prefers others; what it scores is weighed ten times', async () => {
  await using world = worldWith({
    answer: (verb, args) =>
      verb === 'filter'
        ? only(args, 'a', 'b')
        : names(args).map((name) => ({ host: name, score: name === 'a' ? 10 : 0 })),
  });
  await nodes(world, 'a', 'b', 'c');
  for (const name of ['p', 'q', 'r']) await world.show(podOf(name));
  assert.deepEqual(bindings(world), ['bind default/p a', 'bind default/q a', 'bind default/r a']);
  assert.deepEqual(world.asked.slice(0, 2), ['0 filter p', '0 prioritize p']);
});

test('an extender that knows the nodes itself gets and gives their names only', async () => {
  await using world = worldWith({
    file: { ...ALL, nodeCacheCapable: true },
    answer(verb, { Nodes, NodeNames }) {
      assert.equal(Nodes, null);
      return verb === 'filter' ? { NodeNames: NodeNames?.filter((name) => name !== 'a') } : [];
    },
  });
  await nodes(world, 'a', 'b');
  await world.show(podOf('p'));
  assert.deepEqual(bindings(world), ['bind default/p b']);
});

test('what extenders say of nodes is in the message; any event brings the pod back', async () => {
  let isFull = true;
  await using world = worldWith({
    file: { filterVerb: 'filter' },
    answer: (_, args) =>
      isFull
        ? {
            Nodes: null,
            failedNodes: { a: 'no license', b: 'no license' },
            failedAndUnresolvableNodes: { b: 'too old' },
          }
        : only(args, 'a'),
  });
  await nodes(world, 'a', 'b', 'c');
  await world.show(podOf('p'));
  assert.deepEqual(failures(world), [
    'FailedScheduling 0/3 nodes are available: 1 no license, 1 too old. preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.',
  ]);
  isFull = false;
  await world.clock.advance(2000);
  assert.deepEqual(bindings(world), []);
  await world.showNode(nodeOf('a', { labels: { license: 'yes' } }));
  await world.settle();
  assert.deepEqual(bindings(world), ['bind default/p a']);
});

test('an extender of managed resources is asked of pods that want them, and never keeps the others', async () => {
  await using world = worldWith({ file: ofGpus, answer: () => 'hang' });
  await nodes(world, 'a');
  await world.show(gpu('g'));
  await world.show(gpu('h'));
  await world.show(podOf('p'));
  assert.deepEqual(bindings(world), ['bind default/p a']);
  assert.deepEqual(world.asked, ['0 filter g']);
  await world.clock.advance(5000);
  await world.settle();
  const TIMEOUT =
    'FailedScheduling Post "http://e0/filter": context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  assert.deepEqual(world.said(), [TIMEOUT, 'status default/g PodScheduled SchedulerError']);
  assert.deepEqual(world.asked.splice(0), ['0 filter g', '0 filter h']);
  // No hot loop: five seconds each, and never both at once.
  for (let i = 0; i < 60; i++) {
    await world.clock.advance(1000);
    await world.settle();
  }
  assert.ok(world.asked.length >= 8 && world.asked.length <= 13, `asked ${world.asked.length} times in a minute`);
});

test('extenders that hang keep neither each other nor what others are asked about', async () => {
  await using world = worldWith(
    { file: ofGpus, answer: () => 'hang' },
    { file: { filterVerb: 'filter', managedResources: [{ name: 'a.b/net' }] }, answer: (_, args) => only(args, 'a') },
  );
  await world.showNode(nodeOf('a', { allocatable: { 'a.b/gpu': '1', 'a.b/net': '1' } }));
  await world.show(gpu('g'));
  const net = { containers: [{ name: 'c', resources: { requests: { 'a.b/net': '1' } } }] } as unknown as Pod['spec'];
  await world.show(podOf('n', { spec: net }));
  assert.deepEqual(bindings(world), ['bind default/n a']);
});

test('an extender that lies fails the pod with what is wrong, and the pod is tried after its back-off', async () => {
  const lies: readonly (readonly [Answer, string])[] = [
    [
      { Nodes: { items: [{ metadata: { name: 'nowhere' } }] } },
      'extender "http://e0/" claims a filtered node "nowhere" which is not found in the input node list',
    ],
    ['{', 'the answer is no JSON'],
    ['[]', 'json: cannot unmarshal array into Go value of type v1.ExtenderFilterResult'],
    [
      { NodeNames: 'a' },
      'json: cannot unmarshal string into Go struct field ExtenderFilterResult.NodeNames of type []string',
    ],
    [{ Error: 'the moon is full' }, 'the moon is full'],
    [
      new Error('dial tcp 1.2.3.4:80: connect: connection refused'),
      'Post "http://e0/filter": dial tcp 1.2.3.4:80: connect: connection refused',
    ],
  ];
  for (const [lie, why] of lies) {
    let isHonest = false;
    await using world = worldWith({
      file: { filterVerb: 'filter' },
      answer: (_, args) => (isHonest ? only(args, 'a') : lie),
    });
    await nodes(world, 'a');
    await world.show(podOf('p'));
    const said = world.said();
    assert.ok(said[0]?.startsWith(`FailedScheduling ${why}`), said.join('\n'));
    assert.equal(said[1], 'status default/p PodScheduled SchedulerError');
    isHonest = true;
    await world.clock.advance(990);
    assert.deepEqual(bindings(world), []);
    await world.clock.advance(20);
    await world.settle();
    assert.deepEqual(bindings(world), ['bind default/p a']);
  }
});

test('an extender that may be ignored is, and one that gives no scores is done without', async () => {
  await using world = worldWith(
    { file: { filterVerb: 'filter', ignorable: true }, answer: () => new Error('gone') },
    { file: { prioritizeVerb: 'prioritize', weight: 1 }, answer: () => '"high"' },
  );
  await nodes(world, 'a', 'b');
  await world.show(podOf('p'));
  assert.equal(bindings(world).length, 1);
});

test('an extender binds where it says so; a binding that it only claims is taken back', async () => {
  let lies = false;
  await using world = worldWith({
    file: { bindVerb: 'bind' },
    answer(verb, { PodName = '', Node = '' }) {
      assert.equal(verb, 'bind');
      const pod = world.pods.get(`default/${PodName}`) as Pod;
      if (!lies) world.put({ ...pod, spec: { ...pod.spec, nodeName: Node } });
      return {};
    },
  });
  await nodes(world, 'a');
  await world.show(podOf('p'));
  assert.deepEqual(world.said(), ['Scheduled Successfully assigned default/p to a']);
  lies = true;
  await world.show(podOf('q'));
  assert.deepEqual(world.said(), []);
  await world.clock.advance(30_000);
  await world.settle();
  assert.deepEqual(world.said(), [
    'FailedScheduling extender "http://e0" claims to have bound the pod to a, but it has no node',
    'status default/q PodScheduled SchedulerError',
  ]);
});

test('an extender has its word on who is evicted', async () => {
  const victims: unknown[] = [];
  await using world = worldWith({
    file: { preemptVerb: 'preempt', nodeCacheCapable: true },
    answer(_, { NodeNameToMetaVictims }) {
      victims.push(NodeNameToMetaVictims);
      return { NodeNameToMetaVictims: { b: (NodeNameToMetaVictims as Record<string, object>)['b'] } };
    },
  });
  for (const name of ['a', 'b']) await world.showNode(nodeOf(name, { allocatable: { cpu: '1' } }));
  const low = (name: string, priority: number) =>
    podOf(name, { cpu: '1', metadata: { uid: `uid-${name}` }, spec: { priority, nodeName: name.slice(1) } });
  await world.show(low('xa', 1));
  await world.show(low('xb', 5));
  world.said();
  await world.show(podOf('p', { cpu: '1', spec: { priority: 10 } }));
  assert.deepEqual(victims, [
    { a: { Pods: [{ UID: 'uid-xa' }], NumPDBViolations: 0 }, b: { Pods: [{ UID: 'uid-xb' }], NumPDBViolations: 0 } },
  ]);
  assert.ok(world.said().includes('delete default/xb'));
  assert.ok(world.pods.has('default/xa'));
});

test('a pod that others took the room from while extenders were asked is decided anew', async () => {
  let wait = true;
  await using world = worldWith({ file: ofGpus, answer: (_, args) => (wait ? 'hang' : only(args, 'a')) });
  await world.showNode(nodeOf('a', { allocatable: { pods: '1', 'a.b/gpu': '1' } }));
  await world.show(gpu('g'));
  await world.show(podOf('p'));
  assert.deepEqual(bindings(world), ['bind default/p a']);
  wait = false;
  await world.clock.advance(7000);
  await world.settle();
  assert.ok(failures(world).some((line) => line.includes('1 Too many pods')));
});
