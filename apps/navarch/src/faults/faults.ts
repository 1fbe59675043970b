import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findContainerd } from '@navarch/node/containerd';
import { commandLine, processIds } from '@navarch/node/host';
import { findDaemon } from '../cluster/daemon.ts';
import type { LocalNode } from '../cluster/local-nodes.ts';
import { between, chance, pick, type World } from './world.ts';

/** What is killed; a program of a pod is any process in a container. */
const VICTIMS = ['agent', 'agent', 'server', 'containerd', 'containerd', 'shim', 'shim', 'program'] as const;
type Victim = (typeof VICTIMS)[number];

/** What may stand still for a while: a runtime or a server that is slow to answer. */
const FREEZABLE: ReadonlySet<Victim> = new Set(['agent', 'server', 'containerd', 'shim']);
const FROZEN_MS = [2_000, 15_000] as const;

/** Kills and freezes by chance, alone or several at once, until told to stop; what `up` starts again it starts again. */
export async function killAtRandom(world: World, signal: AbortSignal): Promise<number> {
  const { random } = world;
  let faults = 0;
  const thaws: Promise<void>[] = [];
  while (!signal.aborted) {
    await pause(between(random, 1_000, 6_000), signal);
    if (signal.aborted) break;
    for (let more = true; more; more = chance(random, 0.3)) {
      const [victim, node] = [pick(random, VICTIMS), pick(random, world.nodes)];
      const pid = victimOf(world, victim, node);
      if (pid === undefined) continue;
      const frozenMs = FREEZABLE.has(victim) && chance(random, 0.2) ? between(random, ...FROZEN_MS) : undefined;
      world.say(
        `${frozenMs === undefined ? 'kill -9' : `freeze for ${frozenMs} ms`} ${victim} of ${node.name} (${pid})`,
      );
      if (frozenMs === undefined) send(pid, 'SIGKILL');
      else thaws.push(freeze(pid, frozenMs));
      faults += 1;
    }
  }
  // Also of what was frozen last.
  for (const thaw of thaws) await thaw;
  return faults;
}

async function freeze(pid: number, ms: number): Promise<void> {
  send(pid, 'SIGSTOP');
  await sleep(ms);
  send(pid, 'SIGCONT');
}

/** As a person or an init system does: starts what is missing, a while after it died. Until told to stop. */
export async function startWhatDied(world: World, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(between(world.random, 200, 4_000), signal);
    if (!isWhole(world)) await startAgain(world);
  }
}

/** One `up`, which may meet the next kill: then there is another. */
export async function startAgain(world: World): Promise<void> {
  await world.navarch('up').catch((error: unknown) => {
    const { stderr = String(error) } = error as { readonly stderr?: string };
    world.say(`up: ${stderr.trim().split('\n').at(-1)}`);
  });
}

const isWhole = ({ layout, nodes }: World): boolean =>
  findDaemon(layout, 'server') !== undefined && nodes.every((node) => findDaemon(node.layout, 'agent') !== undefined);

function victimOf({ layout, random }: World, victim: Victim, node: LocalNode): number | undefined {
  if (victim === 'agent') return findDaemon(node.layout, 'agent')?.pid;
  if (victim === 'server') return findDaemon(layout, 'server')?.pid;
  if (victim === 'containerd') return findContainerd(node.layout.containerd)?.process.pid;
  const shims = shimsOf(node);
  if (shims.length === 0) return undefined;
  const shim = pick(random, shims);
  return victim === 'shim' ? shim : childOf(shim);
}

function shimsOf({ layout }: LocalNode): readonly number[] {
  return processIds().filter((pid) => {
    const words = commandLine(pid);
    return (words[0] ?? '').includes('containerd-shim') && words.includes(`${layout.containerd}/containerd.sock`);
  });
}

function childOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').at(-1)) || undefined;
  } catch {
    return undefined;
  }
}

export const kill = (pid: number): void => send(pid, 'SIGKILL');

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
