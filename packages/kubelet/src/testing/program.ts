/** What a container does in the simulated runtime: how long it runs, how it ends, what it answers. */
export interface Program {
  /** Milliseconds until it ends by itself; absent: it runs until it is stopped. */
  readonly runsMs?: number;
  /** With which it ends by itself; 0 when left out. */
  readonly exitCode?: number;
  /** Milliseconds until it ends after it was asked to; 0 when left out, Infinity: it never does. */
  readonly endsMs?: number;
  /** Seen as its OCI reason, `OOMKilled`. */
  readonly reason?: string;
  /** It cannot be started at all: the runtime's words. */
  readonly startProblem?: string;
  /** Answers a command; absent: every command succeeds at once. */
  exec?(command: readonly string[]): ExecAnswer;
}

export interface ExecAnswer {
  readonly exitCode: number;
  readonly output?: string;
  /** Milliseconds until it answers. */
  readonly tookMs?: number;
}

/** Which container it is of which a program is asked. */
export interface Instance {
  readonly pod: string;
  readonly name: string;
  readonly image: string;
  readonly attempt: number;
}

/** Runs until it is stopped, and then ends at once. */
export const server: Program = {};

/** Ends by itself after `runsMs` with `exitCode`. */
export const job = (runsMs: number, exitCode = 0): Program => ({ runsMs, exitCode });
