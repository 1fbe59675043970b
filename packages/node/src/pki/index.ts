export { type Credentials, Pki, type Subject } from './pki.ts';
export { openTokenKeys } from './token-keys.ts';
