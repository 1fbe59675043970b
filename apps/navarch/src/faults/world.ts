import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Random } from '@navarch/base';
import type { Api } from '@navarch/client';
import { type Layout, layoutOf } from '../cluster/layout.ts';
import { type LocalNode, localNodes } from '../cluster/local-nodes.ts';
import { readState } from '../cluster/state.ts';
import { adminClient } from '../cluster/wait-ready.ts';

const run = promisify(execFile);
const MAIN = join(import.meta.dirname, '../main.ts');
const COMMAND_MS_MAX = 180_000;

/** A cluster with real containers, seen from the machine that it is on. */
export interface World extends Disposable {
  readonly layout: Layout;
  readonly nodes: readonly LocalNode[];
  readonly api: Api;
  readonly random: Random;
  readonly minutes: number;
  readonly signal: AbortSignal;
  say(line: string): void;
  /** A command of ours about this cluster; rejects with what it said. */
  navarch(...words: readonly string[]): Promise<string>;
  /** Any program. */
  run(...words: readonly string[]): Promise<string>;
}

/** What a story found wrong, one sentence each. Empty: all is well. */
export type Story = (world: World) => Promise<readonly string[]>;

export interface WorldOptions {
  readonly name: string;
  readonly random: Random;
  readonly minutes: number;
}

export function openWorld({ name, random, minutes }: WorldOptions, signal: AbortSignal): World {
  const layout = layoutOf(name);
  const state = readState(layout);
  if (!state) throw new Error(`there is no cluster ${name} in ${layout.dir}`);
  const { api, transport } = adminClient(layout, signal);
  const began = performance.now();
  const start = async (words: readonly string[]): Promise<string> => {
    const [program = '', ...rest] = words;
    const { stdout } = await run(program, rest, { timeout: COMMAND_MS_MAX, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  };
  return {
    layout,
    nodes: localNodes(layout, state),
    api,
    random,
    minutes,
    signal,
    say: (line) => process.stdout.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} ${line}\n`),
    navarch: (...words) =>
      start([process.execPath, '--disable-warning=ExperimentalWarning', MAIN, ...words, '--name', name]),
    run: (...words) => start(words),
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

export const pick = <T>(random: Random, values: readonly T[]): T => values[random.uint32() % values.length] as T;
export const chance = (random: Random, probability: number): boolean => random.uint32() / 2 ** 32 < probability;
export const between = (random: Random, least: number, most: number): number =>
  least + (random.uint32() % (most - least + 1));

/** Looks again and again until nothing is wrong, or the time is over: what is wrong then. */
export async function settled(
  look: () => Promise<readonly string[]>,
  { timeoutMs, everyMs = 1_000 }: { readonly timeoutMs: number; readonly everyMs?: number },
): Promise<readonly string[]> {
  for (const end = performance.now() + timeoutMs; ; await sleep(everyMs)) {
    const wrong = await look().catch((error: unknown) => [String(error)]);
    if (wrong.length === 0 || performance.now() > end) return wrong;
  }
}
