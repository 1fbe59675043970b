import type { ConformanceTest } from '../../conformance-test.ts';
import { controllerRevisionTests } from './controller-revision.ts';
import { cronJobTests } from './cron-job.ts';
import { daemonSetTests } from './daemon-set.ts';
import { deploymentTests } from './deployment.ts';
import { disruptionTests } from './disruption.ts';
import { jobTests } from './job.ts';
import { replicaSetTests } from './replica-set.ts';
import { replicationControllerTests } from './replication-controller.ts';
import { statefulSetTests } from './stateful-set.ts';

export const appsTests: readonly ConformanceTest[] = [
  ...deploymentTests,
  ...replicaSetTests,
  ...replicationControllerTests,
  ...statefulSetTests,
  ...daemonSetTests,
  ...controllerRevisionTests,
  ...jobTests,
  ...cronJobTests,
  ...disruptionTests,
];
