export { opensslCertificates } from './certificates.ts';
export { haproxyEngine } from './engine.ts';
export { haproxyLayout } from './layout.ts';
