import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** Milliseconds. */
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** What a person would look at next, for the failure's message. */
  explain?(): string | Promise<string>;
}

/** Asks again and again until it is so; the last refusal says why it never was. */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  { timeoutMs = 60_000, everyMs = 100, explain }: Patience = {},
): Promise<void> {
  let refusal = '';
  for (const end = Date.now() + timeoutMs; ;) {
    try {
      if (await isSo()) return;
      refusal = '';
    } catch (error) {
      refusal = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (Date.now() >= end)
      assert.fail(`${what} did not come about within ${timeoutMs / 1000} s${refusal}\n${(await explain?.()) ?? ''}`);
    await sleep(everyMs);
  }
}
