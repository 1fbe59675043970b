import type { ConformanceTest } from '../conformance-test.ts';
import { deploymentTests } from './apps/deployment.ts';
import { dnsTests } from './network/dns.ts';
import { serviceTests } from './network/services.ts';
import { environmentTests } from './node/environment.ts';
import { podTests } from './node/pods.ts';
import { probeTests } from './node/probes.ts';
import { configMapVolumeTests } from './storage/config-map-volumes.ts';

/** Every test that is written. Adding one is adding it to its topic's list. */
export const tests: readonly ConformanceTest[] = [...deploymentTests, ...environmentTests, ...podTests, ...probeTests, ...configMapVolumeTests, ...dnsTests, ...serviceTests];
