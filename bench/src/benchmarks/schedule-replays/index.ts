import { claimReplays } from './claims.ts';
import { neighbourReplays } from './neighbours.ts';
import { plainReplays } from './plain.ts';
import type { NamedReplay } from './replay.ts';

/** Every workload of upstream's scheduler benchmark that is played here. */
export const replays: readonly NamedReplay[] = [...plainReplays, ...neighbourReplays, ...claimReplays];
