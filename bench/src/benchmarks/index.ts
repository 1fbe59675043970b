import type { Benchmark } from '../harness/benchmark.ts';
import { api } from './api.ts';
import { churn, churnWhole } from './churn.ts';
import { configUpdate } from './config-update.ts';
import { dns } from './dns.ts';
import { manyPods } from './many-pods.ts';
import { node } from './node.ts';
import { podStart } from './pod-start.ts';
import { proxy } from './proxy.ts';
import { rss } from './rss.ts';
import { schedule } from './schedule.ts';
import { servicePath } from './service-path.ts';
import { store } from './store.ts';
import { testing } from './testing.ts';
import { up } from './up.ts';

/** What `navarch bench NAME` can measure. Adding one is adding its name here. */
export const benchmarks: readonly Benchmark[] = [
  api,
  manyPods,
  store,
  schedule,
  testing,
  churn,
  churnWhole,
  dns,
  proxy,
  servicePath,
  up,
  podStart,
  configUpdate,
  node,
  rss,
];
