export { settle, SimClock } from './sim-clock.ts';
