export * as cri from './cri/index.ts';
