import { exponential } from '@navarch/base';
import { count, spread } from '../shared/measure.ts';

const SUBSYSTEM = 'service_controller';
/** From a second to four and a half hours. */
const SECONDS = exponential(1, 2, 15);

/** Each balancer that is told of other nodes, however that ends. */
export const SYNCS = count(
  `${SUBSYSTEM}_loadbalancer_sync_total`,
  '[ALPHA] A metric counting the amount of times any load balancer has been configured, as an effect of service/node changes on the cluster',
);
export const SYNC_ERRORS = count(
  `${SUBSYSTEM}_nodesync_error_total`,
  '[ALPHA] A metric counting the amount of times any load balancer has been configured and errored, as an effect of node changes on the cluster',
);
/** Of all balancers together. */
export const SYNC_SECONDS = spread(
  `${SUBSYSTEM}_nodesync_latency_seconds`,
  '[ALPHA] A metric measuring the latency for nodesync which updates loadbalancer hosts on cluster node updates.',
  SECONDS,
);
export const HOSTS_SECONDS = spread(
  `${SUBSYSTEM}_update_loadbalancer_host_latency_seconds`,
  '[ALPHA] A metric measuring the latency for updating each load balancer hosts.',
  SECONDS,
);
