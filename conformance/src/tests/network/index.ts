import type { ConformanceTest } from '../../conformance-test.ts';
import { dnsTests } from './dns.ts';
import { serviceTests } from './services.ts';

export const networkTests: readonly ConformanceTest[] = [...dnsTests, ...serviceTests];
