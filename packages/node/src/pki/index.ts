export { certificateAuthority } from './authority.ts';
export { certificateFacts, detachedSignature, publicKeyPin } from './inspect.ts';
export { isPair, Pki } from './pki.ts';
export { writePrivateFile } from './private-file.ts';
export { makeRequest } from './request.ts';
export type { Credentials, Subject } from './subject.ts';
export { signatureProblem } from './x509.ts';
export * as x509 from './x509.ts';
