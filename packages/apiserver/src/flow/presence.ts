import type { User } from '../auth/user.ts';
import type { RequestInfo } from '../request-info.ts';
import type { Waiting } from './fair-queues.ts';

/** What a request is told apart by: its schema, and whom of that it shares queues with. */
export interface FlowName {
  readonly level: string;
  readonly schema: string;
  readonly distinguisher: string;
}

/** A request that flow control has let in, or keeps waiting. */
export interface Present {
  readonly flow: FlowName;
  readonly user: User;
  readonly info: RequestInfo;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
  /** When it got its seat; undefined: it waits for one. */
  startedAt: number | undefined;
  /** Its place in a queue, from the time that it had to wait. */
  waiting: Waiting | undefined;
}
