export { type AdmissionContext, type AdmissionPlugin, defineAdmissionPlugin } from './admission/admission.ts';
export type { AdmissionRequest } from './admission/request.ts';
export { builtinAdmission } from './admission/builtin.ts';
export type {
  ExtensionAnswer,
  ExtensionServer,
  ExtensionServers,
  RemoteHeaders,
} from './aggregation/extension-servers.ts';
export type { SignatureProblem } from './admission/plugins/request-signature.ts';
export type { WebhookAddress, Webhooks } from './admission/webhooks/port.ts';
export { type AuditEvent, type AuditSink, legacyLine } from './audit/event.ts';
export { EVENT_BYTES_MAX, truncating } from './audit/truncate.ts';
export { AuditPolicy } from './audit/policy.ts';
export { authenticate, type AuthenticationDeps } from './auth/authentication.ts';
export type { TokenClaims, TokenKeys } from './auth/service-account-tokens.ts';
export { anonymous, MASTERS, systemUser, type User } from './auth/user.ts';
export { bootstrap, type BootstrapOptions } from './bootstrap/bootstrap.ts';
export { directApi } from './direct.ts';
export { FeatureGates, parseFeatureGates } from './features/feature-gates.ts';
export type { RuntimeConfig } from './features/runtime-config.ts';
export { runtimeConfigOf } from './features/served-kinds.ts';
export { Registry, type RegistryDeps } from './registry/registry.ts';
export type {
  ApiRequest,
  ApiResponse,
  BytesResponse,
  ProxyResponse,
  ProxyTarget,
  Sink,
  StreamResponse,
} from './request.ts';
export type { ReadKubelet } from './resource-metrics/resource-metrics.ts';
export { serve, type ServeOptions, type Served } from './serve.ts';
export { Server, type ServerDeps } from './server.ts';
export { type AllocatorRanges, ServiceAllocator } from './service-allocation/service-allocator.ts';
