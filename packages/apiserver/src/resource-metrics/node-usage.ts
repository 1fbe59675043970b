import { readExposition } from './exposition.ts';

/** What something had used up to a moment. */
export interface Point {
  readonly atMs: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly startMs?: number;
}

/** One look at a node. */
export interface NodeUsage {
  readonly node: Point | undefined;
  /** By `namespace/pod`, then by container. A container that does not tell all is left out. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Point>>;
}

const NAMES = new Set([
  'container_cpu_usage_seconds_total',
  'container_memory_working_set_bytes',
  'container_start_time_seconds',
  'node_cpu_usage_seconds_total',
  'node_memory_working_set_bytes',
]);

type Partial = { -readonly [K in keyof Point]?: Point[K] };

/**
 * What a kubelet says at /metrics/resource (KEP-727).
 *
 * @param nowMs the moment of readings that do not tell theirs
 */
export function readNodeUsage(text: string, nowMs: number): NodeUsage {
  const node: Partial = {};
  const pods = new Map<string, Map<string, Partial>>();
  for (const { name, labels, value, timestampMs = nowMs } of readExposition(text, NAMES)) {
    const point = name.startsWith('node_') ? node : containerAt(pods, labels);
    if (name.endsWith('_start_time_seconds')) point.startMs = value * 1000;
    else if (name.endsWith('_working_set_bytes')) point.memoryBytes = value;
    else {
      // A rate is between two looks at the CPU: its moment is the point's.
      point.cpuSeconds = value;
      point.atMs = timestampMs;
    }
  }
  return {
    node: whole(node),
    pods: new Map(
      [...pods].map(([key, containers]) => [
        key,
        new Map(
          [...containers].flatMap(([name, point]) => {
            const complete = whole(point);
            return complete ? [[name, complete] as const] : [];
          }),
        ),
      ]),
    ),
  };
}

function containerAt(
  pods: Map<string, Map<string, Partial>>,
  { namespace = '', pod = '', container = '' }: Readonly<Record<string, string>>,
): Partial {
  const key = `${namespace}/${pod}`;
  const containers = pods.get(key) ?? new Map<string, Partial>();
  const point = containers.get(container) ?? {};
  pods.set(key, containers.set(container, point));
  return point;
}

const whole = ({ atMs, cpuSeconds, memoryBytes, startMs }: Partial): Point | undefined =>
  atMs === undefined || cpuSeconds === undefined || memoryBytes === undefined
    ? undefined
    : { atMs, cpuSeconds, memoryBytes, ...(startMs === undefined ? {} : { startMs }) };
