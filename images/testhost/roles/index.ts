import type { Role } from '../role.ts';
import { crdConversionWebhook } from './crd-conversion-webhook.ts';
import { grpcHealthChecking } from './grpc-health-checking.ts';
import { guestbook } from './guestbook.ts';
import { inclusterclient } from './inclusterclient.ts';
import { issuerDiscovery } from './issuer-discovery.ts';
import { liveness } from './liveness.ts';
import { logsGenerator } from './logs-generator.ts';
import { mounttest } from './mounttest.ts';
import { mtlsclient, mtlsserver } from './mtls.ts';
import { netexec } from './netexec.ts';
import { nettest } from './nettest.ts';
import { porter } from './porter.ts';
import { registry } from './registry.ts';
import { serveHostname } from './serve-hostname.ts';
import { dnsServerList, dnsSuffix, entrypointTester, etcHosts, pause } from './small.ts';
import { testWebserver } from './test-webserver.ts';
import { webhook } from './webhook.ts';

/** Everything that the helper can be. */
export const roles: readonly Role[] = [
  netexec,
  nettest,
  serveHostname,
  pause,
  liveness,
  entrypointTester,
  mounttest,
  testWebserver,
  porter,
  registry,
  logsGenerator,
  grpcHealthChecking,
  crdConversionWebhook,
  dnsSuffix,
  dnsServerList,
  etcHosts,
  guestbook,
  inclusterclient,
  issuerDiscovery,
  mtlsclient,
  mtlsserver,
  webhook,
];
