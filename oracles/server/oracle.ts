import type { Oracle } from '../oracle.ts';
import { alike } from './both.ts';
import { establish, gadgets, widgets } from './definitions.ts';
import { negotiation } from './negotiation-cases.ts';
import { type Known, type Scenario, transcript } from './scenario.ts';
import { ours, theirs } from './sides.ts';

const scenarios: readonly Scenario[] = [...negotiation];

const known: readonly Known[] = [];

/** What an API server of ours and one of the official libraries answer to the same requests. */
export const serverOracle: Oracle = {
  name: 'server',
  isNamedWithin: true,
  async run(context) {
    await using their = await theirs();
    await using our = await ours();
    for (const side of [their, our]) {
      await transcript(side, { name: 'definitions', run: async (client) => { for (const definition of [widgets, gadgets]) await establish(client, definition); } }, 'definitions');
    }
    return await alike([their, our], scenarios, known, context);
  },
};
