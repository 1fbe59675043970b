import type { Kind } from '@navarch/machinery';
import type { EngineConfig } from './haproxy/config.ts';

/** A line that the engine does not take, counted from 0 in the configuration's lines; without one: something else. */
export interface Refusal {
  readonly line: number | undefined;
  readonly words: string;
}

/** The process that takes requests. It outlives the one that configures it. */
export interface Engine {
  /**
   * Makes it work by this configuration, without a connection lost: starts it, or has a new process take over. Whoever
   * connects after that is answered by it. Resolves to what is refused; then nothing has changed. Rejects where it cannot
   * run at all.
   */
  load(config: EngineConfig, signal: AbortSignal): Promise<readonly Refusal[]>;
  /** Tells every process that still has connections. False: the newest one did not understand. */
  tell(commands: readonly string[], signal: AbortSignal): Promise<boolean>;
  /** Shows other certificates, by their files, to whom comes from here on. False: it does not take one of them. */
  renew(certificates: ReadonlyMap<string, string>, signal: AbortSignal): Promise<boolean>;
  /** What it starts from when it has to by itself: differs from what was loaded in what it was told since. */
  keep(config: EngineConfig): Promise<void>;
  /** Ends it. Nothing happens when it does not run. */
  stop(signal: AbortSignal): Promise<void>;
  /** Whether there is such a process. */
  isRunning(): Promise<boolean>;
}

export interface CertificateFacts {
  /** Names it is good for, those with a star as they are. */
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/** Looks at certificates. */
export interface Certificates {
  /** What a pair is good for; a sentence where it is none: not readable, or the key of another. */
  inspect(certificate: string, key: string): CertificateFacts | string;
}

/** What the API server serves, as it changes: custom resources come and go. */
export interface KindSource {
  current(): readonly Kind<any>[];
  /** Resolves when another list than `known` is served. Rejects when the signal aborts. */
  changed(known: readonly Kind<any>[], signal: AbortSignal): Promise<void>;
}
