import { CheckpointError, readCheckpoint, writeCheckpoint } from '../checkpoint.ts';
import type { Files } from '../ports.ts';
import { SettingError } from '../topology/setting-error.ts';
import type { Device } from './generated/types.ts';

/** A claim that drivers were told of, or are about to be. */
export interface PreparedClaim {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Those that use it. */
  readonly podUids: readonly string[];
  readonly isPrepared: boolean;
  /** By driver: what it made ready. */
  readonly drivers: Readonly<Record<string, readonly Device[]>>;
}

/** Claims in use on the node, kept over restarts: whoever was told to make one ready must be told when it is over. */
export class PreparedClaims {
  readonly #files: Files;
  readonly #path: string;
  readonly #claims = new Map<string, PreparedClaim>();

  constructor(files: Files, root: string) {
    this.#files = files;
    this.#path = `${root}/dra_manager_state`;
  }

  /** Throws SettingError where what was kept cannot be read: what drivers hold would never be given back. */
  async load(): Promise<void> {
    try {
      const kept = (await readCheckpoint(this.#files, this.#path)) as readonly PreparedClaim[] | undefined;
      for (const claim of kept ?? []) this.#claims.set(keyOf(claim), claim);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      throw new SettingError(
        `could not restore state from checkpoint: ${error.message}, please drain this node and delete the DRA manager checkpoint file "${this.#path}" before restarting Kubelet`,
        { cause: error },
      );
    }
  }

  get(namespace: string, name: string): PreparedClaim | undefined {
    return this.#claims.get(keyOf({ namespace, name }));
  }

  ofPod(podUid: string): readonly PreparedClaim[] {
    return [...this.#claims.values()].filter(({ podUids }) => podUids.includes(podUid));
  }

  podUids(): ReadonlySet<string> {
    return new Set([...this.#claims.values()].flatMap(({ podUids }) => podUids));
  }

  async set(...claims: readonly PreparedClaim[]): Promise<void> {
    for (const claim of claims) this.#claims.set(keyOf(claim), claim);
    await this.#keep();
  }

  async forget(...claims: readonly PreparedClaim[]): Promise<void> {
    for (const claim of claims) this.#claims.delete(keyOf(claim));
    await this.#keep();
  }

  #keep(): Promise<void> {
    return writeCheckpoint(this.#files, this.#path, [...this.#claims.values()]);
  }
}

const keyOf = ({ namespace, name }: Pick<PreparedClaim, 'namespace' | 'name'>): string => `${namespace}/${name}`;
