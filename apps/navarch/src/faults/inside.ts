import { seededRandom } from '@navarch/base';
import { stories } from './stories/index.ts';
import { openWorld } from './world.ts';

// One story on the machine that its cluster is on: `inside.ts STORY CLUSTER SEED MINUTES`. Ends with 1 where anything is wrong.

const [name = '', cluster = '', seed = '1', minutes = '2'] = process.argv.slice(2);
const story = stories.get(name);
if (!story) throw new Error(`there is no story ${name}`);
using world = openWorld(
  { name: cluster, random: seededRandom(Number(seed)), minutes: Number(minutes) },
  new AbortController().signal,
);
const wrong = await story(world);
for (const sentence of wrong) process.stdout.write(`WRONG ${sentence}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
