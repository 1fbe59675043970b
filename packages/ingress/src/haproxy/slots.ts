import type { Backend, Endpoint } from '../model.ts';
import { addressOf } from './line.ts';

/** By backend, who is in which place. A place's name is its number from 1; an endpoint keeps its place as long as it is there. */
export type Slots = ReadonlyMap<string, readonly (Endpoint | undefined)[]>;

const SLOTS_MIN = 4;

/**
 * Gives every endpoint a place. There are more places than endpoints, so that most changes need no other configuration: an
 * endpoint that comes takes an empty place, one that goes leaves its own. Nobody ever moves to another place: processes of
 * earlier configurations, which still have connections, are told by the same names. Places at the end that have been
 * empty are given up only with `fresh`, when there is another configuration anyway.
 */
export function assignSlots(before: Slots, backends: readonly Backend[], fresh = false): Slots {
  return new Map(
    backends.flatMap(({ id, forward }) =>
      forward ? [[id, places(before.get(id) ?? [], forward.endpoints, fresh)]] : [],
    ),
  );
}

function places(
  before: readonly (Endpoint | undefined)[],
  endpoints: readonly Endpoint[],
  fresh: boolean,
): readonly (Endpoint | undefined)[] {
  const wanted = new Map(endpoints.map((endpoint) => [addressOf(endpoint), endpoint]));
  const lastHeld = before.findLastIndex((held) => held && wanted.has(addressOf(held)));
  const count = fresh ? countFor(Math.max(wanted.size, lastHeld + 1)) : Math.max(before.length, countFor(wanted.size));
  const kept = new Set<string>();
  const result: (Endpoint | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const held = before[i];
    const key = held && addressOf(held);
    result.push(key !== undefined && wanted.has(key) && !kept.has(key) ? held : undefined);
    if (result[i] !== undefined && key !== undefined) kept.add(key);
  }
  const coming = [...wanted].flatMap(([key, endpoint]) => (kept.has(key) ? [] : [endpoint]));
  return result.map((held) => held ?? coming.shift());
}

function countFor(endpoints: number): number {
  let count = SLOTS_MIN;
  while (count < endpoints) count *= 2;
  return count;
}
