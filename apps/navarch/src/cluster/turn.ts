import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess } from '@navarch/node/host';
import { hold, type HeldFile, holderOf, isHeld } from '@navarch/node/host';
import type { Layout } from './layout.ts';

const POLL_MS = 50;
const END_MS = 3_000;

type Say = (text: string) => void;

/** One `up` of a cluster at a time, and none during a `down`: waits for those that are at work. */
export async function takeTurnUp(layout: Layout, say: Say): Promise<HeldFile> {
  const turn = await take(layout.upLock, `another \`up\` of ${layout.name}`, say);
  for (let isSaid = false; ; isSaid = true) {
    const other = holderOf(layout.downLock);
    if (!other) return turn;
    if (!isSaid) say(`Waiting for \`down\` of ${layout.name} (pid ${other.pid}) to end ...`);
    await sleep(POLL_MS);
  }
}

/** One `down` at a time. It ends an `up` that is at work: what that has half made is taken away. */
export async function takeTurnDown(layout: Layout, say: Say): Promise<HeldFile> {
  const turn = await take(layout.downLock, `another \`down\` of ${layout.name}`, say);
  const up = holderOf(layout.upLock);
  if (up) {
    say(`Ending \`up\` of ${layout.name} (pid ${up.pid}), which is at work ...`);
    await endProcess(up, END_MS, new AbortController().signal);
  }
  return turn;
}

async function take(path: string, who: string, say: Say): Promise<HeldFile> {
  for (let isSaid = false; ; isSaid = true) {
    const result = hold(path);
    if (isHeld(result)) return result;
    if (!isSaid) say(`Waiting for ${who} (pid ${result.pid}) to end ...`);
    await sleep(POLL_MS);
  }
}
