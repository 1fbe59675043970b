export { type ClientCredentials, extensionTls, httpsExtensions, latin1Headers } from './https-extensions.ts';
