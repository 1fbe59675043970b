import type { FlowCounts } from './flow-counts.ts';
import type { Present } from './presence.ts';

/** How things stand in a level. */
export interface LevelState {
  readonly name: string;
  /** Absent: its requests are refused or let in, they never wait. */
  readonly queues: number | undefined;
  /** Of each of its flows. */
  readonly counts: readonly FlowCounts[];
  readonly present: readonly Present[];
}

const ROOT = '/debug/api_priority_and_fairness/';
/** Cells are this wide at least, with the blank that parts them. */
const WIDTH_MIN = 8;
/** What upstream takes a request for that has not been worked on: seconds of one seat. */
const WORK_SECONDS = 0.003;
const NEVER = '0001-01-01T00:00:00Z';
/** Every request takes one seat, and none once it is answered. */
const SEATS = ['1', '0', '0s'] as const;

/** A page that tells how flow control stands, as upstream's of that path; undefined: there is none. */
export function flowDump(path: string, query: URLSearchParams, levels: readonly LevelState[]): string | undefined {
  const sorted = [...levels].sort((a, b) => (a.name < b.name ? -1 : 1));
  switch (path.startsWith(ROOT) ? path.slice(ROOT.length) : '') {
    case 'dump_priority_levels':
      return tableOf([LEVEL_COLUMNS, ...sorted.map(levelRow)]);
    case 'dump_queues':
      return tableOf([QUEUE_COLUMNS, ...sorted.flatMap(queueRows)]);
    case 'dump_requests': {
      const isDetailed = query.has('includeRequestDetails');
      const columns = [...REQUEST_COLUMNS, ...(isDetailed ? DETAIL_COLUMNS : [])];
      return tableOf([columns, ...sorted.flatMap((level) => requestRows(level, isDetailed))]);
    }
    default:
      return undefined;
  }
}

const LEVEL_COLUMNS = [
  'PriorityLevelName',
  'ActiveQueues',
  'IsIdle',
  'IsQuiescing',
  'WaitingRequests',
  'ExecutingRequests',
  'DispatchedRequests',
  'RejectedRequests',
  'TimedoutRequests',
  'CancelledRequests',
] as const;

function levelRow({ name, counts, present }: LevelState): readonly string[] {
  const sum = (of: (one: FlowCounts) => number): string => String(counts.reduce((all, one) => all + of(one), 0));
  const active = new Set(present.flatMap(({ waiting }) => waiting?.queue ?? []));
  return [
    name,
    String(active.size),
    String(present.length === 0),
    // A level that is taken away lets all in at once: there is nothing to be quiet for.
    'false',
    sum(({ waiting }) => waiting),
    sum(({ executing }) => executing),
    sum(({ left }) => left),
    sum(({ refusals }) => refusals['queue-full'] + refusals['concurrency-limit']),
    sum(({ refusals }) => refusals['time-out']),
    sum(({ refusals }) => refusals.cancelled),
  ];
}

const QUEUE_COLUMNS = [
  'PriorityLevelName',
  'Index',
  'PendingRequests',
  'ExecutingRequests',
  'SeatsInUse',
  'NextDispatchR',
  'InitialSeatsSum',
  'MaxSeatsSum',
  'TotalWorkSum',
] as const;

function queueRows({ name, queues = 0, present }: LevelState): readonly (readonly string[])[] {
  return Array.from({ length: queues }, (_, queue) => {
    const own = present.filter(({ waiting }) => waiting?.queue === queue);
    const pending = own.filter(({ startedAt }) => startedAt === undefined).length;
    const executing = String(own.length - pending);
    // Queues take turns here: none is ahead of another by work that was done for it.
    const seats = String(pending);
    return [
      name,
      String(queue),
      seats,
      executing,
      executing,
      seatSeconds(0),
      seats,
      seats,
      seatSeconds(pending * WORK_SECONDS),
    ];
  });
}

const seatSeconds = (seconds: number): string => `${seconds.toFixed(8)}ss`;

const REQUEST_COLUMNS = [
  'PriorityLevelName',
  'FlowSchemaName',
  'QueueIndex',
  'RequestIndexInQueue',
  // Upstream's column is called so.
  'FlowDistingsher',
  'ArriveTime',
  'InitialSeats',
  'FinalSeats',
  'AdditionalLatency',
  'StartTime',
] as const;
const DETAIL_COLUMNS = [
  'UserName',
  'Verb',
  'APIPath',
  'Namespace',
  'Name',
  'APIVersion',
  'Resource',
  'SubResource',
] as const;

/** Queue by queue, those who wait before those who are worked on; last those that no queue has seen. */
function requestRows({ name, present }: LevelState, isDetailed: boolean): readonly (readonly string[])[] {
  const queueOf = ({ waiting }: Present): number => waiting?.queue ?? Infinity;
  const isWorkedOn = ({ startedAt }: Present): number => (startedAt === undefined ? 0 : 1);
  const sorted = [...present].sort((a, b) =>
    queueOf(a) === queueOf(b) ? isWorkedOn(a) - isWorkedOn(b) : queueOf(a) < queueOf(b) ? -1 : 1,
  );
  const waitingIn = new Map<number, number>();
  return sorted.map(({ flow, user, info, arrivedAt, startedAt, waiting }) => {
    const queue = waiting?.queue ?? -1;
    const index = startedAt === undefined ? (waitingIn.get(queue) ?? 0) : -1;
    if (startedAt === undefined) waitingIn.set(queue, index + 1);
    return [
      name,
      flow.schema,
      String(queue),
      String(index),
      flow.distinguisher,
      timeOf(arrivedAt),
      ...SEATS,
      startedAt === undefined ? NEVER : timeOf(startedAt),
      ...(isDetailed
        ? [user.name, info.verb, info.path, info.namespace, info.name, info.version, info.resource, info.subresource]
        : []),
    ];
  });
}

/** As Go prints RFC 3339 with nanoseconds. */
const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.?0+Z$/, 'Z');

/** Cells with commas, and as many blanks as put each column below its name. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell, i) => (i < row.length - 1 ? `${cell},` : cell)));
  const widths = (rows[0] ?? []).map((_, i) => Math.max(WIDTH_MIN, ...cells.map((row) => (row[i] ?? '').length + 1)));
  return cells
    .map((row) => `${row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell)).join('')}\n`)
    .join('');
}
