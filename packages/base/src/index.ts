export { aborted } from './aborted.ts';
export { firstOf } from './first-of.ts';
export { ascending } from './ascending.ts';
export type { Clock } from './clock.ts';
export { Distribution } from './distribution.ts';
export { Heap } from './heap.ts';
export { interned } from './interned.ts';
export { InvariantError, invariant, unreachable } from './invariant.ts';
export { joinedBytes } from './joined-bytes.ts';
export { type Fields, type Logger, silent } from './log.ts';
export { Marks } from './marks.ts';
export { Memo } from './memo.ts';
export {
  type Counter,
  exponential,
  type Gauge,
  type Histogram,
  type Metrics,
  noMetrics,
  type Observer,
  type Tick,
} from './metric.ts';
export type { Labels, MetricFamily, Sample } from './metric-family.ts';
export { MetricRegistry } from './metric-registry.ts';
export { Notifier } from './notifier.ts';
export { onePiece } from './one-piece.ts';
export { PROMETHEUS_TYPE, prometheusText } from './prometheus.ts';
export { type Entropy, type Random, randomSuffix, randomUid, seededRandom } from './random.ts';
export { sha256 } from './sha-256.ts';
export { settleAll } from './settle-all.ts';
export { sideBySide } from './side-by-side.ts';
export { TaskGroup } from './task-group.ts';
export { TokenBucket, type TokenRate } from './token-bucket.ts';
