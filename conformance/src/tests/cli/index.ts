import type { ConformanceTest } from '../../conformance-test.ts';
import { commandTests } from './commands.ts';
import { guestbookTests } from './guestbook.ts';
import { proxyTests } from './proxy.ts';
import { updateDemoTests } from './update-demo.ts';

export const cliTests: readonly ConformanceTest[] = [
  ...commandTests,
  ...guestbookTests,
  ...proxyTests,
  ...updateDemoTests,
];
