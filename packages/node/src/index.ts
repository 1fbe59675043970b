export { type LogLevel, systemClock, systemEntropy, systemLogger, systemRandom } from './system/index.ts';
