export { objectsOf, valuesOf } from './arbitrary.ts';
