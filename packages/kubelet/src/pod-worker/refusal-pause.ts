import type { Random } from '@navarch/base';

/** What the runtime refuses the first time may be a passing trouble of this node. */
export const FIRST_REFUSAL_PAUSE_MS = 2_000;
const PAUSE_MS = 10_000;

/**
 * What goes on standing in the way is looked at again after 10 s and up to half as long again, as upstream does: it
 * needs someone to make an object or mend a spec or a node, and every look is an event.
 */
export const refusalPauseMs = (random: Random): number => PAUSE_MS + (random.uint32() % (PAUSE_MS / 2));
