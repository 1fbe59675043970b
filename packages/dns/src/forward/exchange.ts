/** Another server. */
export interface Upstream {
  readonly address: string;
  readonly port: number;
}

/** The way to other servers. */
export interface Exchange {
  /**
   * Sends a question and resolves to the bytes of the answer that carries its id, which is one that nobody can guess and
   * is put in place of the one in `message`. Resolves to undefined where none comes in time or nobody is there.
   */
  ask(to: Upstream, message: Uint8Array, how: AskHow, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** The servers that this machine itself asks. */
  resolvers(): readonly string[];
}

export interface AskHow {
  readonly isTcp: boolean;
  readonly timeoutMs: number;
}
