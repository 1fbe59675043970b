import type { ConformanceTest } from '../../conformance-test.ts';
import { customSliceTests } from './custom-slices.ts';
import { dnsTests } from './dns.ts';
import { endpointTests } from './endpoints.ts';
import { hostPortTests } from './host-port.ts';
import { latencyTests } from './latency.ts';
import { networkApiTests } from './network-api.ts';
import { podNetworkingTests } from './pod-networking.ts';
import { proxyTests } from './proxy.ts';
import { serviceObjectTests } from './service-objects.ts';
import { serviceTypeTests } from './service-types.ts';
import { serviceTests } from './services.ts';
import { sessionAffinityTests } from './session-affinity.ts';

export const networkTests: readonly ConformanceTest[] = [
  ...customSliceTests,
  ...dnsTests,
  ...endpointTests,
  ...hostPortTests,
  ...latencyTests,
  ...networkApiTests,
  ...podNetworkingTests,
  ...proxyTests,
  ...serviceObjectTests,
  ...serviceTypeTests,
  ...serviceTests,
  ...sessionAffinityTests,
];
