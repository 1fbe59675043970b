export { systemClock } from './clock.ts';
export { type LogLevel, systemLogger } from './logger.ts';
export { systemEntropy, systemRandom } from './random.ts';
