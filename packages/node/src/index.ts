export { type LogLevel, systemClock, systemEntropy, systemLogger, systemRandom } from './system/index.ts';
export { SqliteStore } from './sqlite/index.ts';
export { type Listening, listenHttps } from './http/index.ts';
export { type Credentials, openTokenKeys, Pki } from './pki/index.ts';
