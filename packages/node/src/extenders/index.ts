export { httpExtenders } from './http-extenders.ts';
