import type { Oracle } from '../oracle.ts';
import { built } from '../go.ts';
import { compareConfigs } from './configs.ts';
import { compareBesideOurs } from './beside-ours.ts';

/** The official types of the scheduler's edges: its configuration, extenders, and a second scheduler written against client-go. */
export const schedulerOracle: Oracle = {
  name: 'scheduler',
  async run({ say }) {
    const program = await built('scheduler');
    const wrong = [...(await compareConfigs(program)), ...(await compareBesideOurs(program))];
    let [passed, failed] = [0, 0];
    for (const { what, why } of wrong) {
      if (why === undefined) passed += 1;
      else failed += 1;
      say(why === undefined ? `ok   scheduler: ${what}` : `FAIL scheduler: ${what}: ${why}`);
    }
    return { passed, failed };
  },
};
