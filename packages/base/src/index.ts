export type { Clock } from './clock.ts';
export { InvariantError, invariant, unreachable } from './invariant.ts';
export { type Fields, type Logger, silent } from './log.ts';
export { type Counter, type Gauge, type Histogram, type Labels, type Metrics, noMetrics } from './metric.ts';
export { Notifier } from './notifier.ts';
export { type Entropy, type Random, randomSuffix, randomUid, seededRandom } from './random.ts';
export { settleAll } from './settle-all.ts';
export { TaskGroup } from './task-group.ts';
