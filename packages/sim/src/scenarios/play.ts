import { CALM_LIMIT_MS, type Rest, type Scenario } from './scenario.ts';
import { ScenarioError, World } from './world.ts';

export interface Verdict {
  readonly scenario: string;
  readonly seed: number;
  /** Absent: all is as it must be. */
  readonly error?: string;
}

/** What holds at last must go on to hold for so long. */
const STAYS_MS = 30_000;
/** Looked at so seldom in the end. No part of a minute: what comes at every full one, as cron jobs do, is met elsewhere each time. */
const STEP_MS_MAX = 23_000;
const REST_BEGINS_MS = 5 * 60_000;
const REST_MINUTES = 10;

/** Plays a scenario with one seed, twice: what must hold holds, and both have written the same. */
export async function play(scenario: Scenario, seed: number): Promise<Verdict> {
  const of = { scenario: scenario.name, seed };
  try {
    const first = await playOnce(scenario, seed);
    const second = await playOnce(scenario, seed);
    return first === second
      ? of
      : { ...of, error: `two plays wrote different histories: ${firstDifference(first, second)}` };
  } catch (error) {
    return { ...of, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** The history of all that was written. Throws when something is not as it must be. */
async function playOnce(scenario: Scenario, seed: number): Promise<string> {
  await using world = await World.start(scenario, seed);
  await scenario.act(world);
  world.heal();
  await comesToStay(scenario, world);
  if (scenario.rest) await restsIn(scenario.rest, world);
  scenario.end(world.view);
  return world.history.join('\n');
}

/** Waits until all is as it must be and stays so: what somebody wrote who saw too little is put right by the next who looks. */
async function comesToStay({ end }: Scenario, world: World): Promise<void> {
  let last: unknown;
  let elapsed = 0;
  let step = 500;
  while (elapsed <= CALM_LIMIT_MS) {
    await world.pass(Math.round(step));
    elapsed += step;
    try {
      end(world.view);
      await world.pass(STAYS_MS);
      elapsed += STAYS_MS;
      return end(world.view);
    } catch (error) {
      if (error instanceof ScenarioError) throw error;
      last = error;
      step = Math.min(step * 1.5, STEP_MS_MAX);
    }
  }
  throw new ScenarioError(
    `not so after ${CALM_LIMIT_MS / 60_000} minutes in which nothing went wrong: ${(last as Error).message}`,
    { cause: last },
  );
}

/** Who tries in vain does so ever more seldom. */
async function restsIn(rest: Rest, world: World): Promise<void> {
  await world.pass(REST_BEGINS_MS);
  const before = world.load.work();
  await world.pass(REST_MINUTES * 60_000);
  const after = world.load.work();
  for (const what of ['requests', 'retries'] as const)
    for (const [controller, total] of after[what]) {
      const each = (total - (before[what].get(controller) ?? 0)) / REST_MINUTES;
      if (each > rest[what]) throw new ScenarioError(`${controller}: ${each} ${what} a minute, of ${rest[what]}`);
    }
}

function firstDifference(one: string, two: string): string {
  const [a, b] = [one.split('\n'), two.split('\n')];
  const at = a.findIndex((line, i) => line !== b[i]);
  return `${at < 0 ? '(nothing)' : a[at]} / ${(at < 0 ? b[a.length] : b[at]) ?? '(nothing)'}`;
}
