export { openTokenKeys, tokenKeysOf } from './token-keys.ts';
