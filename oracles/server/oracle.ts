import type { Oracle } from '../oracle.ts';
import { addresses } from './address-cases.ts';
import { applying } from './applying-cases.ts';
import { alike } from './both.ts';
import { bodies } from './body-cases.ts';
import { deleting } from './deleting-cases.ts';
import { definitions } from './definitions.ts';
import { negotiation } from './negotiation-cases.ts';
import { known } from './known.ts';
import { numbers } from './number-cases.ts';
import { queries } from './query-cases.ts';
import { reading } from './reading-cases.ts';
import { type Scenario, transcript } from './scenario.ts';
import { ours, theirs } from './sides.ts';
import { typed } from './typed-cases.ts';
import { watching } from './watching-cases.ts';
import { writing } from './writing-cases.ts';

const all: readonly Scenario[] = [
  ...negotiation,
  ...bodies,
  ...reading,
  ...watching,
  ...writing,
  ...deleting,
  ...applying,
  ...typed,
  ...addresses,
  ...numbers,
  ...queries,
];

/** What an API server of ours and one of the official libraries answer to the same requests. */
export const serverOracle: Oracle = {
  name: 'server',
  isNamedWithin: true,
  async run(context) {
    await using their = await theirs();
    await using our = await ours();
    for (const side of [their, our]) await transcript(side, definitions, definitions.name);
    return await alike([their, our], all, known, context);
  },
};
