export { groupPatterns } from './group-patterns.ts';
export { linearPatterns } from './linear-patterns.ts';
