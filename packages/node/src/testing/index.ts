export { eventually, type Patience } from './eventually.ts';
