import type { RuntimeAbilities, RuntimeCondition } from '../cri/index.ts';
import { RpcError } from '../rpc/rpc-error.ts';

/** What the runtime in memory can do beyond the oldest one supported: nothing. */
export const runtimeAbilities = (): RuntimeAbilities => ({
  runtimeName: 'memory',
  runtimeVersion: '1',
  hasContainerEvents: false,
  hasPodSandboxStats: false,
  hasSandboxResize: false,
  hasImageVolumes: false,
  hasRecursiveReadOnlyMounts: false,
  handlers: [],
  hasSupplementalGroupsPolicy: false,
  cgroupDriver: undefined,
});

/** A call that older runtimes lack too: callers have to live without. */
export const lacking = (): Promise<never> => Promise.reject(new RpcError('UNIMPLEMENTED', 'not simulated'));

/** What a runtime says of itself: ready, with a network, until somebody says otherwise. */
export class Conditions {
  readonly #all = new Map<string, RuntimeCondition>();

  constructor() {
    this.say('RuntimeReady', true);
    this.say('NetworkReady', true);
  }

  say(type: string, status: boolean, reason = '', message = ''): void {
    this.#all.set(type, { type, status, reason, message });
  }

  get all(): readonly RuntimeCondition[] {
    return [...this.#all.values()];
  }
}
