import type { PacketFilter } from '@navarch/proxy';
import { runCommand } from '../host/index.ts';

/** Applies scripts with the nft program, in a network namespace when one is given. */
export const nftFilter = (netns?: string): PacketFilter => ({
  async apply(script, signal) {
    await runCommand(['nft', '-f', '-'], { input: script, ...(netns ? { netns } : {}) }, signal);
  },
});
