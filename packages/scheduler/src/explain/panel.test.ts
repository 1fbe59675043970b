import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node as nodeKind, type Pod, pod as podKind } from '@navarch/api';
import { Extender } from '../extenders/extender.ts';
import { defaultProfile } from '../profile.ts';
import { nodeOf, objectsOf, podOf } from '../testing/builders.ts';
import { World } from '../testing/world.ts';
import { explaining } from './explain.ts';
import type { Explanation } from './explanation.ts';
import { inTurns } from './steps.ts';
import { WhatIf } from './what-if.ts';

interface Args {
  readonly Pod: Pod;
  readonly Nodes: {
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly spec: { readonly unschedulable?: boolean };
    }[];
  };
}

/** What is told where an extender filters so; `questions` counts how often it is asked. */
async function told(
  filter: (args: Args) => object | Error,
  { spec = {}, isIgnorable = false, cordoned = [] as readonly string[] } = {},
): Promise<Explanation & { readonly questions: number }> {
  await using world = new World([defaultProfile]);
  let questions = 0;
  const file = { urlPrefix: 'http://e/', filterVerb: 'filter', httpTimeout: '0s', ignorable: isIgnorable };
  const transport = {
    post: async (_: unknown, { body }: { readonly body: string }) => {
      questions += 1;
      const said = filter(JSON.parse(body) as Args);
      if (said instanceof Error) throw said;
      return { status: 200, body: JSON.stringify(said) };
    },
  };
  const nodes = ['a', 'b'].map((name) => nodeOf(name, { spec: { unschedulable: cordoned.includes(name) } }));
  const pod = podOf('p', { spec });
  const whatIf = WhatIf.of(objectsOf([nodeKind, nodes], [podKind, [pod]]));
  const extenders = [new Extender(file, transport, world.clock)];
  const answer = await inTurns(explaining(pod, whatIf, [defaultProfile], extenders), async () => undefined);
  return { ...answer, questions };
}

const all = (args: Args): object => ({ nodes: args.Nodes });
const none = (args: Args): object => ({
  nodes: { items: [] },
  failedNodes: Object.fromEntries(args.Nodes.items.map(({ metadata }) => [metadata.name, 'no license'])),
});

test('an extender that turns a pod away is named, with what it says', async () => {
  const { state, headline, message, nodes, fixes } = await told(none);
  assert.equal(state, 'Unfit');
  assert.equal(headline, 'Pod default/p has no node: all 2 nodes: no license (says extender http://e).');
  assert.equal(message, '0/2 nodes are available: 2 no license.');
  assert.deepEqual(nodes[0]?.misfits, [
    { plugin: 'Extender', reasons: ['no license'], detail: 'says extender http://e' },
  ]);
  assert.deepEqual(fixes, []);
});

test('where an extender leaves a node, that is the one where the pod fits', async () => {
  const only = (args: Args): object => ({
    nodes: { items: args.Nodes.items.filter(({ metadata }) => metadata.name === 'b') },
  });
  const { state, headline, nodes } = await told(only);
  assert.deepEqual([state, nodes.map(({ name, fits }) => `${name} ${fits}`)], ['Fits', ['b true', 'a false']]);
  assert.match(headline, /^Pod default\/p fits on node b:/);
});

test('what would win the plugins over is told only where extenders agree', async () => {
  const cordoned = ['a', 'b'];
  assert.deepEqual((await told(none, { cordoned })).fixes, []);
  const isOpen = ({ Nodes: { items } }: Args): object => ({
    nodes: { items: items.filter(({ metadata, spec }) => metadata.name === 'b' && !spec.unschedulable) },
  });
  assert.deepEqual(
    (await told(isOpen, { cordoned })).fixes
      .map(({ summary }) => summary)
      .filter((text) => text.startsWith('uncordon')),
    ['uncordon node b'],
  );
  assert.ok((await told(all, { cordoned })).fixes.length > 0);
});

test('an extender that fails is said to, or passed over where that is allowed; it is asked a few times at most', async () => {
  assert.match((await told(() => new Error('refused'))).headline, /refused \(says extender http:\/\/e\)/);
  assert.equal((await told(() => new Error('refused'), { isIgnorable: true })).state, 'Fits');
  const { questions } = await told(none, { cordoned: ['a', 'b'] });
  assert.ok(questions <= 16, `${questions} questions`);
});
