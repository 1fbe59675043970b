import type { ApiLoad } from '../../harness/api-load.ts';

/** An object to send. */
export interface Body {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export interface Pods {
  readonly count: number;
  body(index: number): Body;
  /** They get no node, and nobody waits for them. */
  readonly stayPending?: boolean;
}

/** What goes on while pods are measured. */
export interface Meanwhile {
  readonly everyMs: number;
  /** The first step is 0. */
  step(index: number, load: ApiLoad): Promise<unknown>;
}

/** One workload of upstream's scheduler benchmark: what is there, and what comes. */
export interface Replay {
  readonly nodes: readonly Body[];
  /** What else is there before any pod, in this order. */
  readonly objects: readonly Body[];
  /** Pods that are placed before, one sort after the other. */
  readonly before: readonly Pods[];
  readonly measured: Pods;
  readonly meanwhile?: Meanwhile;
}

/** Brings a number of upstream's to the size that is played, at least 1. */
type Size = (count: number) => number;

export interface NamedReplay {
  /** As in the table of workloads. */
  readonly name: string;
  /** Of the families that are to be several times as fast as upstream's floor. */
  readonly times?: number;
  at(size: Size): Replay;
}

/** All measured pods are here, where they are counted. */
export const MEASURED = 'sched-1';
/** The others are here, where a workload says nothing else. */
export const BEFORE = 'sched-0';
