import type { Oracle, OracleContext } from '../oracle.ts';
import { CustomClient, type CustomScenario, type Step } from './custom-client.ts';
import { customObjects } from './custom-objects.ts';
import { customValues } from './custom-values.ts';
import { definitionLives } from './definition-life.ts';
import { faultyDefinitions } from './faulty-definitions.ts';
import { exchange } from './http.ts';
import { ours, type Side, theirs } from './sides.ts';

const scenarios: readonly CustomScenario[] = [
  ...faultyDefinitions,
  ...definitionLives,
  ...customValues,
  ...customObjects,
];
const SHOWN_MAX = 8;

/** What definitions and their objects come to, step by step, in a server of ours and in one of the official libraries. */
export const customServerOracle: Oracle = {
  name: 'custom-server',
  isNamedWithin: true,
  async run(context) {
    await using their = await theirs();
    await using our = await ours();
    // Upstream's extension server knows no namespaces: they all are there.
    await exchange(our, {
      method: 'POST',
      path: '/api/v1/namespaces',
      headers: { 'content-type': 'application/json' },
      body: '{"metadata":{"name":"d"}}',
    });
    let [passed, failed] = [0, 0];
    const chosen = scenarios.filter(({ name }) => context.only.length === 0 || context.only.includes(name));
    // Each has a group of its own: they wait together.
    const [left, right] = [
      await Promise.all(chosen.map((one, i) => played(their, one, i))),
      await Promise.all(chosen.map((one, i) => played(our, one, i))),
    ];
    for (const [i, { name }] of chosen.entries()) {
      if (differences(name, left[i] ?? [], right[i] ?? [], context) === 0) passed += 1;
      else failed += 1;
    }
    return { passed, failed };
  },
};

async function played(side: Side, scenario: CustomScenario, i: number): Promise<readonly Step[]> {
  const client = new CustomClient(side);
  await scenario.run(client, `g${i}.custom.oracle.dev`);
  return client.steps;
}

function differences(name: string, theirs: readonly Step[], ours: readonly Step[], { say }: OracleContext): number {
  let different = theirs.length === ours.length ? 0 : 1;
  for (const [i, their] of theirs.entries()) {
    const our = ours[i];
    if (our?.answered === their.answered) continue;
    different += 1;
    if (different <= SHOWN_MAX)
      say(
        `${name}: ${their.asked}\n  theirs ${around(their.answered, our?.answered)}\n  ours   ${around(our?.answered ?? '', their.answered)}`,
      );
  }
  say(`${different === 0 ? 'ok  ' : 'FAIL'} custom server: ${name}: ${different} of ${theirs.length} differ`);
  return different;
}

function around(shown: string, other = ''): string {
  let at = 0;
  while (at < shown.length && shown[at] === other[at]) at += 1;
  return `${shown.slice(0, 3)} ...${shown.slice(Math.max(0, at - 160), at)}|${shown.slice(at, at + 200)}`;
}
