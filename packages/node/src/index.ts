export { type LogLevel, systemClock, systemEntropy, systemLogger, systemRandom } from './system/index.ts';
export { SqliteStore } from './sqlite/index.ts';
